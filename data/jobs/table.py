"""Jobs: long work that is asked for, done by one process at a time, and kept with its outcome.

    queued ──claim──> running ──end──> done | failed | cancelled
      │                  │
      └──cancel──> cancelled        └──the lease runs out──> claimed again, a few times at most

Whoever does a job holds a lease on it and renews it while the work goes on. A process that dies
renews nothing, so its job is claimed again once the lease is over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Integer,
    RowMapping,
    Table,
    Text,
    select,
    text,
    update,
)

from data.errors import UnknownJob
from data.store.database import Database
from data.store.schema import metadata
from data.store.sealed import SealedText

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
OVER: Final[tuple[JobState, ...]] = ("done", "failed", "cancelled")

JOBS_LOCK: Final = 0x4A7E10B5
"""Advisory lock under which PostgreSQL's jobs are asked for and claimed, one at a time."""

jobs: Final = Table(
    "jobs",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("arguments", Text, nullable=False),
    Column("request_key", Text, nullable=True, unique=True),
    Column("state", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("steps_done", Integer, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("cancelling", Boolean, nullable=False),
    Column("outcome", SealedText, nullable=True),
    Column("asked_at", DateTime, nullable=False),
    Column("started_at", DateTime, nullable=True),
    Column("ended_at", DateTime, nullable=True),
    Column("runner", Text, nullable=True),
    Column("lease_until", DateTime, nullable=True),
)
"""Times are UTC, without an offset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it stands.

    Attributes:
        job_id: its id.
        kind: what is done.
        arguments: with what.
        state: see the head of this file.
        stage: what it is at; empty before it began.
        steps_done: steps of the stage that are finished.
        steps: how many the stage has; 0 where that is not known.
        tries: how often it was begun.
        cancelling: somebody wants it to end.
        outcome: its result once it is done, what went wrong once it has failed; else None.
        asked_at: when it was asked for; times are UTC, without an offset.
        started_at: when it was begun last.
        ended_at: when it was over.
    """

    job_id: str
    kind: str
    arguments: Mapping[str, Any]
    state: JobState
    stage: str
    steps_done: int
    steps: int
    tries: int
    cancelling: bool
    outcome: Mapping[str, Any] | None
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


def job_of(database: Database, job_id: str) -> Job:
    """A job; UnknownJob where there is none of that id."""
    with database.transaction(reads=True) as connection:
        return job_from(row_of(connection, job_id))


def row_of(connection: Connection, job_id: str) -> RowMapping:
    """A job's row; UnknownJob where there is none of that id."""
    found = connection.execute(select(jobs).where(jobs.c.job_id == job_id)).mappings().first()
    if found is None:
        raise UnknownJob("There is no such job.", where="job_id", fix="GET /v1/jobs lists them.")
    return found


def job_from(row: RowMapping) -> Job:
    """A row as a job."""
    told = {name: row[name] for name in Job.__dataclass_fields__}
    told["arguments"] = json.loads(row["arguments"])
    told["outcome"] = None if row["outcome"] is None else json.loads(row["outcome"])
    return Job(**told)


def change(connection: Connection, job_id: str, **values: Any) -> None:
    """Change some columns of a job."""
    connection.execute(update(jobs).where(jobs.c.job_id == job_id).values(values))


def one_at_a_time(database: Database, connection: Connection) -> None:
    """Let no other ask, cancel or claim until the transaction ends, as SQLite does anyway."""
    if database.is_postgresql:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": JOBS_LOCK})


def as_text(values: Mapping[str, Any]) -> str:
    """Plain values as they are kept; equal ones are equal texts."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False, allow_nan=False)

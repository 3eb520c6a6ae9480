"""Asking for jobs: queue, list and cancel them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from data.errors import JobOver, JobsFull, KeyReused
from data.jobs.table import (
    OVER,
    Job,
    as_text,
    change,
    job_from,
    job_of,
    jobs,
    one_at_a_time,
    row_of,
)
from data.store.database import Database

MOST_QUEUED: Final = 20
"""Jobs that may wait."""

MOST_KEPT: Final = 1_000
"""Jobs that are over and still told of; the oldest go first."""


def ask_job(
    database: Database,
    kind: str,
    arguments: Mapping[str, Any],
    *,
    now: datetime,
    request_key: str | None = None,
) -> Job:
    """Queue a job; a request that is sent again with its key finds the job that it made.

    Args:
        database: where.
        kind: what is to be done.
        arguments: with what, plain values.
        now: the moment.
        request_key: by what the request is known; None for none.

    Raises:
        KeyReused: the key stands for another request.
        JobsFull: too many wait.
        StoreError: the store is away, busy, full or read-only.
    """
    job_id = secrets.token_hex(8)
    told = as_text(arguments)

    def work(connection: Connection) -> str:
        one_at_a_time(database, connection)
        if request_key is not None:
            found = connection.execute(
                select(jobs).where(jobs.c.request_key == request_key)
            ).mappings().first()  # fmt: skip
            if found is not None:
                if (found["kind"], found["arguments"]) != (kind, told):
                    raise KeyReused(
                        "The Idempotency-Key stands for another request.",
                        where="Idempotency-Key",
                        fix="Give every request a key of its own.",
                    )
                return str(found["job_id"])
        waiting = connection.scalars(select(jobs.c.job_id).where(jobs.c.state == "queued")).all()
        if len(waiting) >= MOST_QUEUED:
            raise JobsFull(
                f"{MOST_QUEUED} jobs wait already.",
                where="jobs",
                fix="Wait until some are done, or cancel some.",
            )
        _forget_old(connection)
        row = {
            "job_id": job_id, "kind": kind, "arguments": told, "request_key": request_key,
            "state": "queued", "stage": "", "steps_done": 0, "steps": 0, "tries": 0,
            "cancelling": False, "asked_at": now,
        }  # fmt: skip
        connection.execute(insert(jobs), row)
        return job_id

    return job_of(database, database.retried(work))


def jobs_of(database: Database, *, limit: int, offset: int = 0) -> list[Job]:
    """Jobs, those asked for last first."""
    query = select(jobs).order_by(jobs.c.asked_at.desc(), jobs.c.job_id).limit(limit).offset(offset)
    with database.transaction(reads=True) as connection:
        return [job_from(row) for row in connection.execute(query).mappings()]


def left_jobs(database: Database, *, now: datetime) -> list[Job]:
    """Jobs that run by the table while their lease is over: whoever did them is gone."""
    over = jobs.c.state == "running", jobs.c.lease_until <= now
    left = select(jobs).where(*over).order_by(jobs.c.job_id)
    with database.transaction(reads=True) as connection:
        return [job_from(row) for row in connection.execute(left).mappings()]


def cancel_job(database: Database, job_id: str, *, now: datetime) -> Job:
    """End a job that waits, or ask the one that runs to end; once cancelled it stays so.

    Raises:
        UnknownJob: there is no such job.
        JobOver: it is done, or has failed.
    """

    def work(connection: Connection) -> None:
        one_at_a_time(database, connection)
        found = row_of(connection, job_id)
        if found["state"] in ("done", "failed"):
            raise JobOver(
                f"The job is {found['state']} already.",
                where="job_id",
                fix="Cancel only what waits or runs.",
            )
        if found["state"] == "queued":
            change(connection, job_id, state="cancelled", cancelling=True, ended_at=now)
        elif found["state"] == "running":
            change(connection, job_id, cancelling=True)

    database.retried(work)
    return job_of(database, job_id)


def _forget_old(connection: Connection) -> None:
    over = select(jobs.c.job_id).where(jobs.c.state.in_(OVER))
    newest = over.order_by(jobs.c.asked_at.desc(), jobs.c.job_id).offset(MOST_KEPT - 1).limit(100)
    old = connection.scalars(newest).all()
    if old:
        connection.execute(delete(jobs).where(jobs.c.job_id.in_(old)))

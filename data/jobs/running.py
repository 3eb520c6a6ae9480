"""Doing jobs: claim one, keep it while the work goes on, and write down how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, RowMapping, select, update

from data.jobs.table import Job, JobState, as_text, change, job_of, jobs, one_at_a_time, row_of
from data.store.database import Database

Beat = Literal["go on", "cancel", "lost"]

MOST_TRIES: Final = 3
"""So often a job is begun; one whose process died as often is taken to be what kills it."""

INTERRUPTED: Final = {
    "code": "data.job-interrupted",
    "what": "The process that did the job ended before it was done.",
    "where": "job",
    "do": "Look for the cause in the service's log, often too little memory; then ask again.",
}


def claim_job(database: Database, runner: str, *, now: datetime, lease: timedelta) -> Job | None:
    """Take the next job, unless one runs; a job whose lease is over comes before those that wait.

    Args:
        database: where.
        runner: who takes it.
        now: the moment.
        lease: how long it is taken for, unless `beat` renews it.

    Returns:
        The job; None where there is nothing to do, or another runs.
    """
    with database.transaction(reads=True) as connection:
        if not _next(connection, now):
            return None

    def work(connection: Connection) -> str | None:
        one_at_a_time(database, connection)
        for found in _next(connection, now):
            if found["cancelling"]:
                change(connection, found["job_id"], state="cancelled", ended_at=now)
            elif found["tries"] >= MOST_TRIES:
                change(
                    connection,
                    found["job_id"],
                    state="failed",
                    outcome=as_text(INTERRUPTED),
                    ended_at=now,
                )
            else:
                change(
                    connection, found["job_id"], state="running", stage="", steps_done=0, steps=0,
                    tries=found["tries"] + 1, started_at=now, runner=runner,
                    lease_until=now + lease,
                )  # fmt: skip
                return str(found["job_id"])
        return None

    taken = database.retried(work)
    return None if taken is None else job_of(database, taken)


def beat(
    database: Database,
    job_id: str,
    runner: str,
    *,
    now: datetime,
    lease: timedelta,
    progress: tuple[str, int, int],
) -> Beat:
    """Renew a lease, tell how far the job is, and hear whether it should go on.

    Args:
        database: where.
        job_id: the job.
        runner: who has it.
        now: the moment.
        lease: how long it is kept from now on.
        progress: stage, steps done, steps of the stage.
    """
    stage, done, steps = progress

    def work(connection: Connection) -> Beat:
        held = update(jobs).where(*_held(job_id, runner))
        told = {"stage": stage, "steps_done": done, "steps": steps, "lease_until": now + lease}
        if connection.execute(held.values(told)).rowcount == 0:
            return "lost"
        return "cancel" if row_of(connection, job_id)["cancelling"] else "go on"

    return database.retried(work)


def end_job(
    database: Database,
    job_id: str,
    runner: str,
    state: JobState,
    *,
    now: datetime,
    outcome: Mapping[str, Any] | None = None,
) -> bool:
    """Write down how a job ended; whether it was still the runner's to end."""
    told = None if outcome is None else as_text(outcome)
    values = {"state": state, "outcome": told, "ended_at": now, "lease_until": None}

    def work(connection: Connection) -> bool:
        held = update(jobs).where(*_held(job_id, runner)).values(values)
        return connection.execute(held).rowcount > 0

    return database.retried(work)


def give_back_job(database: Database, job_id: str, runner: str) -> None:
    """Let another do a job from the start, as if it had not been begun."""

    def work(connection: Connection) -> None:
        held = update(jobs).where(*_held(job_id, runner))
        connection.execute(
            held.values(
                state="queued", stage="", steps_done=0, steps=0, tries=jobs.c.tries - 1,
                runner=None, lease_until=None,
            )
        )  # fmt: skip

    database.retried(work)


def _held(job_id: str, runner: str) -> tuple[Any, ...]:
    return jobs.c.job_id == job_id, jobs.c.state == "running", jobs.c.runner == runner


def _next(connection: Connection, now: datetime) -> Sequence[RowMapping]:
    """What may be begun, in turn; nothing while a job runs."""
    open_jobs = select(jobs).where(jobs.c.state.in_(("running", "queued")))
    found = connection.execute(open_jobs.order_by(jobs.c.asked_at, jobs.c.job_id)).mappings().all()
    running = [row for row in found if row["state"] == "running"]
    if any(row["lease_until"] > now for row in running):
        return []
    return [*running, *(row for row in found if row["state"] == "queued")]

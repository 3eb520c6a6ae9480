"""What answers about jobs look like."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from api.service.schemas import Answer
from data.jobs.table import Job, JobState


class Progress(Answer):
    """How far a job is."""

    stage: str = Field(description="What it is at; empty before it began.")
    fraction: float | None = Field(
        description="Of the stage, 0 to 1; null where that is not known.", ge=0, le=1
    )


class JobProblem(Answer):
    """Why a job failed."""

    code: str = Field(description="Stable; programs rely on it.", examples=["data.mapping"])
    what: str
    where: str
    do: str
    findings: list[dict[str, Any]] = Field(
        default=[], description="Rows and files at fault, of an import."
    )


class JobAnswer(Answer):
    """A job as it stands."""

    job_id: str
    kind: str
    arguments: dict[str, Any]
    state: JobState
    progress: Progress
    cancelling: bool = Field(description="It was asked to end, and will.")
    tries: int = Field(description="How often it was begun.")
    asked_at: str = Field(description="UTC.")
    started_at: str | None
    ended_at: str | None
    result: dict[str, Any] | None = Field(description="What came of it, once it is done.")
    problem: JobProblem | None = Field(description="Why it failed, if it did.")


class JobList(Answer):
    """Jobs, those asked for last first."""

    jobs: list[JobAnswer]


def job_answer(job: Job) -> JobAnswer:
    """A job as it is answered."""
    done, failed = job.state == "done", job.state == "failed"
    fraction = min(job.steps_done / job.steps, 1.0) if job.steps else None
    return JobAnswer(
        job_id=job.job_id,
        kind=job.kind,
        arguments=dict(job.arguments),
        state=job.state,
        progress=Progress(stage=job.stage, fraction=1.0 if done else fraction),
        cancelling=job.cancelling and job.state == "running",
        tries=job.tries,
        asked_at=_utc(job.asked_at),
        started_at=None if job.started_at is None else _utc(job.started_at),
        ended_at=None if job.ended_at is None else _utc(job.ended_at),
        result=dict(job.outcome) if done and job.outcome is not None else None,
        problem=JobProblem.model_validate(job.outcome) if failed else None,
    )


def _utc(moment: datetime) -> str:
    return moment.replace(tzinfo=UTC).isoformat(timespec="seconds")

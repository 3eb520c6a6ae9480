"""Long work: asked for, looked at, cancelled."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Query, Request, Response

from api.jobs.kinds import JobRequest, check_inbox
from api.jobs.runner import utc_now
from api.service.access import may
from api.service.engine import TheEngine
from api.service.job_schemas import JobAnswer, JobList, job_answer
from api.service.limits import StrictRoute
from api.service.problems import responses
from api.service.schemas import MOST_ROWS
from data.jobs.asking import ask_job, cancel_job, jobs_of
from data.jobs.table import job_of

LOCATION: Final[dict[str, Any]] = {
    "Location": {"description": "The job's address.", "schema": {"type": "string"}}
}

JobId = Annotated[str, Path(min_length=1, max_length=40, pattern=r"^[0-9a-z]+$")]

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["jobs"])


@router.post(
    "/jobs",
    summary="Ask for long work",
    status_code=202,
    openapi_extra=may("planner"),
    responses={202: {"headers": LOCATION}, **responses(400, 409, 413, 415, 422, 429, 503)},
)
def ask(
    *,
    asked: JobRequest,
    engine: TheEngine,
    request: Request,
    response: Response,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            pattern=r"^[\x21-\x7e]+$",
            description="Makes a request that is sent again find the job that it made.",
        ),
    ] = None,
) -> JobAnswer:
    """Accepted at once and on the disk; done when those before it are over, one at a time."""
    check_inbox(engine.workspace, asked)
    caller = request.scope.get("atelier.key_id") or ""
    job = ask_job(
        engine.store.database,
        asked.kind,
        asked.arguments.model_dump(mode="json", exclude_defaults=True),
        now=utc_now(),
        request_key=None if idempotency_key is None else f"{caller} {idempotency_key}",
    )
    response.headers["Location"] = f"/v1/jobs/{job.job_id}"
    return job_answer(job)


@router.get("/jobs", summary="Jobs", openapi_extra=may("planner"), responses=responses(422, 503))
def list_jobs(
    *,
    engine: TheEngine,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description="Jobs at most.")] = 20,
    offset: Annotated[int, Query(ge=0, le=MOST_ROWS, description="Jobs before them.")] = 0,
) -> JobList:
    """Those asked for last first; the last 1,000 that are over are kept."""
    found = jobs_of(engine.store.database, limit=limit, offset=offset)
    return JobList(jobs=[job_answer(job) for job in found])


@router.get(
    "/jobs/{job_id}",
    summary="A job",
    openapi_extra=may("planner"),
    responses=responses(404, 422, 503),
)
def get_job(job_id: JobId, engine: TheEngine) -> JobAnswer:
    """How far it is, and what came of it."""
    return job_answer(job_of(engine.store.database, job_id))


@router.post(
    "/jobs/{job_id}/cancel",
    summary="Cancel a job",
    openapi_extra=may("planner"),
    responses=responses(404, 409, 422, 503),
)
def cancel(job_id: JobId, engine: TheEngine) -> JobAnswer:
    """One that waits ends at once, one that runs within seconds; what it had done is undone."""
    return job_answer(cancel_job(engine.store.database, job_id, now=utc_now()))

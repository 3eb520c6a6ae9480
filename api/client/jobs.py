"""Long work: trainings, forecasts, plans and imports."""

from __future__ import annotations

from api.client.sending import Sender
from api.jobs.kinds import ForecastJob, ImportJob, PlanJob, TrainJob
from api.service.job_schemas import JobAnswer, JobList


class JobCalls(Sender):
    """Jobs: asked for, looked at, cancelled."""

    def ask_job(
        self, asked: TrainJob | ForecastJob | PlanJob | ImportJob, *, key: str | None = None
    ) -> JobAnswer:
        """Ask for long work; it is done when what was asked before is over."""
        return self._once(JobAnswer, "POST", "/v1/jobs", key=key, body=asked)

    def jobs(self, *, limit: int | None = None, offset: int | None = None) -> JobList:
        """Jobs, those asked for last first."""
        return self._ask(JobList, "GET", "/v1/jobs", query={"limit": limit, "offset": offset})

    def job(self, job_id: str) -> JobAnswer:
        """How far a job is, and what came of it."""
        return self._ask(JobAnswer, "GET", "/v1/jobs/{job_id}", job_id=job_id)

    def cancel_job(self, job_id: str) -> JobAnswer:
        """End a job that waits or runs."""
        return self._ask(JobAnswer, "POST", "/v1/jobs/{job_id}/cancel", again=True, job_id=job_id)

"""Jobs: queued, claimed by one, kept by a lease, over; on every database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from data.errors import JobOver, JobsFull, KeyReused, UnknownJob
from data.jobs import asking
from data.jobs.asking import MOST_QUEUED, ask_job, cancel_job, jobs_of
from data.jobs.running import MOST_TRIES, beat, claim_job, end_job, give_back_job
from data.jobs.table import Job, job_of
from data.store import open_store
from data.store.database import Database

NOW = datetime(2026, 1, 1, 12)  # noqa: DTZ001  # jobs' times are UTC, without an offset
LEASE = timedelta(seconds=15)
SECOND = timedelta(seconds=1)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    store = open_store(url)
    yield store.database
    store.close()


def asked(database: Database, second: int = 0, *, key: str | None = None, horizon: int = 4) -> Job:
    return ask_job(
        database, "plan", {"horizon": horizon}, now=NOW + second * SECOND, request_key=key
    )


def claimed(database: Database, runner: str = "one", now: datetime = NOW) -> Job | None:
    return claim_job(database, runner, now=now, lease=LEASE)


def beaten(database: Database, job: Job, runner: str = "one", now: datetime = NOW) -> str:
    return beat(database, job.job_id, runner, now=now, lease=LEASE, progress=("Fitting", 3, 10))


def test_a_job_from_asking_to_its_result(database: Database) -> None:
    job = asked(database)
    assert (job.state, job.tries, job.outcome) == ("queued", 0, None)
    running = claimed(database)
    assert running is not None
    assert (running.job_id, running.state, running.tries) == (job.job_id, "running", 1)
    assert beaten(database, job) == "go on"
    held = job_of(database, job.job_id)
    assert (held.stage, held.steps_done, held.steps) == ("Fitting", 3, 10)
    outcome = {"plan_id": "2026"}
    assert end_job(database, job.job_id, "one", "done", now=NOW + SECOND, outcome=outcome)
    over = job_of(database, job.job_id)
    assert (over.state, over.outcome, over.ended_at) == ("done", outcome, NOW + SECOND)
    assert claimed(database) is None
    assert not end_job(database, job.job_id, "one", "failed", now=NOW)


def test_one_runs_at_a_time_in_the_order_of_asking(database: Database) -> None:
    first, second = asked(database, 0), asked(database, 1)
    running = claimed(database)
    assert running is not None
    assert running.job_id == first.job_id
    assert claimed(database, "two") is None
    end_job(database, first.job_id, "one", "done", now=NOW)
    following = claimed(database, "two")
    assert following is not None
    assert following.job_id == second.job_id
    assert [job.job_id for job in jobs_of(database, limit=5)] == [second.job_id, first.job_id]
    assert [job.job_id for job in jobs_of(database, limit=5, offset=1)] == [first.job_id]


def test_of_many_who_claim_at_once_one_gets_it(database: Database) -> None:
    asked(database)
    asked(database, 1)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: claimed(database, f"r{number}"), range(8)))
    assert sum(job is not None for job in found) == 1


def test_a_job_whose_process_died_is_begun_anew_once_its_lease_is_over(database: Database) -> None:
    job = asked(database)
    claimed(database)
    assert claimed(database, "two", NOW + LEASE - SECOND) is None
    again = claimed(database, "two", NOW + LEASE)
    assert again is not None
    assert (again.job_id, again.tries, again.stage) == (job.job_id, 2, "")
    assert beaten(database, job, "one", NOW + LEASE) == "lost"
    assert beaten(database, job, "two", NOW + LEASE) == "go on"
    assert not end_job(database, job.job_id, "one", "done", now=NOW)


def test_a_lease_lasts_as_long_as_it_is_renewed(database: Database) -> None:
    job = asked(database)
    claimed(database)
    for seconds in range(10, 100, 10):
        assert beaten(database, job, now=NOW + seconds * SECOND) == "go on"
        assert claimed(database, "two", NOW + seconds * SECOND) is None


def test_a_job_that_kills_its_process_each_time_fails(database: Database) -> None:
    job, other = asked(database), asked(database, 1)
    for turn in range(MOST_TRIES):
        again = claimed(database, now=NOW + turn * LEASE)
        assert again is not None
        assert again.job_id == job.job_id
    following = claimed(database, now=NOW + MOST_TRIES * LEASE)
    assert following is not None
    assert following.job_id == other.job_id
    failed = job_of(database, job.job_id)
    assert failed.state == "failed"
    assert failed.outcome is not None
    assert failed.outcome["code"] == "data.job-interrupted"


def test_a_job_that_is_given_back_is_as_if_it_had_not_been_begun(database: Database) -> None:
    job = asked(database)
    claimed(database)
    give_back_job(database, job.job_id, "one")
    assert job_of(database, job.job_id).tries == 0
    again = claimed(database, "two")
    assert again is not None
    assert again.tries == 1


def test_cancelling(database: Database) -> None:
    waiting, running = asked(database, 1), asked(database, 0)
    claimed(database)
    gone = cancel_job(database, waiting.job_id, now=NOW)
    assert (gone.state, gone.ended_at) == ("cancelled", NOW)
    assert cancel_job(database, waiting.job_id, now=NOW + SECOND) == gone
    assert cancel_job(database, running.job_id, now=NOW).state == "running"
    assert beaten(database, running) == "cancel"
    end_job(database, running.job_id, "one", "cancelled", now=NOW)
    assert job_of(database, running.job_id).state == "cancelled"


def test_a_cancelled_job_whose_process_died_is_not_begun_again(database: Database) -> None:
    job = asked(database)
    claimed(database)
    cancel_job(database, job.job_id, now=NOW)
    assert claimed(database, "two", NOW + LEASE) is None
    assert job_of(database, job.job_id).state == "cancelled"


def test_what_is_over_cannot_be_cancelled(database: Database) -> None:
    job = asked(database)
    claimed(database)
    end_job(database, job.job_id, "one", "done", now=NOW, outcome={})
    with pytest.raises(JobOver):
        cancel_job(database, job.job_id, now=NOW)
    for unknown in ("nothing", ""):
        with pytest.raises(UnknownJob):
            cancel_job(database, unknown, now=NOW)
        with pytest.raises(UnknownJob):
            job_of(database, unknown)


def test_a_request_that_is_sent_again_finds_its_job(database: Database) -> None:
    job = asked(database, key="k")
    assert asked(database, 5, key="k") == job
    assert asked(database, 5, key="l").job_id != job.job_id
    with pytest.raises(KeyReused):
        asked(database, key="k", horizon=5)
    with ThreadPoolExecutor(4) as pool:
        found = {job.job_id for job in pool.map(lambda n: asked(database, n, key="m"), range(4))}
    assert len(found) == 1


def test_so_many_may_wait(database: Database) -> None:
    for number in range(MOST_QUEUED):
        asked(database, number)
    with pytest.raises(JobsFull):
        asked(database)
    claimed(database)
    asked(database)


def test_old_jobs_are_forgotten(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_KEPT", 3)
    for number in range(6):
        job = asked(database, number)
        claimed(database, now=NOW + number * SECOND)
        end_job(database, job.job_id, "one", "done", now=NOW + number * SECOND)
    waiting = asked(database, 9)
    kept = jobs_of(database, limit=10)
    assert kept[0] == waiting
    assert len(kept) == 3  # with the new one, the two that were over last

"""Doing jobs beside the service: one thread that claims them, and a process for each."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import IO, Any, Final

from api.jobs.child import SECONDS_TO_TIDY
from api.service.request_log import crashed, say
from data.errors import StoreError
from data.jobs.running import INTERRUPTED, beat, claim_job, end_job, give_back_job
from data.jobs.table import Job, JobState
from data.store.database import Database
from data.workspace import Workspace

LEASE: Final = timedelta(seconds=15)
"""How long a job of a service that died waits, before another begins it anew."""

SECONDS_BETWEEN_BEATS: Final = 1.0
SECONDS_BETWEEN_LOOKS: Final = 1.0


def utc_now() -> datetime:
    """The moment, UTC, without an offset."""
    return datetime.now(UTC).replace(tzinfo=None)


class Runner:
    """Does jobs, one after the other; several of them, in any processes, do one at a time.

    Args:
        workspace: what jobs work on.
        database: where they are kept.
        clock: what time it is, UTC, without an offset.
    """

    def __init__(
        self, workspace: Workspace, database: Database, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._workspace = workspace
        self._database = database
        self._clock = clock
        self._name = secrets.token_hex(8)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look for jobs until `close`."""
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, and give back the job that is being done."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def do_next(self) -> bool:
        """Do the next job to its end; whether there was one.

        Raises:
            StoreError: the store is away, busy, full or read-only.
        """
        job = claim_job(self._database, self._name, now=self._clock(), lease=LEASE)
        if job is None:
            return False
        say("job begun", job_id=job.job_id, kind=job.kind, tries=job.tries)
        state = self._do(job)
        say("job over", job_id=job.job_id, kind=job.kind, state=state)
        return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self.do_next():
                    continue
            except StoreError:
                pass  # /readyz tells of it; the job's lease runs out, or it waits
            except Exception as error:  # the thread's last wall: one bad job must not end all
                crashed(error, task="jobs")
            self._stopping.wait(SECONDS_BETWEEN_LOOKS)

    def _do(self, job: Job) -> str:
        """Start a process for a job and follow it to its end; how that was."""
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "api.jobs.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the service, which ends this
        ) as process:
            try:
                told = _Told(process.stdout)
                with suppress(BrokenPipeError):  # it died already, and its code says so
                    _ask(process.stdin, self._workspace, job)
                return self._follow(job, process, told)
            finally:
                _end(process)

    def _follow(self, job: Job, process: subprocess.Popen[bytes], told: _Told) -> str:
        held_until = self._clock() + LEASE
        while True:
            with suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS_BETWEEN_BEATS)
                return self._ended(job, told.last())
            if self._stopping.is_set():
                _end(process)
                give_back_job(self._database, job.job_id, self._name)
                return "given back"
            try:
                now = self._clock()
                said = beat(
                    self._database, job.job_id, self._name,
                    now=now, lease=LEASE, progress=told.at,
                )  # fmt: skip
                held_until = now + LEASE
            except StoreError:
                said = "go on" if self._clock() < held_until else "lost"
            if said == "lost":
                return said
            if said == "cancel":
                _end(process)
                return self._end_as(job, "cancelled", None)

    def _ended(self, job: Job, last: dict[str, Any]) -> str:
        """Write down what a process told at its end."""
        if "result" in last:
            return self._end_as(job, "done", last["result"])
        return self._end_as(job, "failed", last.get("problem", INTERRUPTED))

    def _end_as(self, job: Job, state: JobState, outcome: dict[str, Any] | None) -> str:
        end_job(self._database, job.job_id, self._name, state, now=self._clock(), outcome=outcome)
        return state


class _Told:
    """What a process tells, read by a thread of its own."""

    def __init__(self, lines: IO[bytes] | None) -> None:
        self.at: tuple[str, int, int] = ("", 0, 0)
        self._last: dict[str, Any] = {}
        self._reading = threading.Thread(target=self._read, args=(lines,), daemon=True)
        self._reading.start()

    def last(self) -> dict[str, Any]:
        """Its last line, once there are no more."""
        self._reading.join(SECONDS_TO_TIDY)
        return self._last

    def _read(self, lines: IO[bytes]) -> None:
        for line in lines:
            self._last = json.loads(line)
            if "at" in self._last:
                stage, done, steps = self._last["at"]
                self.at = (stage, done, steps)


def _ask(stdin: IO[bytes] | None, workspace: Workspace, job: Job) -> None:
    assert stdin is not None  # noqa: S101  # it is a pipe
    asked = {
        "workspace": str(workspace.root.resolve()),
        "kind": job.kind,
        "arguments": dict(job.arguments),
    }
    stdin.write(json.dumps(asked).encode() + b"\n")
    stdin.flush()  # and left open: its end is the job's


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started, first kindly, so that it removes what is half-done."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, kind)
            with suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS_TO_TIDY)

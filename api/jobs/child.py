"""The process that does one job: asked on stdin, it tells on stdout, one JSON object a line.

    <- {"workspace": …, "kind": …, "arguments": …}     then nothing, for as long as it may go on
    -> {"at": [stage, done, steps]}                    as the work goes on
    -> {"result": …} | {"problem": …}                  at the end

When stdin ends, whoever started it is gone, and so does the job: it is begun anew by the next.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final

SECONDS_BETWEEN: Final = 0.2
"""Between two lines on one stage: a person reads no faster."""

SECONDS_TO_TIDY: Final = 5.0
"""For what is half-written to be removed, once the job must end."""

Tell = Callable[[dict[str, Any]], None]


def main() -> None:
    """Do the job that stdin names."""
    tell = _teller()
    signal.signal(signal.SIGTERM, _end)
    asked = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    tell(_done(asked, tell))


def _done(asked: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Do a job; what there is to tell at the end."""
    from api.cli.console import describe  # noqa: PLC0415  # stdin is watched before these load
    from api.errors import Internal, OutputError  # noqa: PLC0415  # likewise
    from api.jobs.kinds import as_asked, work  # noqa: PLC0415  # likewise
    from api.output import plain  # noqa: PLC0415  # likewise
    from api.service.request_log import configure, crashed  # noqa: PLC0415  # likewise
    from api.settings import load_settings  # noqa: PLC0415  # likewise
    from data.errors import AtelierError  # noqa: PLC0415  # likewise
    from data.watching import watching  # noqa: PLC0415  # likewise
    from data.workspace import Workspace  # noqa: PLC0415  # likewise

    configure()
    root, progress = Path(asked["workspace"]), _Progress(tell)
    try:
        request = as_asked(asked["kind"], asked["arguments"])
        with watching(progress.step, losses=False):
            found = work(request, Workspace.open(root), load_settings(root), progress)
    except AtelierError as error:
        return {"problem": plain(describe(error))}
    except OSError as error:
        refusal = OutputError(
            f"The machine refused: {error.strerror or type(error).__name__}.",
            where="the service's workspace",
            fix="The operator checks free space and permissions; then ask again.",
        )
        return {"problem": describe(refusal)}
    except Exception as error:  # the process's last wall: the job must not be begun again for it
        crashed(error, task=f"job {asked['kind']}")
        return {
            "problem": describe(
                Internal(
                    "The program failed.", where="job", fix="The service's log says where; tell us."
                )
            )
        }
    return {"result": plain(found)}


class _Progress:
    """Tells each stage as it begins, and its steps now and then."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._stage: str | None = None
        self._told = 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage == self._stage and time.monotonic() - self._told < SECONDS_BETWEEN:
            return
        self._stage, self._told = stage, time.monotonic()
        self._tell({"at": [stage, done, total]})

    def step(self, fit: str, step: int, total: int, loss: float) -> None:  # noqa: ARG002  # protocol
        """A step of a fit, as a stage of its own."""
        self(f"Fitting {fit}", step, total)


def _teller() -> Tell:
    """Writes lines to stdout; what libraries print there goes to stderr from now on."""
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    def tell(told: dict[str, Any]) -> None:
        lines.write(json.dumps(told, allow_nan=False) + "\n")

    return tell


def _end(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001  # a handler's signature
    sys.exit(1)


def _end_with_stdin() -> None:
    # past the buffer, whose lock this thread would hold while the interpreter ends: it would abort
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SECONDS_TO_TIDY)
    os._exit(1)


if __name__ == "__main__":
    main()

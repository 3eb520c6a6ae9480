"""Named points at which a test kills the process, or fails the disk: nothing is left half-done."""

from __future__ import annotations

import errno
import os
import signal


def reach(name: str) -> None:
    """Die by SIGKILL here if the environment variable ATELIER_FAILPOINT names this point.

    Raises:
        OSError: ATELIER_FAILPOINT_ERROR names this point; as of a disk that fails.
    """
    if os.environ.get("ATELIER_FAILPOINT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
    if os.environ.get("ATELIER_FAILPOINT_ERROR") == name:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

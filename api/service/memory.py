"""How the C library gives out memory to the service's threads."""

from __future__ import annotations

import ctypes
import platform
from typing import Final

ARENAS: Final = 2
_M_ARENA_MAX: Final = -8
"""From glibc's malloc.h."""


def trim() -> None:
    """Give back to the system what is free in the middle of the heap, where the C library is glibc.

    It gives back by itself only what is free at the heap's end, so that one small piece there keeps
    all below it. It takes milliseconds.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


def few_arenas() -> None:
    """Let all threads of this process share two arenas, where the C library is glibc.

    By itself it opens up to eight for each core. Threads of the pool come and go, each fills
    another one, and what they held is free but not given back: memory that grows for hours.
    Python's threads allocate one at a time, so that sharing costs them nothing.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)

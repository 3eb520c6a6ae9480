"""Threads of the planner's requests, apart from those of the shop's.

A report, a plan or a what-if takes up to seconds, and one waits for the other. In the pool that all
routes share they could hold every thread, and customers would wait for a planner. Here they wait
for each other alone: the requests that find no thread free wait on the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import Final, ParamSpec, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

THREADS: Final = 24
"""More than all that may wait for a plan, a question and a risk together, so that pages go on."""

_limiter: Final = RunVar[CapacityLimiter]("planning threads")

P = ParamSpec("P")
R = TypeVar("R")


def apart(route: Callable[P, R]) -> Callable[P, Coroutine[None, None, R]]:
    """A route that runs in one of the planner's threads."""

    @wraps(route)
    async def run(*args: P.args, **options: P.kwargs) -> R:
        return await anyio.to_thread.run_sync(partial(route, *args, **options), limiter=_of_loop())

    return run


def _of_loop() -> CapacityLimiter:
    """The event loop's own; a limiter must not be shared between loops."""
    try:
        return _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(THREADS)
        _limiter.set(limiter)
        return limiter

"""How a long fit tells of its steps and losses, without knowing who watches.

Like logging, it asks nothing of what lies between: a command says who watches, and the innermost
loop of a fit tells each step. Nobody watching costs one look at a context variable. What is told
never enters the mathematics, and a fit that is watched learns the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Protocol


class Watcher(Protocol):
    """Called as a fit goes on."""

    def __call__(self, fit: str, step: int, total: int, loss: float) -> None:
        """Step `step` of `total` (from 1) of a fit is done; NaN where its loss is not known."""


_watchers: Final[ContextVar[tuple[tuple[Watcher, bool], ...]]] = ContextVar("watchers", default=())


@contextmanager
def watching(watcher: Watcher, *, losses: bool) -> Iterator[None]:
    """Let somebody watch what is fitted inside, beside those who watch already.

    Args:
        watcher: who.
        losses: whether it needs losses that cost something to compute; steps are told anyway.
    """
    token = _watchers.set((*_watchers.get(), (watcher, losses)))
    try:
        yield
    finally:
        _watchers.reset(token)


def watched() -> bool:
    """Whether anybody watches."""
    return bool(_watchers.get())


def losses_wanted() -> bool:
    """Whether somebody who watches needs losses that cost something to compute."""
    return any(losses for _, losses in _watchers.get())


def tell(fit: str, step: int, total: int, loss: float = float("nan")) -> None:
    """Tell whoever watches that a step is done."""
    for watcher, _ in _watchers.get():
        watcher(fit, step, total, loss)

"""How long work tells what it is at, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as work goes on; a terminal draws a bar, a test ignores it."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """`done` of `total` steps of `stage` are finished; total 0 where it is not known."""


def silent(stage: str, done: int, total: int) -> None:
    """Tell nobody."""

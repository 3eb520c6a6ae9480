"""A limit on the time that an allocation may take."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells whether the time is up; without a limit it never is, and results repeat exactly.

    Attributes:
        seconds: allowed from the clock's making on; None for no limit.
    """

    seconds: float | None = None
    _began: float = field(default_factory=monotonic)

    @property
    def left(self) -> float:
        """Seconds left, never negative; inf without a limit."""
        if self.seconds is None:
            return float("inf")
        return max(0.0, self._began + self.seconds - monotonic())

    @property
    def over(self) -> bool:
        """Whether none are left."""
        return self.left <= 0

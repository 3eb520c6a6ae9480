"""Token buckets: how often one caller may ask, in bounded memory."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Final

MOST_CALLERS: Final = 10_000
"""Callers remembered; the one not seen for longest is forgotten, which fills its bucket."""


class Buckets:
    """A bucket a caller: it holds a second's requests and fills as time goes; for one thread.

    Args:
        rate: requests a second, above 0.

    >>> buckets = Buckets(2.0)
    >>> [buckets.wait("a", now=0.0) for _ in range(3)]
    [0, 0, 1]
    >>> buckets.wait("a", now=0.5), buckets.wait("b", now=0.5)
    (0, 0)
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._most = max(rate, 1.0)
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        """Callers remembered."""
        return len(self._held)

    def wait(self, caller: str, *, now: float) -> int:
        """Take a token; 0, or the whole seconds after which there is one again.

        Args:
            caller: who asks.
            now: seconds of a clock that never goes back.
        """
        tokens, seen = self._held.pop(caller, (self._most, now))
        tokens = min(self._most, tokens + (now - seen) * self._rate)
        allowed = tokens >= 1
        self._held[caller] = (tokens - 1 if allowed else tokens, now)
        if len(self._held) > MOST_CALLERS:
            self._held.popitem(last=False)
        return 0 if allowed else max(1, math.ceil((1 - tokens) / self._rate))

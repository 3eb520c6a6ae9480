"""The moment before which rows are past their limit, by a clock that is not believed alone.

A machine that wakes up in 2090 would find every row too old. So something from outside has to vouch
for its clock: the newest row that was dated elsewhere, or a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

Kind = Literal["events", "orders", "served"]

MOST_AHEAD: Final = timedelta(days=31)
"""How long a shop may sell nothing, and nobody look at anything, before its clock is doubted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A moment on both clocks that rows are dated by, without an offset."""

    local: datetime
    utc: datetime

    def before(self, span: timedelta) -> Moment:
        """The moment so much earlier."""
        return Moment(local=self.local - span, utc=self.utc - span)


@dataclass(frozen=True, slots=True)
class Limit:
    """The moment before which rows of a kind are past their limit.

    Attributes:
        moment: that moment.
        ahead: whether the clock was further ahead than is believed, so that the moment is earlier
            than the clock alone would have it.
    """

    moment: Moment
    ahead: bool = False


def limit_of(clock: Moment, days: int, seen: datetime | None) -> Limit:
    """The limit by a clock that something seen outside vouches for.

    The clock is believed as far as 31 days past the newest thing seen, or half of the limit where
    that is less: however wrong it is, what is younger than the other half, counted from the newest
    thing seen, keeps its customer.

    Args:
        clock: what time it is by this machine.
        days: how long rows keep their customer.
        seen: the shop's local time of the newest row that came from outside, or at which a person
            said that the clock is right; None where there is nothing, and the clock alone counts.
    """
    kept = timedelta(days=days)
    if seen is None:
        return Limit(clock.before(kept))
    too_far = clock.local - seen - min(MOST_AHEAD, kept / 2)
    if too_far <= timedelta(0):
        return Limit(clock.before(kept))
    return Limit(clock.before(kept + too_far), ahead=True)

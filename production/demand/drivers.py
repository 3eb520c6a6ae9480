"""What drove a forecast, in words: the parts of a variant's mean as sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.demand.forecast import PARTS

MEANINGS: Final = {
    "level": "its own level, what it sold lately,",
    "trend": "the trend of its sales and of all sales",
    "season": "the season",
    "price": "its price against its usual one",
    "promotion": "promotions and events to come",
    "holiday": "holidays to come",
    "weather": "the weather expected",
    "market": "other market factors",
    "preference": "what its customers prefer, beyond what they ordered lately,",
    "style": "its style and its attributes",
}
"""What each part says, for people: the subject of a sentence."""

SEVERAL: Final = frozenset({"promotion", "holiday", "market", "style"})
"""Parts that a sentence speaks of in the plural."""

SMALLEST: Final = 5e-4
"""Share of the mean below which a part is not worth a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One part of a variant's mean.

    Attributes:
        part: of PARTS.
        units: what it adds over the horizon; all parts of a variant sum to its mean.
        share: the same over the mean; 0 where that is 0.
        text: a sentence.
    """

    part: str
    units: float
    share: float
    text: str


def drivers(parts: NDArray[np.float64], mean: float) -> tuple[Driver, ...]:
    """All parts of one variant: the level, then the largest first.

    Args:
        parts: (P,) units.
        mean: their sum.
    """
    order = sorted(range(len(PARTS)), key=lambda place: (place > 0, -abs(parts[place]), place))
    return tuple(
        Driver(
            part=PARTS[place],
            units=float(parts[place]),
            share=float(parts[place]) / mean if mean > 0 else 0.0,
            text=sentence(PARTS[place], float(parts[place]), mean),
        )
        for place in order
    )


def telling(found: tuple[Driver, ...]) -> tuple[Driver, ...]:
    """The drivers that say something: the level, and what is more than rounding beside it."""
    return tuple(one for one in found if one.part == "level" or abs(one.share) >= SMALLEST)


def sentence(part: str, units: float, mean: float) -> str:
    """A part in words.

    >>> sentence("promotion", 3.0, 12.0)
    'promotions and events to come add 3.0 units, 25 % of the forecast'
    >>> sentence("weather", -0.6, 12.0)
    'the weather expected takes 0.6 units, 5 % of the forecast'
    >>> sentence("holiday", 0.0, 12.0)
    'holidays to come change nothing'
    """
    many = part in SEVERAL
    if abs(units) < SMALLEST * max(mean, 1.0):
        return f"{MEANINGS[part]} {'change' if many else 'changes'} nothing"
    percent = 100 * abs(units) / mean if mean > 0 else 0.0
    told = f"{percent:.0f}" if percent >= 0.5 else "less than 1"
    share = f", {told} % of the forecast" if mean > 0 else ""
    if part == "level":
        return f"{MEANINGS[part]} makes {_units(units)} units{share}"
    verb = "add" if units > 0 else "take"
    return f"{MEANINGS[part]} {verb if many else verb + 's'} {_units(abs(units))} units{share}"


def _units(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:,.1f}"

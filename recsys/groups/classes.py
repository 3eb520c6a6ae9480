"""Classes: who is new, who will likely order again, who is about to lapse, who is gone.

A customer's class follows from the chance of an order within the `LONG_DAYS` to come:

    new         first purchase within the last NEW_DAYS, and no other since
    returning   likely to return: a chance of `LIKELY` or more
    lapsing     likely to lapse: below that, but not below `HARDLY`
    dormant     below `HARDLY`

Where the orders are too few weeks for the model, the rule that shops use stands in: whoever
ordered within the last `LONG_DAYS` is returning, everybody else is lapsing. The answer says which
of the two it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from recsys.errors import TooFewInteractions
from recsys.groups.purchases import Purchases, Rhythm, rhythm
from recsys.groups.returning import order_chances

CLASSES: Final = ("new", "returning", "lapsing", "dormant")
LONG_DAYS: Final = 90
NEW_DAYS: Final = 28
LIKELY: Final = 0.5
HARDLY: Final = 0.15

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How each customer with a purchase before a moment stands.

    Attributes:
        place: (C,) position in the purchases' customers, ascending.
        klass: (C,) str, of CLASSES.
        chance: (C,) probability of an order within `days`; NaN where it could not be learned.
        long_chance: (C,) likewise within LONG_DAYS.
        days: of `chance`.
        by: "model", or "rule" where LONG_DAYS could not be learned.
        rhythm: recency, frequency and the like, in the same order.
    """

    place: NDArray[np.intp]
    klass: NDArray[np.object_]
    chance: Floats
    long_chance: Floats
    days: int
    by: Literal["model", "rule"]
    rhythm: Rhythm


def standing(purchases: Purchases, as_of: np.datetime64, *, days: int) -> Standing:
    """Classes and chances at a moment, from the purchases before it alone.

    Args:
        purchases: may reach beyond `as_of`; what lies there is not looked at.
        as_of: the moment, exclusive.
        days: length of the nearer time that chances are wanted for, at least 1.
    """
    now = rhythm(purchases, as_of)
    chance, far = _chance(purchases, as_of, days, now), _chance(purchases, as_of, LONG_DAYS, now)
    by_model = not np.isnan(far).any()
    likely = far >= LIKELY if by_model else now.recency <= LONG_DAYS
    gone = far < HARDLY if by_model else np.zeros(len(far), dtype=bool)
    new = (now.tenure <= NEW_DAYS) & (now.count == 1)
    klass = np.select([new, likely, gone], ["new", "returning", "dormant"], "lapsing")
    return Standing(
        place=now.place,
        klass=klass.astype(object),
        chance=chance,
        long_chance=far,
        days=days,
        by="model" if by_model else "rule",
        rhythm=now,
    )


def _chance(purchases: Purchases, as_of: np.datetime64, days: int, now: Rhythm) -> Floats:
    try:
        return order_chances(purchases, as_of, days=days).chance
    except TooFewInteractions:
        return np.full(len(now.place), np.nan)

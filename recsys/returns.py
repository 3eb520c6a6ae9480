"""Returns: what came back because it did not please was no preference after all."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from data.cleaning.cancellation import match_cancellations

BLAMELESS: Final = (
    "damaged", "defective", "faulty", "broken", "late", "wrong item", "not ordered", "duplicate",
)  # fmt: skip
"""Words of reasons that speak of making or delivery: the customer wanted it all the same."""

EVER: Final = pd.Timedelta(days=36_500)


def plain_reason(text: str) -> str:
    """A reason as it is counted: in lower case, without spare blanks or an end.

    >>> plain_reason("  Too  small. ")
    'too small'
    """
    return " ".join(text.casefold().split()).rstrip(".!")


def of_taste(reasons: pd.Series) -> pd.Series:
    """Which reasons say that the customer did not like it: those stated, but for BLAMELESS ones.

    >>> of_taste(pd.Series(["too small", "arrived late", None])).tolist()
    [True, False, False]
    """
    words = "|".join(rf"\b{word}\b" for word in BLAMELESS)
    blameless = reasons.str.contains(words, case=False, regex=True)
    return reasons.notna() & ~blameless.fillna(value=True).astype(bool)


def without_disliked(orders: pd.DataFrame, until: np.datetime64) -> pd.DataFrame:
    """Order lines less the units that came back for a reason of taste.

    Returned units are taken off the latest lines of the same customer and variant before them, see
    `match_cancellations`; a line of which none are left goes. Returns without a reason are left
    aside: whether the customer or the shop was at fault is not known.

    Args:
        orders: order lines, returns among them.
        until: the moment up to which everything is known, exclusive; later returns do not count.
    """
    if "reason" not in orders:
        return orders
    back = (of_taste(orders["reason"]) & (orders["ordered_at"] < until)).to_numpy()
    if not back.any():
        return orders
    matched = match_cancellations(orders, back, EVER)
    left = orders.assign(quantity=matched.quantity)
    return left[~matched.gone]

"""Events: what a view, a click or a full cart says of a preference, beside an order line."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.returns import without_disliked

EVENT_WEIGHTS: Final = {
    "view": 0.1, "click": 0.1, "search": 0.1, "cart": 0.4, "rating": 0.4, "order": 1.0,
}  # fmt: skip
"""Weight of an event beside an order line's 1; an order of a minute ago is such a line."""

LOWEST_LIKING: Final = 3.0
"""A rating below it says that the customer does not like the variant, and weighs nothing."""


def event_weights(
    kinds: NDArray[np.object_], values: NDArray[np.float64] | None = None
) -> NDArray[np.float32]:
    """(N,) float32 from 0 to 1: what each event says for its variant.

    Args:
        kinds: (N,) str, kinds of events; an unknown one weighs nothing.
        values: (N,) float64, ratings and units of orders among them; NaN where there is none.
    """
    weights = np.zeros(len(kinds), dtype=np.float32)
    for kind, weight in EVENT_WEIGHTS.items():
        weights[kinds == kind] = weight
    if values is not None:
        weights[(kinds == "rating") & (values < LOWEST_LIKING)] = 0
        weights[(kinds == "order") & (values < 0)] = 0  # a return
    return weights


def preference_lines(
    orders: pd.DataFrame, events: pd.DataFrame | None, until: np.datetime64
) -> pd.DataFrame:
    """Order lines and events as the lines that `Interactions.from_lines` reads.

    What came back for a reason of taste is no preference, see `recsys.returns`.

    Args:
        orders: the orders table.
        events: the events table, or None where there is none; events that speak for nothing are
            left out.
        until: the moment up to which everything is known, exclusive; returns from then on do not
            count yet.

    Returns:
        customer_id, variant_id, quantity, ordered_at and weight, and the order lines' region where
        it is known; the order lines first.
    """
    columns = ["customer_id", "variant_id", "quantity", "ordered_at"]
    known = [name for name in ("region",) if name in orders]
    lines = without_disliked(orders, until)[columns + known].assign(weight=1.0)
    if events is None:
        return lines
    values = events["value"].to_numpy(float, na_value=np.nan) if "value" in events else None
    weights = event_weights(events["kind"].to_numpy(object), values)
    spoken = events[weights > 0]
    behaviour = pd.DataFrame(
        {
            "customer_id": spoken["customer_id"],
            "variant_id": spoken["variant_id"],
            "quantity": 1,
            "ordered_at": spoken["at"],
            "weight": weights[weights > 0].astype(float),
        }
    )
    return pd.concat([lines, behaviour], ignore_index=True)

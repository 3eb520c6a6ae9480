"""Folding in: a customer's history with the lines and events since the training, if any."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.behaviour import event_weights
from recsys.errors import BadRequest
from recsys.interactions import DAY, Interactions


def history_of(
    interactions: Interactions,
    customer_id: str,
    extra: pd.DataFrame | None = None,
    as_of: np.datetime64 | None = None,
) -> tuple[np.datetime64, Interactions | None]:
    """The moment of a request, and one customer's lines up to it; None where there is none.

    Lines of variants that `interactions` does not have, returns, events that speak for nothing
    and whatever lies at or after the moment are left out. A line that the training has too, of the
    same variant and moment, counts once.

    Args:
        interactions: all histories at the training.
        customer_id: who.
        extra: lines since the training, of any customers: customer_id, variant_id and either
            ordered_at and quantity (orders) or kind, at and perhaps value (events; an order's value
            is its units).
        as_of: the moment; without it, the training's or, if later, just after the customer's
            last line of `extra`.

    Raises:
        BadRequest: the moment lies before the training's, which has learned from what came after.
    """
    if as_of is not None and as_of < interactions.as_of:
        raise BadRequest(
            f"The model knows what happened up to {interactions.as_of}, and {as_of} is earlier.",
            where="as_of",
            fix="Train one as of that moment.",
        )
    position = int(np.searchsorted(interactions.customers, customer_id))
    known = (
        position < len(interactions.customers) and interactions.customers[position] == customer_id
    )
    own = None if extra is None else extra[extra["customer_id"].eq(customer_id).fillna(value=False)]
    times = None if own is None else own["at" if "kind" in own else "ordered_at"].to_numpy()
    moment = interactions.as_of if as_of is None else as_of
    if as_of is None and times is not None and len(times):
        moment = max(moment, times.max().astype("datetime64[us]") + np.timedelta64(1, "us"))
    history = interactions.take(np.array([position])).later(moment) if known else None
    if own is None or times is None:
        return moment, history
    fresh = _fresh(interactions, customer_id, own, times, moment)
    if not len(fresh):
        return moment, history
    return moment, fresh if history is None else history.joined(fresh)


def nobody_of(
    interactions: Interactions,
    customer_id: str = "",
    *,
    as_of: np.datetime64 | None = None,
) -> Interactions:
    """The history of a customer of whom nothing is known, over the same variants."""
    none = np.zeros(0)
    return Interactions.from_arrays(
        customers=np.array([customer_id], dtype=object),
        variants=interactions.variants,
        customer=none.astype(np.int32),
        variant=none.astype(np.int32),
        age=none,
        quantity=none,
        weight=none,
        as_of=interactions.as_of if as_of is None else as_of,
    )


def _fresh(
    interactions: Interactions,
    customer_id: str,
    lines: pd.DataFrame,
    times: NDArray[np.datetime64],
    moment: np.datetime64,
) -> Interactions:
    """One customer's new lines as interactions; O(lines * log variants)."""
    ids = _texts(lines, "variant_id")
    places = np.searchsorted(interactions.variants, ids)
    places = np.minimum(places, len(interactions.variants) - 1)
    if "kind" in lines:
        kinds, units = _texts(lines, "kind"), np.ones(len(lines))
        values = lines["value"].to_numpy(dtype=float, na_value=np.nan) if "value" in lines else None
        weights = event_weights(kinds, values)
        if values is not None:
            units = np.where((kinds == "order") & ~np.isnan(values), values, units)
    else:
        weights = np.ones(len(lines), dtype=np.float32)
        units = lines["quantity"].to_numpy(dtype=float)
    grown = np.float32((moment - interactions.as_of) / DAY)
    # To the bit as `Interactions.later` ages lines: one that the training has as well is one line.
    trained = ((interactions.as_of - times) / DAY).astype(np.float32) + grown
    age = np.where(times < interactions.as_of, trained, (moment - times) / DAY)
    counted = (weights > 0) & (units > 0) & np.isfinite(units)
    used = (interactions.variants[places] == ids) & counted & (times < moment)
    return Interactions.from_arrays(
        customers=np.array([customer_id], dtype=object),
        variants=interactions.variants,
        customer=np.zeros(int(used.sum()), dtype=np.int32),
        variant=places[used],
        age=age[used],
        quantity=units[used],
        weight=weights[used],
        as_of=moment,
    )


def _texts(table: pd.DataFrame, column: str) -> NDArray[np.object_]:
    return table[column].to_numpy(dtype=object)

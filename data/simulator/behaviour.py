"""Behaviour of the generated customers: views, clicks, carts, searches and ratings."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.simulator.catalogue import Catalogue
from data.simulator.customers import Customers
from data.simulator.demand import Lines

RATED: Final = 0.06
"""Share of bought lines that are rated, of those with an event at all."""


def draw_events(
    customers: Customers,
    catalogue: Catalogue,
    *,
    bought: Lines,
    left: Lines,
    lost: Lines,
    moment: NDArray[np.datetime64],
    end: np.datetime64,
    share: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The canonical `events` table, by time.

    Half of the events precede a purchase (a view, click or cart, now and then a rating a week
    later), half tell of what a customer looked at and left, or searched for and found sold out.

    Args:
        customers: who.
        catalogue: what.
        bought: lines sold.
        left: lines looked at and left.
        lost: lines wanted but sold out.
        moment: (visits,) when each visit took place.
        end: the first moment that nothing is known of.
        share: events for each line bought, about.
        rng: the part's generator.
    """
    half = share / 2
    before = bought.take(rng.random(len(bought)) < half)
    missed = lost.take(rng.random(len(lost)) < min(1.0, share))
    rated = bought.take(rng.random(len(bought)) < half * RATED)
    misfit = np.abs(customers.size[rated.customer] - catalogue.size[rated.variant])
    stars = np.clip(np.rint(rng.normal(4.5 - 0.9 * misfit, 0.8)), 1, 5)
    parts = [
        _looks(before, ("view", "click", "cart"), (0.45, 0.25, 0.30), moment, rng),
        _looks(left, ("view", "click", "cart"), (0.75, 0.20, 0.05), moment, rng),
        _looks(missed, ("search", "view"), (0.7, 0.3), moment, rng),
        _rows(rated, np.full(len(rated), "rating"), stars, _later(moment[rated.visit], rng)),
    ]
    events = pd.concat(parts, ignore_index=True)
    events = events[events["at"] < end].sort_values(
        ["at", "customer", "variant", "kind"], kind="stable"
    )
    return pd.DataFrame(
        {
            "customer_id": customers.ids[events["customer"]],
            "variant_id": catalogue.variant_ids[events["variant"]],
            "kind": events["kind"].to_numpy(dtype=str),
            "value": events["value"].to_numpy(),
            "at": events["at"].to_numpy().astype("datetime64[us]"),
        }
    )


def _looks(
    lines: Lines,
    kinds: tuple[str, ...],
    weights: tuple[float, ...],
    moment: NDArray[np.datetime64],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """An event some minutes before its visit for each line; a view's value is its seconds."""
    kind = np.array(kinds)[rng.choice(len(kinds), len(lines), p=weights)]
    seconds = np.ceil(rng.gamma(2, 20, len(lines)))
    before = rng.integers(20, 1500, len(lines)).astype("timedelta64[s]")
    value = np.where(kind == "view", seconds, np.nan)
    return _rows(lines, kind, value, moment[lines.visit] - before)


def _later(moment: NDArray[np.datetime64], rng: np.random.Generator) -> NDArray[np.datetime64]:
    """Five to twelve days later, at some other time of day."""
    later: NDArray[np.datetime64] = moment + rng.integers(
        5 * 86_400, 12 * 86_400, len(moment)
    ).astype("timedelta64[s]")
    return later


def _rows(
    lines: Lines,
    kind: NDArray[np.str_],
    value: NDArray[np.float64],
    at: NDArray[np.datetime64],
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer": lines.customer,
            "variant": lines.variant,
            "kind": kind,
            "value": value,
            "at": at,
        }
    )

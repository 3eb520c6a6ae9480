"""What the mix is learned from: the variants of all styles with their past."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.features import active_at
from production.demand.forecast import DemandHistory
from production.demand.mix.traits import Traits, traits_of

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """V variants of S styles and T periods of their past.

    Attributes:
        style: (V,) which style each variant is of, from 0.
        units: (V, T) units by period, the latest last.
        lines: (V, T) order lines that carried them.
        price: (V, T) price, carried forward; NaN where none is known.
        traits: the catalogue's columns as features.
        preference: (V, T + 1) expected units from preferences, known at each period's start and
            NaN where not computed; or None.
        per_week: periods a week.
    """

    style: NDArray[np.int64]
    units: Floats
    lines: Floats
    price: Floats
    traits: Traits
    preference: Floats | None = None
    per_week: int = 1

    @classmethod
    def of(cls, history: DemandHistory, newcomers: pd.DataFrame | None = None) -> Candidates:
        """All variants of a history, those that have gone quiet too, then those without sales.

        Features of a group that the history is to do without are left out.

        Args:
            history: what is known.
            newcomers: the catalogue's rows of variants that never sold, with `style_id`.
        """
        plain = "attribute" in history.without
        new = pd.DataFrame({"style_id": []}, dtype=object) if newcomers is None else newcomers
        names = np.concatenate([history.styles[history.style], new["style_id"].to_numpy(object)])
        known = [table for table in (history.attributes, new) if table is not None and len(table)]
        attributes = None if plain or history.attributes is None else pd.concat(known)
        price = np.ones_like(history.price) if plain else history.price
        expected = None if "preference" in history.without else history.expected
        return cls(
            style=np.unique(names, return_inverse=True)[1].astype(np.int64),
            units=_below(history.units, np.zeros(len(new))),
            lines=_below(history.lines, np.zeros(len(new))),
            price=_below(price, _list_price(new)),
            traits=traits_of(attributes, len(names)),
            preference=None if expected is None else _below(expected, np.full(len(new), np.nan)),
            per_week=history.per_week,
        )

    def take(self, rows: NDArray[np.integer]) -> Candidates:
        """Some of the variants, their styles numbered anew in the old order."""
        return replace(
            self,
            style=np.unique(self.style[rows], return_inverse=True)[1].astype(np.int64),
            units=self.units[rows],
            lines=self.lines[rows],
            price=self.price[rows],
            traits=self.traits.take(rows),
            preference=None if self.preference is None else self.preference[rows],
        )

    def without_preferences(self) -> Candidates:
        """The same as a shop without known customers has it."""
        return replace(self, preference=None)

    def split(self, period: int, horizon: int) -> tuple[Candidates, Floats, Floats]:
        """What was known at the start of a period, and what came.

        Returns:
            The variants that were active then, with their past alone; and (their number,) units
            and order lines of the horizon from that period on.
        """
        rows = np.flatnonzero(active_at(self.units, period, self.per_week))
        active = self.take(rows)
        then = replace(
            active,
            units=active.units[:, :period],
            lines=active.lines[:, :period],
            price=active.price[:, :period],
            preference=None if active.preference is None else active.preference[:, : period + 1],
        )
        coming = slice(period, period + horizon)
        return then, active.units[:, coming].sum(axis=1), active.lines[:, coming].sum(axis=1)

    def several(self) -> NDArray[np.int64]:
        """Rows of the variants that share their style with another."""
        return np.flatnonzero(np.bincount(self.style)[self.style] > 1)


def within(style: NDArray[np.int64], values: Floats) -> Floats:
    """(V,) each style's sum of (V,) values, at each of its variants."""
    return np.bincount(style, weights=values).astype(np.float64)[style]


def _below(table: Floats, column: Floats) -> Floats:
    """(V + N, T) a table with rows of constants below it."""
    if not len(column):
        return table
    return np.vstack([table, np.repeat(column[:, None], table.shape[1], axis=1)])


def _list_price(new: pd.DataFrame) -> Floats:
    """(N,) the catalogue's price; NaN where it has none."""
    if "price" not in new:
        return np.full(len(new), np.nan)
    return new["price"].to_numpy(dtype=float, na_value=np.nan)

"""One method against others on the same variants and origins, with intervals.

A ratio is of two means over origins, the first method's over the other's: below 1 the first loses
less. What it is the mean of, at one origin:

    wape_q50    Σ |q50 - d| / Σ d
    pinball     mean pinball loss of a variant, over LEVELS
    rmse        √ mean (mean forecast - d)²

Intervals are percentiles of a bootstrap that draws origins and variants, both with replacement:
an origin shares its weather, a variant its errors over origins. All methods share the draws, so
that what both find hard does not widen the interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.metrics import QUANTILES, SLICES, pinball
from recsys.evaluation.bootstrap import drawn_weights

COMPARED: Final = ("wape_q50", "pinball", "rmse")
DRAWS: Final = 1000
LEVEL: Final = 0.95

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two losses and its interval."""

    ratio: float
    low: float
    high: float


def comparisons(
    rows: pd.DataFrame, first: str, others: Sequence[str], *, seed: int
) -> list[dict[str, Any]]:
    """The first method's losses over each other's, at the origins that both forecast.

    Args:
        rows: method, origin, variant_id, slice, mean, QUANTILES and actual.
        first: the method that is judged.
        others: those it is judged against; one without a common origin is left out.
        seed: of the bootstrap.

    Returns:
        Rows of method, against, slice, figure, ratio, interval, level, origins; slices without
        demand are left out.
    """
    found: list[dict[str, Any]] = []
    for kind in SLICES:
        part = rows if kind == "all" else rows[rows["slice"] == kind]
        sums = _Sums.of(part, first, others, seed)
        if sums is None:
            continue
        for other in others:
            for figure in COMPARED:
                ratio = sums.ratio(other, figure)
                if ratio is not None:
                    found.append(
                        {
                            "method": first,
                            "against": other,
                            "slice": kind,
                            "figure": figure,
                            "ratio": ratio.ratio,
                            "interval": [ratio.low, ratio.high],
                            "level": LEVEL,
                            "origins": int(sums.known[other].sum()),
                        }
                    )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """Sums over variants by draw, the sample itself first: (1 + DRAWS, O) each.

    Attributes:
        first: the method that is judged.
        losses: by method and figure.
        units: of demand.
        count: of variants.
        known: (O,) by method, the origins that it forecast.
        seed: of the draws of origins.
    """

    first: str
    losses: dict[tuple[str, str], Floats]
    units: Floats
    count: Floats
    known: dict[str, NDArray[np.bool_]]
    seed: int

    @classmethod
    def of(cls, rows: pd.DataFrame, first: str, others: Sequence[str], seed: int) -> _Sums | None:
        """The sums of a slice; None where the first method has no demand in it."""
        mine = rows[rows["method"] == first]
        if mine.empty or not mine["actual"].sum() > 0:
            return None
        origins = pd.Index(np.unique(mine["origin"].to_numpy(dtype=object)))
        variants = pd.Index(np.unique(mine["variant_id"].to_numpy(dtype=object)))
        shape = len(origins), len(variants)
        tables: list[Floats] = [
            _table(mine, mine["actual"].to_numpy(float), origins, variants),
            _table(mine, np.ones(len(mine)), origins, variants),
        ]
        names: list[tuple[str, str]] = []
        known: dict[str, NDArray[np.bool_]] = {}
        for name in (first, *others):
            own = rows[rows["method"] == name]
            known[name] = origins.isin(own["origin"].unique())
            for figure in COMPARED:
                tables.append(_table(own, _loss(own, figure), origins, variants))
                names.append((name, figure))
        stacked = np.vstack(tables)  # (K O, V)
        whole = np.ones((1, shape[1]))
        blocks = drawn_weights(shape[1], seed=seed, draws=DRAWS)
        sums = np.vstack([weights @ stacked.T for weights in (whole, *blocks)])
        parts = np.split(sums, len(tables), axis=1)
        return cls(
            first=first,
            units=parts[0],
            count=parts[1],
            losses=dict(zip(names, parts[2:], strict=True)),
            known=known,
            seed=seed,
        )

    def ratio(self, other: str, figure: str) -> Ratio | None:
        """The first method's loss over another's; None without a common origin or any loss."""
        both = np.flatnonzero(self.known[other] & self.known[self.first])
        if not len(both):
            return None
        days = len(both)
        drawn = np.random.default_rng([self.seed, days]).multinomial(
            days, np.full(days, 1 / days), size=DRAWS
        )
        by_origin = np.vstack([np.ones(days), drawn])
        mine, theirs = (
            (by_origin * self._losses(name, figure)[:, both]).sum(axis=1)
            for name in (self.first, other)
        )
        if not theirs[0] > 0:
            return None
        ratios = mine / np.maximum(theirs, 1e-12)
        tail = (1 - LEVEL) / 2
        low, high = np.quantile(ratios[1:], [tail, 1 - tail])
        return Ratio(float(ratios[0]), float(low), float(high))

    def _losses(self, name: str, figure: str) -> Floats:
        """(1 + DRAWS, O) the figure of a method at each origin; 0 where nothing was drawn."""
        loss = self.losses[name, figure]
        whole = self.units if figure == "wape_q50" else self.count
        mean = np.divide(loss, whole, out=np.zeros_like(loss), where=whole > 0)
        return np.sqrt(mean) if figure == "rmse" else mean


def _table(rows: pd.DataFrame, values: Floats, origins: pd.Index, variants: pd.Index) -> Floats:
    """(O, V) values of a method's rows; 0 where it has none."""
    cells = np.zeros((len(origins), len(variants)))
    row = origins.get_indexer(pd.Index(rows["origin"]))
    column = variants.get_indexer(pd.Index(rows["variant_id"].astype(object)))
    here = (row >= 0) & (column >= 0)
    cells[row[here], column[here]] = values[here]
    return cells


def _loss(rows: pd.DataFrame, figure: str) -> Floats:
    """(N,) what each row adds to the figure's sum."""
    actual = rows["actual"].to_numpy(float)
    if figure == "pinball":
        return pinball(rows[list(QUANTILES)].to_numpy(float), actual)
    if figure == "rmse":
        squared: Floats = (rows["mean"].to_numpy(float) - actual) ** 2
        return squared
    return np.asarray(np.abs(rows["q50"].to_numpy(float) - actual))

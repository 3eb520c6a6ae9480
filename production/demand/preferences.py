"""From preferences to demand: expected units of each variant, summed over customers.

    expected units of v = Σ over customers c of  lines(c) · share(c, v) · units(c, v)

- lines(c), expected activity: order lines in the horizon. A customer's rates at several paces
  are weighed by non-negative least squares on the horizon just before the origin.
- share(c, v), preference: where a line goes. A preference model, fitted on lines before the
  origin, scores all variants; scores fall into classes of like size, and each class has the
  share of lines that went there in the horizon before, when the model knew only what lay before.
- units(c, v), units a line: the variant's usual units times how much the customer orders in
  relation to others, both geometric means and shrunk towards one, so that no bulk order decides.

All of it stands on lines before the origin alone. Cost: two fits and two scorings of the model
an origin; memory of a few dense customers-by-variants arrays of a batch of customers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import nnls

from data.progress import Progress, silent
from production.demand.history import DemandPanel
from production.demand.regressors import WEEK
from recsys.catalogue import Catalogue
from recsys.errors import RecsysError
from recsys.interactions import DAY, Interactions
from recsys.model import Model, Run
from recsys.registry import build

MODEL: Final = "blend"
BATCH: Final = 1024
CLASSES: Final = 200
LOWEST, HIGHEST = np.float32(-2), np.float32(18)
"""Standardized scores from here to there fall into the classes; those beyond, into the ends."""

PRIOR_CELLS: Final = 100
"""Cells of average rate that each class is thought to hold beside its own."""

PACES: Final = (30.0, 90.0, 365.0)
"""e-folding times of a customer's rate of lines, in days."""

SHRINKAGE: Final = 5.0
"""Lines that a customer needs before half of their own order size is believed."""

LAPSED_DAYS: Final = 365.0
"""A customer without a line in so many days is expected to order nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Order lines of known customers, with positions for ids.

    Attributes:
        customers: (U,) str, ids of all customers, ascending.
        customer: (N,) position in `customers`.
        variant: (N,) position in the panel's variants.
        quantity: (N,) units.
        at: (N,) datetime64, when.
    """

    customers: NDArray[np.object_]
    customer: NDArray[np.intp]
    variant: NDArray[np.intp]
    quantity: NDArray[np.float64]
    at: NDArray[np.datetime64]

    @classmethod
    def of(cls, orders: pd.DataFrame, panel: DemandPanel) -> Lines:
        """The lines of variants in the panel that name a customer and a positive quantity."""
        variant = pd.Index(panel.variants).get_indexer(pd.Index(orders["variant_id"]))
        known = orders["customer_id"].notna() & (orders["quantity"] > 0) & (variant >= 0)
        lines, variant = orders[known], variant[known]
        customers, customer = np.unique(
            lines["customer_id"].to_numpy(dtype=object), return_inverse=True
        )
        return cls(
            customers=customers,
            customer=customer,
            variant=variant,
            quantity=lines["quantity"].to_numpy(dtype=float),
            at=lines["ordered_at"].to_numpy(),
        )

    def before(self, moment: np.datetime64, variants: NDArray[np.object_]) -> Interactions | None:
        """Interactions before a moment, of the customers and variants that occur in them."""
        used = self.at < moment
        if not used.any():
            return None
        customers, customer = np.unique(self.customer[used], return_inverse=True)
        present, variant = np.unique(self.variant[used], return_inverse=True)
        return Interactions.from_arrays(
            customers=self.customers[customers],
            variants=variants[present],
            customer=customer,
            variant=variant,
            age=(moment - self.at[used]) / DAY,
            quantity=self.quantity[used],
            weight=np.ones(len(customer)),
            as_of=moment,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A model fitted at one moment and what it needs to be summed.

    Attributes:
        past: lines before the moment, over the variants that occur in them.
        place: (past variants,) their positions in the panel.
        model: fitted on them.
        rates: (U, P) order lines a day at each pace.
        size: (U,) the customer's units a line in relation to others'.
        a_line: (past variants,) usual units a line.
    """

    past: Interactions
    place: NDArray[np.intp]
    model: Model
    rates: NDArray[np.float64]
    size: NDArray[np.float64]
    a_line: NDArray[np.float64]


def expected_units(
    orders: pd.DataFrame,
    panel: DemandPanel,
    origins: NDArray[np.int64],
    *,
    horizon: int,
    run: Run,
    progress: Progress = silent,
) -> NDArray[np.float64]:
    """Expected units at some weeks.

    Args:
        orders: the orders table; lines at or after a week never enter its column.
        panel: the demand panel.
        origins: positions of weeks, T for the week after the last.
        horizon: weeks that the units are for.
        run: seed and threads of the preference model.
        progress: told each origin.

    Returns:
        (V, T + 1). Weeks between two that were asked for carry the earlier one's, for less than
        a horizon; NaN in all others, where there was too little to learn from, and for variants
        that no known customer had bought.
    """
    result = np.full((len(panel.variants), len(panel.weeks) + 1), np.nan)
    lines = Lines.of(orders, panel)
    moments: dict[int, Scored | None] = {}
    for done, place in enumerate(np.unique(origins).tolist()):
        for week in (place - horizon, place):
            if week not in moments:
                moments[week] = _scored(lines, panel, week, run)
        before, now = moments[place - horizon], moments[place]
        if before is not None and now is not None:
            found = _expected(lines, before, now)
            result[now.place, place : place + horizon] = found[:, None]
        moments = {week: kept for week, kept in moments.items() if week > place - horizon}
        progress("Learning preferences", done + 1, len(origins))
    return result


def _scored(lines: Lines, panel: DemandPanel, week: int, run: Run) -> Scored | None:
    past = lines.before(panel.weeks[0] + week * WEEK, panel.variants)
    if past is None:
        return None
    try:
        model = build(MODEL).fit(past, Catalogue.of(past.variants), run)
    except RecsysError:  # too few lines, or too many variants, for the model
        return None
    rates = np.stack([_per_customer(past, np.exp(-past.age / pace)) / pace for pace in PACES], 1)
    a_line, size = _order_sizes(past)
    place = pd.Index(panel.variants).get_indexer(pd.Index(past.variants))
    return Scored(past=past, place=place, model=model, rates=rates, size=size, a_line=a_line)


def _per_customer(past: Interactions, values: NDArray[np.float32]) -> NDArray[np.float64]:
    total = np.bincount(past.customer, weights=values, minlength=past.shape[0])
    return total.astype(float)


def _order_sizes(past: Interactions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(V,) usual units a line, (U,) a customer's order size in relation to it."""
    logs = np.log(past.quantity.astype(float))
    count = np.bincount(past.variant, minlength=past.shape[1])
    overall = logs.mean()
    total = np.bincount(past.variant, weights=logs, minlength=past.shape[1])
    variant = (total + overall * SHRINKAGE) / (count + SHRINKAGE)
    beyond = logs - variant[past.variant]
    lines = _per_customer(past, np.ones_like(past.age))
    customer = np.bincount(past.customer, weights=beyond, minlength=past.shape[0])
    return np.exp(variant), np.exp(customer / (lines + SHRINKAGE))


def _expected(lines: Lines, before: Scored, now: Scored) -> NDArray[np.float64]:
    """(now's variants,) expected units in the time from `now` on that lay since `before`."""
    between = (lines.at >= before.past.as_of) & (lines.at < now.past.as_of)
    names = pd.Index(lines.customers[lines.customer[between]])
    customer = pd.Index(before.past.customers).get_indexer(names)
    variant = pd.Index(before.place).get_indexer(pd.Index(lines.variant[between]))
    seen = (customer >= 0) & (variant >= 0)
    customer, variant = customer[seen], variant[seen]
    came = np.bincount(customer, minlength=len(before.rates)).astype(float)
    paces, _ = nnls(before.rates, came)
    share = _shares(before, customer, variant)
    activity = (now.rates @ paces) * now.size  # (U,)
    total = np.zeros(now.past.shape[1])
    for who in _batches(now):
        wanted = share[_classes(now, who)]  # (B, V)
        wanted /= np.maximum(wanted.sum(axis=1, keepdims=True), 1e-12)
        total += activity[who] @ wanted
    return total * now.a_line


def _batches(moment: Scored) -> list[NDArray[np.int64]]:
    """Customers that may order, in batches."""
    youngest = np.full(moment.past.shape[0], np.inf)
    np.minimum.at(youngest, moment.past.customer, moment.past.age)
    alive = np.flatnonzero(youngest < LAPSED_DAYS)
    return [alive[at : at + BATCH] for at in range(0, len(alive), BATCH)]


def _standard(moment: Scored, who: NDArray[np.int64]) -> NDArray[np.float32]:
    """(B, V) each customer's scores, of mean 0 and standard deviation 1."""
    scores = moment.model.score(moment.past.take(who))
    scores -= scores.mean(axis=1, keepdims=True)
    spread = scores.std(axis=1, keepdims=True)
    scores /= np.where(spread > 0, spread, np.float32(1))
    return scores


def _classes(moment: Scored, who: NDArray[np.int64]) -> NDArray[np.intp]:
    """(B, V) the class of each customer's score of each variant."""
    scaled = (_standard(moment, who) - LOWEST) * np.float32(CLASSES / (HIGHEST - LOWEST))
    return np.asarray(np.clip(scaled, 0, CLASSES - 1), dtype=np.intp)


def _shares(
    before: Scored, customer: NDArray[np.intp], variant: NDArray[np.intp]
) -> NDArray[np.float64]:
    """(CLASSES,) lines a cell in each class of scores, never falling as the score rises."""
    cells, hits = np.zeros(CLASSES), np.zeros(CLASSES)
    for who in _batches(before):
        klass = _classes(before, who)
        cells += np.bincount(klass.ravel(), minlength=CLASSES)
        row = np.searchsorted(who, customer)
        here = (row < len(who)) & (who[np.minimum(row, len(who) - 1)] == customer)
        hits += np.bincount(klass[row[here], variant[here]], minlength=CLASSES)
    base = hits.sum() / max(cells.sum(), 1.0)
    rate = (hits + base * PRIOR_CELLS) / (cells + PRIOR_CELLS)
    return np.maximum.accumulate(rate)

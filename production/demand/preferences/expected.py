"""From preferences to demand: expected units of each variant, summed over customers.

    expected units of v = a(v) · Σ over customers c of  lines(c) · share(c, v) · units(c, v)

- lines(c), who orders and how many lines: `activity`.
- share(c, v), of what: `shares`.
- units(c, v), how many each: `units`.
- a(v), lines of nobody known: a variant's order lines over those that name a customer, shrunk
  towards the whole shop's.

All of it stands on lines before the origin alone. Cost: two fits and two scorings of the model
an origin; memory of a few dense customers-by-variants arrays of a batch of customers.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.progress import Progress, silent
from production.demand.history import DemandPanel
from production.demand.periods import length
from production.demand.preferences.activity import expected_lines, line_rates
from production.demand.preferences.lines import Lines
from production.demand.preferences.shares import Scored, class_shares, shared_out
from production.demand.preferences.units import order_sizes
from recsys.catalogue import Catalogue
from recsys.errors import RecsysError
from recsys.model import Run
from recsys.registry import build

MODEL: Final = "blend"

KNOWN_LINES: Final = 20.0
"""Lines before half of a variant's own share of unnamed lines is believed."""


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
    result = np.full((len(panel.variants), len(panel.periods) + 1), np.nan)
    lines = Lines.of(orders, panel.variants)
    moments: dict[int, Scored | None] = {}
    for done, place in enumerate(np.unique(origins).tolist()):
        for week in (place - horizon, place):
            if week not in moments:
                moments[week] = _scored(lines, panel, week, run)
        before, now = moments[place - horizon], moments[place]
        if before is not None and now is not None:
            found = _expected(lines, before, now) * _unnamed(panel, now, place)
            result[now.place, place : place + horizon] = found[:, None]
        moments = {week: kept for week, kept in moments.items() if week > place - horizon}
        progress("Learning preferences", done + 1, len(origins))
    return result


def _scored(lines: Lines, panel: DemandPanel, week: int, run: Run) -> Scored | None:
    past = lines.before(panel.periods[0] + week * length(panel.per_week), panel.variants)
    if past is None:
        return None
    try:
        model = build(MODEL).fit(past, Catalogue.of(past.variants), run)
    except RecsysError:  # too few lines, or too many variants, for the model
        return None
    place = pd.Index(panel.variants).get_indexer(pd.Index(past.variants))
    return Scored(past=past, place=place, model=model)


def _expected(lines: Lines, before: Scored, now: Scored) -> NDArray[np.float64]:
    """(now's variants,) units of known customers in as long a time as lay since `before`."""
    between = (lines.at >= before.past.as_of) & (lines.at < now.past.as_of)
    names = pd.Index(lines.customers[lines.customer[between]])
    customer = pd.Index(before.past.customers).get_indexer(names)
    variant = pd.Index(before.place).get_indexer(pd.Index(lines.variant[between]))
    seen = (customer >= 0) & (variant >= 0)
    customer, variant = customer[seen], variant[seen]
    came = np.bincount(customer, minlength=before.past.shape[0]).astype(float)
    activity = expected_lines(line_rates(before.past), came, line_rates(now.past))
    a_line, size = order_sizes(now.past)
    share = class_shares(before, customer, variant)
    return shared_out(now, share, activity * size) * a_line


def _unnamed(panel: DemandPanel, now: Scored, place: int) -> NDArray[np.float64]:
    """(now's variants,) all order lines over those of known customers, shrunk."""
    known = np.bincount(now.past.variant, minlength=now.past.shape[1]).astype(float)
    lines = np.maximum(panel.lines[now.place, :place].sum(axis=1), known)
    usual = lines.sum() / known.sum()
    factor: NDArray[np.float64] = (lines + KNOWN_LINES * usual) / (known + KNOWN_LINES)
    return factor

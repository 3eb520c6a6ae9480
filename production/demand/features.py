"""The terms of the demand regression: what is known of each variant at the start of each week.

Every term is in units a week, so that a variant selling ten times as much has terms ten times
as large: either a way of measuring the variant's level, or its level times a factor without a
unit. That is what lets one set of coefficients hold for all variants. A term's value at week t
depends on weeks before t alone, so a row of a past origin is what stood there at the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.demand.forecast import ACTIVE_WEEKS, DemandHistory
from production.demand.periods import paced

SLOW, MEDIUM, FAST = 0.1, 0.2, 0.4
"""Weight of the newest week in the three smoothed means."""

NEW_WEEKS: Final = 8
ROUNDING: Final = 1e-9
MEANINGS: Final = {
    "constant": "the same for every variant",
    "level_slow": "smoothed weekly units, newest week 10 %",
    "level": "smoothed weekly units, newest week 20 %",
    "level_fast": "smoothed weekly units, newest week 40 %",
    "mean_13_weeks": "mean of the last 13 weeks",
    "steady_slow": "the same level without bulk orders, newest week 10 %",
    "steady": "the same level without bulk orders, newest week 20 %",
    "steady_fast": "the same level without bulk orders, newest week 40 %",
    "usual_slow": "order lines a week times usual units a line, newest week 10 %",
    "usual": "order lines a week times usual units a line, newest week 20 %",
    "usual_fast": "order lines a week times usual units a line, newest week 40 %",
    "order_lines": "order lines a week, newest week 40 %",
    "style_others": "level of the style's other variants",
    "newness": f"level, where first sold within {NEW_WEEKS} weeks",
    "regularity": "level times the share of weeks with a sale",
    "momentum": "level times the trend of all sales, last 4 weeks against last 13",
    "price": "level times the price against its usual, in logarithms",
    "preferences": "expected units a week from customers' preferences; 'usual' where unknown",
    "few_buyers": "'usual' times the share of its largest customer",
    "few_buyers_seldom": "the same, where sold in fewer than half of the last weeks",
    "launch": "what launch curves and variants like it say beyond 'usual', where new",
}
"""What each term says, for people."""

TERM_GROUPS: Final = {
    "price": "price",
    "style_others": "style",
    "preferences": "preference",
    "few_buyers": "preference",
    "few_buyers_seldom": "preference",
    "launch": "attribute",
}
"""The group of `forecast.GROUPS` that a term is left out with; the rest are a variant's past."""

SELDOM_WEEKS: Final = 26
"""A variant sells seldom where fewer than half of so many weeks had a sale."""

RISING: Final = frozenset({"level_slow", "level", "level_fast"})
"""Terms that a bulk order lifts out of all proportion. They never lower demand, or else one
order beyond all that was learned from would forecast nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Terms of all variants at the start of all weeks.

    Attributes:
        names: F names, keys of MEANINGS.
        values: for each name (V, T + 1) float64, units a week; the last column is the origin's.
    """

    names: tuple[str, ...]
    values: tuple[NDArray[np.float64], ...]

    @property
    def level(self) -> NDArray[np.float64]:
        """(V, T + 1) smoothed weekly units, the variant's size."""
        return self.values[self.names.index("level")]

    def at(self, rows: NDArray[np.bool_], week: int) -> NDArray[np.float64]:
        """(rows, F) terms of some variants at the start of a week."""
        return np.stack([value[rows, week] for value in self.values], axis=1)


def decayed_mean(values: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    """(V, T + 1) mean of the weeks before each week, weights (1 - alpha)^age; 0 before any.

    Exponential smoothing with its start corrected (Brown 1959): the weights sum to one from the
    first week on, so no starting level is assumed.

    >>> decayed_mean(np.array([[1.0, 3.0]]), 0.5)
    array([[0.        , 1.        , 2.33333333]])
    """
    return decayed_ratio(values, np.ones_like(values), alpha)


def decayed_ratio(
    above: NDArray[np.float64], below: NDArray[np.float64], alpha: float
) -> NDArray[np.float64]:
    """(V, T + 1) decayed sum of `above` over that of `below`; 0 where that is 0; O(V T)."""
    count, span = above.shape
    result = np.zeros((count, span + 1))
    top, bottom = np.zeros(count), np.zeros(count)
    for week in range(span):
        top = (1 - alpha) * top + above[:, week]
        bottom = (1 - alpha) * bottom + below[:, week]
        np.divide(top, bottom, out=result[:, week + 1], where=bottom > 0)
    return result


def active_at(units: NDArray[np.float64], week: int, per_week: int = 1) -> NDArray[np.bool_]:
    """(V,) bool: sold in the ACTIVE_WEEKS before a period."""
    recent = units[:, max(0, week - ACTIVE_WEEKS * per_week) : week]
    return np.asarray(recent.sum(axis=1) > 0)


def terms(history: DemandHistory) -> Terms:
    """All terms at all weeks, computed once a history.

    O(V T) time; about 20 arrays of (V, T + 1) are kept as long as the history is.
    """
    if "terms" not in history.memo:
        history.memo["terms"] = _terms(history)
    found: Terms = history.memo["terms"]
    return found


def _terms(history: DemandHistory) -> Terms:
    units, lines, per_week = history.units, history.lines, history.per_week
    sold = units > 0
    slow, medium, fast = (paced(alpha, per_week) for alpha in (SLOW, MEDIUM, FAST))
    level = decayed_mean(units, medium)
    logs = np.log(np.divide(units, lines, out=np.ones_like(units), where=sold)) * lines
    a_line = np.exp(decayed_ratio(logs, lines, slow))  # geometric mean of units a line
    root = np.sqrt(units)
    speeds = {"_slow": slow, "": medium, "_fast": fast}
    table = {"constant": np.ones_like(level)}
    table |= {f"level{name}": decayed_mean(units, alpha) for name, alpha in speeds.items()}
    table["mean_13_weeks"] = moving_mean(units, 13 * per_week)
    table |= {f"steady{name}": decayed_mean(root, alpha) ** 2 for name, alpha in speeds.items()}
    paces = {name: decayed_mean(lines, alpha) for name, alpha in speeds.items()}
    table |= {f"usual{name}": pace * a_line for name, pace in paces.items()}
    table["order_lines"] = paces["_fast"]
    table["style_others"] = _style_total(level, history) - level
    age = np.arange(level.shape[1])[None, :] - history.first_period[:, None]
    table["newness"] = level * (age <= NEW_WEEKS * per_week)
    table["regularity"] = level * decayed_mean(sold.astype(float), medium)
    table["momentum"] = level * _momentum(units, per_week)
    table["price"] = level * _price_against_usual(history)
    table |= _beside_the_past(history, table["usual"], sold)
    used = [name for name in table if TERM_GROUPS.get(name) not in history.without]
    return Terms(names=tuple(used), values=tuple(table[name] for name in used))


def _beside_the_past(
    history: DemandHistory, usual: NDArray[np.float64], sold: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    """What customers and the catalogue say of demand beside a variant's own past, where known."""
    table = {}
    if history.expected is not None:
        weekly = history.expected / history.horizon
        table["preferences"] = np.where(np.isnan(weekly), usual, weekly)
    if history.few_buyers is not None:
        span = SELDOM_WEEKS * history.per_week
        weeks = np.arange(usual.shape[1]).clip(max=span)
        seldom = moving_mean(sold.astype(float), span) * weeks < span // 2
        table["few_buyers"] = usual * history.few_buyers
        table["few_buyers_seldom"] = table["few_buyers"] * seldom
    if history.launch is not None:
        table["launch"] = np.where(np.isnan(history.launch), 0.0, history.launch - usual)
    return table


def moving_mean(units: NDArray[np.float64], span: int) -> NDArray[np.float64]:
    """(V, T + 1) mean of up to `span` weeks before each week."""
    total = np.pad(units.cumsum(axis=1), ((0, 0), (1, 0)))
    end = np.arange(total.shape[1])
    start = np.maximum(end - span, 0)
    mean: NDArray[np.float64] = (total - total[:, start]) / np.maximum(end - start, 1)
    return mean


def _style_total(level: NDArray[np.float64], history: DemandHistory) -> NDArray[np.float64]:
    total = np.zeros((len(history.styles), level.shape[1]))
    np.add.at(total, history.style, level)
    result: NDArray[np.float64] = total[history.style]
    return result


def _momentum(units: NDArray[np.float64], per_week: int) -> NDArray[np.float64]:
    total = units.sum(axis=0, keepdims=True)
    short, long = moving_mean(total, 4 * per_week), moving_mean(total, 13 * per_week)
    quiet = (short <= 0) | (long <= 0)
    ratio = np.divide(short, long, out=np.ones_like(short), where=~quiet)
    result: NDArray[np.float64] = np.log(ratio)
    return result


def _price_against_usual(history: DemandHistory) -> NDArray[np.float64]:
    """(V, T + 1) log of the last price over its decayed mean; 0 before a first sale."""
    on_sale = np.arange(history.units.shape[1])[None, :] >= history.first_period[:, None]
    priced = on_sale & (history.price > 0)
    logs = np.log(np.where(priced, history.price, 1.0))
    usual = decayed_ratio(logs * priced, priced.astype(float), paced(SLOW, history.per_week))
    last = np.pad(logs, ((0, 0), (1, 0)))
    known = np.pad(priced, ((0, 0), (1, 0)))
    change = np.where(known, np.clip(last - usual, -1.0, 1.0), 0.0)
    return np.where(np.abs(change) > ROUNDING, change, 0.0)

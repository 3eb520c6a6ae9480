"""Orders since a plan was made, against what it expects by now: where the market moves away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.periods import DAY, length
from production.demand.saved import SavedForecast
from production.plans.plan import Plan
from production.report.evidence import alerting, band, excess_of, log_evidence, projected

SILENT_UNITS: Final = 20.0
"""Units expected since the last order from which, after a day, orders are taken not to arrive."""

COLUMNS: Final = (
    "variant_id", "style_id", "title", "ordered", "returned", "expected", "low", "high", "mean",
    "projected", "supply", "evidence", "alert", "first_at", "do",
)  # fmt: skip
"""Columns of a live mix.

    ordered                 units ordered since the plan, less what was cancelled of them
    returned                units returned in that time, of whatever order
    expected, low, high     units expected by now, and the band P05 to P95
    mean, projected         units over the horizon: forecast, and seen so far with the rest at a
                            rate that has learned from it
    supply                  units planned and in stock
    evidence                times as likely under another rate as under the forecast (an e-value)
    alert                   "above" or "below"; empty where the forecast holds
    first_at                when the alert that stands was raised; missing without one
    do                      what to do about it
"""

ABOVE: Final = "above"
BELOW: Final = "below"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMix:
    """Orders since a plan was made, against it.

    Attributes:
        plan_id: the plan.
        since: the horizon's first moment.
        until: the moment up to which orders are compared: now, the horizon's end, or the last
            order, where orders do not arrive any more.
        end: the first moment after the horizon.
        passed: share of the horizon's expected demand that lies before `until`.
        rows: one variant a row, see COLUMNS; alerts first, the strongest first, then the most
            ordered.
        notes: what to know of the comparison as a whole.
    """

    plan_id: str
    since: np.datetime64
    until: np.datetime64
    end: np.datetime64
    passed: float
    rows: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def alerts(self) -> pd.DataFrame:
        """The rows of variants that left their band."""
        return self.rows[self.rows["alert"] != ""]

    def raised_at(self) -> list[np.datetime64 | None]:
        """When each row's alert was raised; None without one."""
        moments = self.rows["first_at"].to_numpy(dtype="datetime64[us]")
        return [None if np.isnat(moment) else moment for moment in moments]

    def styles(self) -> pd.DataFrame:
        """One style a row by style id: units as in COLUMNS, and how many of its variants alert."""
        summed = ["ordered", "returned", "expected", "mean", "projected", "supply"]
        groups = self.rows.assign(alerts=self.rows["alert"] != "").groupby("style_id", sort=True)
        return groups[[*summed, "alerts"]].sum().reset_index()


def orders_so_far(
    plan: Plan, forecast: SavedForecast, orders: pd.DataFrame, now: np.datetime64
) -> LiveMix:
    """Orders since a plan was made, by variant, and which variants leave their forecast's band.

    O(V days + lines). Within a period demand is expected evenly.

    Args:
        plan: the plan.
        forecast: what it was made from.
        orders: order lines of any time, each once: customer_id (may be missing), variant_id,
            quantity (units, negative = return) and ordered_at (local time).
        now: the moment to compare at, local time.
    """
    since = forecast.forecast.origin.astype("datetime64[us]")
    end = since + length(forecast.per_week) * forecast.horizon
    now = now.astype("datetime64[us]")
    lines = orders.loc[_counted(orders, since, now, end)]
    lines = lines.sort_values("ordered_at", kind="stable")
    until, notes = _reach(forecast, lines, since, max(since, min(now, end)))
    rows = _variants(plan, forecast, lines)
    looks = _looks(since, until)
    ordered = _cumulated(rows, lines, _not_cancelled(lines), looks)
    expected = _expected(rows, forecast, looks)
    excess = _excess(rows, forecast)
    low, high = band(expected[:, -1], excess)
    raised = _raised(ordered, expected, excess, (low, high))
    returned = _cumulated(rows, lines, np.maximum(-_quantity(lines), 0.0), looks[-1:])[:, 0]
    rows = rows.assign(
        ordered=ordered[:, -1],
        returned=returned,
        expected=expected[:, -1],
        low=low,
        high=high,
        projected=projected(ordered[:, -1], expected[:, -1], rows["mean"].to_numpy(), excess),
        evidence=np.exp(
            np.minimum(log_evidence(ordered[:, -1], expected[:, -1], excess), np.log(1e300))
        ),
        alert=np.where(raised[:, -1], np.where(ordered[:, -1] > high, ABOVE, BELOW), ""),
        first_at=_first(raised, looks),
    )
    unknown = rows.loc[rows["mean"] <= 0, "ordered"].sum()
    if unknown > 0:
        notes = (*notes, f"{unknown:,.0f} units are of variants that no demand was forecast for.")
    return LiveMix(
        plan_id=plan.plan_id,
        since=since,
        until=until,
        end=end,
        passed=float(expected[:, -1].sum() / max(rows["mean"].sum(), 1e-300)),
        rows=_sorted(rows.assign(do=[_what_to_do(row) for row in rows.to_dict("records")])),
        notes=notes,
    )


def _counted(
    orders: pd.DataFrame, since: np.datetime64, now: np.datetime64, end: np.datetime64
) -> NDArray[np.bool_]:
    """Lines of the horizon that have arrived: one of this very moment has, one of its end never."""
    at = orders["ordered_at"].to_numpy(dtype="datetime64[us]")
    return np.asarray((at >= since) & (at <= now) & (at < end))


def _quantity(lines: pd.DataFrame) -> Floats:
    return lines["quantity"].to_numpy(dtype=np.float64)


def _reach(
    forecast: SavedForecast, lines: pd.DataFrame, since: np.datetime64, until: np.datetime64
) -> tuple[np.datetime64, tuple[str, ...]]:
    """The moment up to which orders speak, and a note where that is not the one asked for."""
    last = since if lines.empty else lines["ordered_at"].to_numpy(dtype="datetime64[us]")[-1]
    weekly = forecast.forecast.weekly.sum(axis=0, keepdims=True)
    before, after = _passed(weekly, forecast, np.array([last, until]))[0]
    if until - last < DAY or after - before < SILENT_UNITS:
        return until, ()
    if lines.empty:
        told = f"No order has arrived since {minute(since)}"
    else:
        told = f"The last order is of {minute(last)}, and orders are compared up to it"
    return last, (f"{told}: look whether orders still arrive, or import those that are missing.",)


def minute(moment: np.datetime64) -> str:
    """A moment to the minute, for people."""
    return str(moment.astype("datetime64[m]")).replace("T", " ")


def _variants(plan: Plan, forecast: SavedForecast, lines: pd.DataFrame) -> pd.DataFrame:
    """Every variant planned, forecast or ordered, by id, with its style, title, mean and supply."""
    planned = plan.lines.set_index("variant_id")
    known = pd.DataFrame(
        {
            "style_id": forecast.style_ids,
            "title": forecast.titles,
            "mean": forecast.forecast.mean,
        },
        index=pd.Index(forecast.forecast.variants, name="variant_id"),
    )
    ids = known.index.union(planned.index).union(pd.Index(lines["variant_id"].unique()))
    rows = known.reindex(ids)
    styles = rows["style_id"].fillna(planned["style_id"].reindex(ids))
    return pd.DataFrame(
        {
            "variant_id": ids.astype(str),
            "style_id": styles.fillna(ids.to_series()).to_numpy(dtype=object),
            "title": rows["title"].fillna("").to_numpy(dtype=object),
            "mean": rows["mean"].fillna(0.0).to_numpy(dtype=np.float64),
            "supply": planned[["quantity", "on_hand"]].sum(axis=1).reindex(ids).fillna(0.0).array,
        }
    )


def _looks(since: np.datetime64, until: np.datetime64) -> NDArray[np.datetime64]:
    """The end of each day so far, and `until`."""
    days = np.arange(since + DAY, until, DAY)
    return np.append(days, until)


def _passed(weekly: Floats, forecast: SavedForecast, moments: NDArray[np.datetime64]) -> Floats:
    """(V, M) units expected up to each moment, evenly within a period."""
    origin = forecast.forecast.origin.astype("datetime64[us]")
    step = (moments - origin) / length(forecast.per_week)
    step = np.clip(step.astype(np.float64), 0.0, weekly.shape[1])
    whole = np.minimum(step.astype(np.intp), weekly.shape[1] - 1)
    before = np.cumsum(np.pad(weekly, ((0, 0), (1, 0))), axis=1)
    passed: Floats = before[:, whole] + (step - whole) * weekly[:, whole]
    return passed


def _expected(rows: pd.DataFrame, forecast: SavedForecast, looks: NDArray[np.datetime64]) -> Floats:
    place = pd.Index(rows["variant_id"]).get_indexer(pd.Index(forecast.forecast.variants))
    expected = np.zeros((len(rows), len(looks)))
    expected[place] = _passed(forecast.forecast.weekly, forecast, looks)
    return expected


def _excess(rows: pd.DataFrame, forecast: SavedForecast) -> Floats:
    place = pd.Index(rows["variant_id"]).get_indexer(pd.Index(forecast.forecast.variants))
    excess = np.ones(len(rows))
    excess[place] = excess_of(forecast.forecast.mean, forecast.forecast.quantiles)
    return excess


def _not_cancelled(lines: pd.DataFrame) -> Floats:
    """Units of each line, in order of time: a return takes back what the customer has ordered.

    A return of an older order, or of nobody known, is no demand and counts nothing.
    """
    held: dict[tuple[str, str], float] = defaultdict(float)
    counted = _quantity(lines)
    who = lines["customer_id"].astype(object).where(lines["customer_id"].notna(), None)
    for place, key in enumerate(zip(who, lines["variant_id"], strict=True)):
        if counted[place] < 0:
            counted[place] = -min(-counted[place], held[key]) if key[0] is not None else 0.0
        held[key] += counted[place]
    return counted


def _cumulated(
    rows: pd.DataFrame, lines: pd.DataFrame, units: Floats, looks: NDArray[np.datetime64]
) -> Floats:
    """(V, L) units of the lines before each look; the last look has those of its moment too."""
    place = pd.Index(rows["variant_id"]).get_indexer(pd.Index(lines["variant_id"].astype(object)))
    at = lines["ordered_at"].to_numpy(dtype="datetime64[us]")
    look = np.minimum(np.searchsorted(looks, at, side="right"), len(looks) - 1)
    cell = place * len(looks) + look
    total = np.bincount(cell, weights=units, minlength=len(rows) * len(looks))
    return np.cumsum(total.reshape(len(rows), len(looks)), axis=1)


def _raised(
    ordered: Floats, expected: Floats, excess: Floats, ends: tuple[Floats, Floats]
) -> NDArray[np.bool_]:
    """(V, L) which variants alert at each look; now only those outside the band as well."""
    tested = expected[:, -1] > 0
    raised = np.zeros(ordered.shape, dtype=bool)
    if tested.any():
        evidence = log_evidence(ordered[tested], expected[tested], excess[tested, None])
        raised[tested] = np.column_stack([alerting(one) for one in evidence.T])
    low, high = ends
    raised[:, -1] &= (ordered[:, -1] < low) | (ordered[:, -1] > high)
    return raised


def _first(raised: NDArray[np.bool_], looks: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """(V,) the look from which on each alert has stood without a break; NaT without one."""
    held = np.logical_and.accumulate(raised[:, ::-1], axis=1)
    begun = looks[len(looks) - np.maximum(held.sum(axis=1), 1)]
    return np.where(raised[:, -1], begun, np.datetime64("NaT", "us"))


def _what_to_do(row: Mapping[Hashable, Any]) -> str:
    if not row["alert"]:
        return ""
    coming, supply = round(row["projected"]), round(row["supply"])
    told = f"About {coming:,} will be wanted; {supply:,} are planned and in stock"
    if row["alert"] == ABOVE:
        if coming > supply:
            return f"{told}: make {coming - supply:,} more, or plan anew."
        return f"{told}: that suffices; look at what drives it."
    if coming < supply:
        return f"{told}: make up to {supply - coming:,} fewer, or plan anew."
    return f"{told}: nothing to change; look at what holds it back."


def _sorted(rows: pd.DataFrame) -> pd.DataFrame:
    quiet = rows["alert"] == ""
    strength = rows["evidence"].where(~quiet, 0.0)
    order = rows.assign(quiet=quiet, strength=strength).sort_values(
        ["quiet", "strength", "ordered", "variant_id"],
        ascending=[True, False, False, True],
        kind="stable",
    )
    return order[list(COLUMNS)].reset_index(drop=True)

"""Variants that have not sold yet: demand from attributes and from the launches most like them.

What speaks for such a variant is its kin (`production.demand.launches.expected`): the rate of a
whole first week, the units a line and the launch curve of the launched variants nearest to it. One
that has been on sale for some weeks without a sale is held against its kin like every new variant.
How far such forecasts were off is learned from the launches that were seen: each is forecast at its
own launch from what lay before it, and what came over what was said scales the mean and spreads the
quantiles.

A launch is seen by its first sale, so one that never sold is not among those learned from. Only
variants that never sold in all of the data are forecast here: at a past day nothing is known of
those that did sell later.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.forecast import PARTS, DemandHistory, Forecast
from production.demand.forecasters.conformal import spread
from production.demand.launches.expected import (
    FADING,
    NEW_WEEKS,
    SHAPE,
    Kin,
    kin_at,
    log_sizes,
)
from production.demand.launches.first_weeks import LIFE, FirstWeeks
from production.demand.launches.likeness import nearest

FEWEST: Final = 20
"""Launches whose horizon has passed that a forecast is learned from at least."""

SCALES: Final = (0.25, 4.0)
"""Bounds of what the mean is scaled by."""

Floats = NDArray[np.float64]


def with_unsold(
    forecast: Forecast, history: DemandHistory, unsold: pd.DataFrame | None
) -> Forecast:
    """The forecast, and that of variants on sale within the horizon that never sold.

    Nothing is added where demand is read by day, attributes are left out, or fewer than FEWEST
    launches were seen. O(launched²) time.

    Args:
        forecast: of the variants that sold.
        history: what it stands on.
        unsold: catalogue rows by variant id, `introduced_at` among them, of variants that never
            sold; None without a catalogue.
    """
    if unsold is None or history.attributes is None or history.per_week != 1:
        return forecast
    due = _due(unsold, history)
    launched = FirstWeeks.of(
        history.lines, history.first_period, history.periods, history.attributes
    )
    seen = launched.first + history.horizon <= len(history.periods)
    if due.empty or int(seen.sum()) < FEWEST or "attribute" in history.without:
        return forecast
    units = history.units[launched.row]
    sizes = log_sizes(units, history.lines[launched.row])
    told = _at_their_launch(history, launched, sizes)[seen]
    columns = launched.first[seen, None] + np.arange(history.horizon)
    came = np.take_along_axis(units[seen], columns, axis=1).sum(axis=1)
    weekly = _expected(history, due, launched, sizes)
    point = weekly.sum(axis=1)
    scale = float(np.clip(came.sum() / max(float(told.sum()), 1e-9), *SCALES))
    return _joined(forecast, due, scale * weekly, spread(point, told, came))


def _due(unsold: pd.DataFrame, history: DemandHistory) -> pd.DataFrame:
    """Those introduced lately or within the horizon, and not discontinued before it, by id."""
    if "introduced_at" not in unsold:
        return unsold.iloc[:0]
    origin = pd.Timestamp(history.origin)
    start = pd.to_datetime(unsold["introduced_at"])
    due = (start >= origin - pd.Timedelta(weeks=NEW_WEEKS)) & (
        start < origin + pd.Timedelta(weeks=history.horizon)
    )
    if "discontinued_at" in unsold:
        due &= ~(pd.to_datetime(unsold["discontinued_at"]) <= origin)
    return unsold[due].sort_index()


def _expected(
    history: DemandHistory, due: pd.DataFrame, launched: FirstWeeks, sizes: Floats
) -> Floats:
    """(N, H) units a week of the variants that are due, unscaled."""
    together = pd.concat([history.attributes, due])
    asked = len(history.variants) + np.arange(len(due))
    reach = np.full(len(due), len(launched.row))
    place, likeness = nearest(together, asked, launched.row, reach)
    now = len(history.periods)
    kin = kin_at(launched, sizes[:, now], now, place, likeness)
    days = due["introduced_at"].to_numpy().astype("datetime64[D]") - history.origin
    return _weekly(kin, days / np.timedelta64(7, "D"), history.horizon)


def _at_their_launch(history: DemandHistory, launched: FirstWeeks, sizes: Floats) -> Floats:
    """(M,) units over a horizon from the launch on of each launched variant, from before it."""
    assert history.attributes is not None  # noqa: S101  # the caller looked
    reach = np.searchsorted(launched.first, launched.first, side="left")
    place, likeness = nearest(history.attributes, launched.row, launched.row, reach)
    told = np.zeros(len(launched.row))
    for week in np.unique(launched.first):
        now = np.flatnonzero(launched.first == week)
        kin = kin_at(launched, sizes[:, week], int(week), place[now], likeness[now])
        late = 1.0 - launched.exposure[now, 0]
        told[now] = _weekly(kin, late, history.horizon).sum(axis=1)
    return told


def _weekly(kin: Kin, start: Floats, horizon: int) -> Floats:
    """(N, H) units a week of variants launched so many weeks after an origin, or before it.

    Args:
        kin: what those like them did.
        start: (N,) weeks from the origin to the launch; negative where they are on sale already.
        horizon: weeks to come.
    """
    week = np.floor(start).astype(np.int64)  # of the launch, 0 the first to come
    first_share = 1.0 - (start - week)
    life = np.arange(LIFE)[None, :]
    exposure = np.where(life == 0, first_share[:, None], 1.0)  # (N, LIFE)
    lived = life < -week[:, None]
    fading = FADING ** np.maximum(-week[:, None] - 1 - life, 0)
    shown = (kin.curve * exposure * fading * lived).sum(axis=1)
    rate = SHAPE / (SHAPE / np.maximum(kin.rate, 1e-3) + shown)
    age = np.arange(horizon)[None, :] - week[:, None]  # (N, H)
    within = np.clip(age, 0, LIFE - 1)
    shape = kin.curve[within] * np.take_along_axis(exposure, within, axis=1) * (age >= 0)
    weekly: Floats = (rate * np.exp(kin.log_size))[:, None] * shape
    return weekly


def _joined(forecast: Forecast, due: pd.DataFrame, weekly: Floats, quantiles: Floats) -> Forecast:
    """Both sets of variants in one forecast, ascending by id; what is new is its style's part."""
    variants = np.concatenate([forecast.variants, due.index.to_numpy(dtype=object)])
    order = np.argsort(variants, kind="stable")
    mean = weekly.sum(axis=1)
    parts = None
    if forecast.parts is not None:
        theirs = np.zeros((len(due), len(PARTS)))
        theirs[:, PARTS.index("style")] = mean
        parts = np.concatenate([forecast.parts, theirs])[order]
    return replace(
        forecast,
        variants=variants[order],
        weekly=np.concatenate([forecast.weekly, weekly])[order],
        mean=np.concatenate([forecast.mean, mean])[order],
        quantiles=np.concatenate([forecast.quantiles, quantiles])[order],
        parts=parts,
    )

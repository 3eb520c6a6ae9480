"""Variants that have not sold yet: demand from attributes and from the launches most like them.

What speaks for such a variant is its kin (`production.demand.launches.expected`): the rate of a
whole first week, the units a line and the launch curve of the launched variants nearest to it. One
that has been on sale for some weeks without a sale is held against its kin like every new variant.
How far such forecasts were off is learned from the launches that were seen: each is forecast at its
own launch from what lay before it. What came over what was said scales the mean and, among launches
of like size, spreads the quantiles.

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

from production.demand.forecast import LEVELS, PARTS, DemandHistory, Forecast
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
from production.demand.metrics import pinball

FEWEST: Final = 20
"""Launches that kin are looked for among at least, and that errors are learned from at least."""

LIKE_SIZED: Final = 60
"""Launches of like size whose errors spread a forecast."""

TRUST: Final = (0.1, 0.25, 0.5, 0.75, 1.0)
"""Tried for how far what kin say is believed."""

MOST_LEARNED: Final = 1_000
"""The latest launches that this is learned from."""

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
    if due.empty or "attribute" in history.without:
        return forecast
    launched = FirstWeeks.of(
        history.lines, history.first_period, history.periods, history.attributes
    )
    sizes = log_sizes(history.units[launched.row], history.lines[launched.row])
    _, told, came = at_their_launch(history, launched, sizes)
    if len(told) < FEWEST:
        return forecast
    trust = trust_of(told, came)
    usual = float(np.exp(np.log(told).mean()))
    weekly, whole = _expected(history, due, launched, sizes)
    weekly *= (whole / usual)[:, None] ** (trust - 1)
    told = usual * (told / usual) ** trust
    point = weekly.sum(axis=1)
    scale = float(np.clip(came.sum() / max(float(told.sum()), 1e-9), *SCALES))
    return _joined(forecast, due, scale * weekly, quantiles_of(point, told, came))


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
) -> tuple[Floats, Floats]:
    """(N, H) units a week of the variants that are due; (N,) units of a whole first horizon."""
    together = pd.concat([history.attributes, due])
    asked = len(history.variants) + np.arange(len(due))
    reach = np.full(len(due), len(launched.row))
    place, likeness = nearest(together, asked, launched.row, reach)
    now = len(history.periods)
    kin = kin_at(launched, sizes[:, now], now, place, likeness)
    days = due["introduced_at"].to_numpy().astype("datetime64[D]") - history.origin
    whole = _weekly(kin, np.zeros(len(due)), history.horizon).sum(axis=1)
    return _weekly(kin, days / np.timedelta64(7, "D"), history.horizon), whole


def at_their_launch(
    history: DemandHistory, launched: FirstWeeks, sizes: Floats
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """What launches whose horizon has passed were to sell, said from before each, and what came.

    Those of the first weeks, with less than FEWEST launches before them to be like, are left out.

    Args:
        history: with attributes.
        launched: its launched variants.
        sizes: see `log_sizes`, of those.

    Returns:
        (M,) weeks of the launches, ascending; (M,) units over a horizon as said, unscaled; (M,)
        units that came.
    """
    if history.attributes is None or not len(launched.row):
        return np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0)
    reach = np.searchsorted(launched.first, launched.first, side="left")
    place, likeness = nearest(history.attributes, launched.row, launched.row, reach)
    told = np.zeros(len(launched.row))
    for week in np.unique(launched.first):
        now = np.flatnonzero(launched.first == week)
        kin = kin_at(launched, sizes[:, week], int(week), place[now], likeness[now])
        late = 1.0 - launched.exposure[now, 0]
        told[now] = _weekly(kin, late, history.horizon).sum(axis=1)
    before = np.searchsorted(launched.first, launched.first - history.horizon, side="right")
    seen = (launched.first + history.horizon <= len(history.periods)) & (before >= FEWEST)
    columns = launched.first[seen, None] + np.arange(history.horizon)
    came = np.take_along_axis(history.units[launched.row[seen]], columns, axis=1).sum(axis=1)
    return launched.first[seen], told[seen], came


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


def trust_of(told: Floats, came: Floats) -> float:
    """How far what kin say is believed, of TRUST: what loses least at the latest launches.

    Where attributes do not tell launches apart, what is said is drawn to what all of them sell:
    its logarithm to their mean, as far as 1 less the trust.

    Args:
        told: (M,) as said, oldest first.
        came: (M,) what came.
    """
    told, came = told[-MOST_LEARNED:], came[-MOST_LEARNED:]
    usual = np.exp(np.log(told).mean())
    losses = []
    for trust in TRUST:
        said = usual * (told / usual) ** trust
        losses.append(float(pinball(quantiles_of(said, said, came), came).mean()))
    return TRUST[int(np.argmin(losses))]


def quantiles_of(point: Floats, told: Floats, came: Floats) -> Floats:
    """(N, Q) point forecasts times what came over what was said of the LIKE_SIZED nearest in size.

    Args:
        point: (N,) units over the horizon, as said.
        told: (M,) as said of launches that were seen; M is FEWEST at least.
        came: (M,) what came of them.
    """
    sizes, ratio = np.log(np.maximum(told, 1e-9)), came / np.maximum(told, 1e-9)
    away = np.abs(np.log(np.maximum(point, 1e-9))[:, None] - sizes)  # (N, M)
    alike = np.argsort(away, axis=1, kind="stable")[:, :LIKE_SIZED]
    quantiles: Floats = point[:, None] * np.quantile(ratio[alike], LEVELS, axis=1).T
    return quantiles


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

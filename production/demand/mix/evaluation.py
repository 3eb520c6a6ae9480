"""The mix judged on weeks already past: the error of its shares, given each style's true total.

    share error = sum over v of |p_v D_s - d_v| / sum over v of d_v

over the styles s of two or more active variants v (sold in the ACTIVE_WEEKS before the origin),
with d_v the units of the horizon, D_s their sum over the style and p_v a method's share. Errors
and units are summed over all origins before they are divided, so that an origin on which sparse
styles sold next to nothing does not weigh like any other. Half of the error is the part of a
style's units that would be made of the wrong variant.

A style is sparse at an origin that it sold fewer than SPARSE_UNITS units in the RAW_WEEKS before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from data.progress import Progress, silent
from data.workspace import Workspace
from production.demand.forecasting import DemandSource, open_demand
from production.demand.mix.candidates import Candidates, Floats, within
from production.demand.mix.prior import learn_prior
from production.demand.mix.settings import MixSettings
from production.demand.mix.shares import Mix, mix_of, style_mix
from production.demand.mix.speeds import chosen_speed
from production.demand.origins import past_origins
from production.demand.reading import read_panel
from production.demand.settings import DemandSettings
from production.errors import TooLittleHistory
from recsys.model import Run

RAW_WEEKS: Final = 13
SPARSE_UNITS: Final = 20
DRAWS: Final = 1000

DEFAULT: Final = "atelier"
RAW: Final = "raw_13_weeks"
METHODS: Final = (RAW, "dirichlet_multinomial", "equal_prior", "without_preferences", DEFAULT)
"""The units' share in RAW_WEEKS (equal where a style sold none); one speed, units and equal shares
as the prior (half-life 4 weeks, worth 30 units); the default with an equal prior; the default with
a prior that does not know preferences; the default."""

ONE_SPEED: Final = MixSettings(
    units_power=1.0, half_life=4.0, concentration=30.0, recent_concentration=1e12
)
SLICES: Final = ("all", "sparse", "other")
SHARE_COLUMNS: Final = (
    "method", "origin", "style_id", "variant_id", "sparse", "share", "low", "high", "units",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MixEvaluation:
    """The shares of every method, what came, and the figures.

    Attributes:
        horizon: periods that each mix is for.
        step: periods between origins.
        origins: the origins, ascending.
        shares: SHARE_COLUMNS, a row a method, origin and variant; low and high are NaN where a
            method has no interval.
        figures: a row a method and slice: styles and units (sums over origins), `share_error`,
            `ratio` to the raw share's error with a 95 % `interval` over styles, and `coverage`
            of the intervals where there are any.
    """

    horizon: int
    step: int
    origins: tuple[np.datetime64, ...]
    shares: pd.DataFrame
    figures: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """The evaluation for programs; holds no NaN."""
        return {
            "horizon": self.horizon,
            "step": self.step,
            "origins": [str(origin) for origin in self.origins],
            "default": DEFAULT,
            "reference": RAW,
            "sparse_units": SPARSE_UNITS,
            "sparse_weeks": RAW_WEEKS,
            "interval_coverage": MixSettings().coverage,
            "methods": self.figures,
        }


def evaluate_mix(
    workspace: Workspace,
    *,
    horizon: int = 4,
    origins: int = 7,
    step: int = 4,
    settings: DemandSettings | None = None,
    run: Run | None = None,
    progress: Progress = silent,
) -> MixEvaluation:
    """Split styles over their variants at past origins and compare with what came.

    Args:
        workspace: its orders; and variants, without which no style has two of them.
        horizon: periods that each mix is for.
        origins: how many, at least 1.
        step: periods between them, at least 1.
        settings: how demand is read.
        run: seed of the bootstrap and of the preference model.
        progress: told each origin.

    Raises:
        BadHorizon, OutsideData: the request asks for what there is not.
        TooLittleHistory: no style of two or more variants sold.
    """
    panel = read_panel(workspace, settings)
    dates = past_origins(panel, horizon=horizon, origins=origins, step=step)
    source = open_demand(workspace, dates, panel=panel, horizon=horizon, run=run, progress=progress)
    shares = shares_at(source, dates, progress)
    if not shares["units"].any():
        raise TooLittleHistory(
            "No style of two or more variants sold at any origin.",
            where="variants, style_id",
            fix="Map the column that says which variants are one style to style_id.",
        )
    return MixEvaluation(
        horizon=horizon,
        step=step,
        origins=tuple(dates),
        shares=shares,
        figures=figures(shares, (run or Run()).seed),
    )


def shares_at(
    source: DemandSource, dates: Sequence[np.datetime64], progress: Progress = silent
) -> pd.DataFrame:
    """SHARE_COLUMNS of every method at some origins, whose horizons lie within the data."""
    parts = []
    for done, date in enumerate(dates):
        history = source.history(date)
        past = Candidates.of(history)
        siblings = np.flatnonzero(history.active)
        siblings = siblings[past.take(siblings).several()]
        came = pd.Series(source.panel.actual(date, source.horizon), index=source.panel.variants)
        now = past.take(siblings)
        frame = pd.DataFrame(
            {
                "origin": str(date),
                "style_id": history.styles[history.style[siblings]],
                "variant_id": history.variants[siblings],
                "sparse": within(now.style, _recent(now)) < SPARSE_UNITS,
                "units": came.reindex(history.variants[siblings]).to_numpy(float),
            }
        )
        for name, mix in _mixes(past, now, siblings, source.horizon).items():
            share, low, high = _columns(mix)
            parts.append(frame.assign(method=name, share=share, low=low, high=high))
        progress("Evaluating the mix", done + 1, len(dates))
    return pd.concat(parts, ignore_index=True)[list(SHARE_COLUMNS)]


def _columns(mix: Mix | Floats) -> tuple[Floats, Floats, Floats]:
    if isinstance(mix, Mix):
        return mix.share, mix.low, mix.high
    unknown = np.full(len(mix), np.nan)
    return mix, unknown, unknown


def _recent(now: Candidates) -> Floats:
    recent: Floats = now.units[:, -RAW_WEEKS * now.per_week :].sum(axis=1)
    return recent


def _mixes(
    past: Candidates, now: Candidates, siblings: np.ndarray, horizon: int
) -> dict[str, Mix | Floats]:
    """Every method's mix of the siblings, in the order of METHODS; bare shares of the raw one."""
    recent = _recent(now)
    total = within(now.style, recent)
    equal = 1 / within(now.style, np.ones(len(recent)))
    raw = np.divide(recent, total, out=equal.copy(), where=total > 0)

    def plain(settings: MixSettings) -> Mix:
        return style_mix(
            now.units,
            now.lines,
            now.style,
            horizon=horizon,
            settings=settings,
            per_week=now.per_week,
        )

    prior = learn_prior(past, horizon, MixSettings())
    found = (
        raw,
        plain(ONE_SPEED),
        plain(chosen_speed(past, prior, horizon)),
        mix_of(past.without_preferences(), horizon=horizon, rows=siblings),
        mix_of(past, horizon=horizon, rows=siblings),
    )
    return dict(zip(METHODS, found, strict=True))


def figures(shares: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    """A row a method and slice; see `MixEvaluation.figures`."""
    style = ["origin", "style_id"]
    total = shares.groupby(["method", *style])["units"].transform("sum")
    rows = shares.assign(
        error=(shares["share"] * total - shares["units"]).abs(),
        shown=shares["units"] / total.where(total > 0),
    )
    found = []
    for kind in SLICES:
        part = rows if kind == "all" else rows[rows["sparse"] == (kind == "sparse")]
        if not part["units"].any():
            continue
        sums = part.pivot_table(
            index="style_id", columns="method", values=["error", "units"], aggfunc="sum"
        ).fillna(0.0)
        for name in METHODS:
            mine = part[part["method"] == name]
            judged = mine[mine["shown"].notna()]
            ratio, low, high = _ratio(sums["error", name], sums["error", RAW], seed)
            inside = (judged["low"] <= judged["shown"]) & (judged["shown"] <= judged["high"])
            found.append(
                {
                    "method": name,
                    "slice": kind,
                    "styles": int(judged[style].drop_duplicates().shape[0]),
                    "units": float(mine["units"].sum()),
                    "share_error": float(mine["error"].sum() / mine["units"].sum()),
                    "ratio": ratio,
                    "interval": [low, high],
                    "level": 0.95,
                    "coverage": float(inside.mean()) if judged["low"].notna().all() else None,
                }
            )
    return found


def _ratio(mine: pd.Series, raw: pd.Series, seed: int) -> tuple[float, float, float]:
    """Ratio of two errors and its 95 % percentile interval; a style is drawn with all origins."""
    count = len(mine)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(count, np.full(count, 1 / count), size=DRAWS)
    weights = np.vstack([np.ones(count), drawn])  # (1 + DRAWS, S), the sample itself first
    ratios = (weights @ mine.to_numpy(float)) / np.maximum(weights @ raw.to_numpy(float), 1e-12)
    low, high = np.quantile(ratios[1:], [0.025, 0.975])
    return float(ratios[0]), float(low), float(high)

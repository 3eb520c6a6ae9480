"""Forecasts kept in the workspace: one folder a forecast, whole or not there.

forecasts/<id>/forecast.json      what it is and rests on, and the tables' SHA-256
forecasts/<id>/variants.parquet   one active variant a row: mean, quantiles, parts, periods
forecasts/<id>/past.parquet       the same variants' units in the last periods, one a column
forecasts/latest                  the id that was saved last

Whoever reads one learns nothing anew: a planner's look at a variant, the service's answer and the
report show the forecast that the plan was made from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.kept import digest_of, keep, kept, latest
from data.nearest import hint
from data.workspace import Workspace
from production.demand.forecast import LEVELS, PARTS, Forecast
from production.demand.history import DemandPanel
from production.demand.market.report import FactorUse
from production.demand.periods import length
from production.errors import ForecastRefused, NotForecast, UnknownForecast

FORMAT: Final = 1
SHOWN: Final = 5
NEAR: Final = 100
"""Ids on each side of an unknown one among which the one that was meant is looked for."""

PAST_WEEKS: Final = 104
"""Weeks of the past that are kept beside a forecast."""

QUANTILES: Final = tuple(f"q{round(level * 100):02d}" for level in LEVELS)
"""Columns of the quantiles at LEVELS."""

EFFECT_COLUMNS: Final = ("term", "kind", "group", "meaning", "effect", "unit")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedForecast:
    """A forecast with the past that it continues.

    Attributes:
        forecast_id: made from the content, so that equal forecasts have equal ids.
        forecast: demand of every active variant.
        per_week: periods a week: 1, or 7 where demand is read by day.
        style_ids: (V,) str, each variant's style.
        titles: (V,) str, each variant's name; empty where the catalogue has none.
        groups: (V,) str, the group whose market response each variant has.
        periods: (T,) datetime64[D], first days of the last periods before the origin, ascending.
        past: (V, T) float64, units of each variant in them.
        asked: what was asked for and of which data, as JSON holds it.
        restored: what restoring demand behind stock-outs added to the past (`censoring`), as JSON
            holds it; None where sales were taken for demand.
    """

    forecast_id: str
    forecast: Forecast
    per_week: int
    style_ids: NDArray[np.object_]
    titles: NDArray[np.object_]
    groups: NDArray[np.object_]
    periods: NDArray[np.datetime64]
    past: NDArray[np.float64]
    asked: Mapping[str, Any]
    restored: Mapping[str, Any] | None = None

    @property
    def horizon(self) -> int:
        """Periods that are forecast."""
        return int(self.forecast.weekly.shape[1])

    @property
    def coming(self) -> NDArray[np.datetime64]:
        """(H,) datetime64[D]: the first days of the periods that are forecast."""
        days: NDArray[np.datetime64] = self.forecast.origin.astype("datetime64[D]") + length(
            self.per_week
        ) * np.arange(self.horizon)
        return days

    def place(self, variant_id: str) -> int:
        """A variant's row.

        Raises:
            NotForecast: the forecast does not hold it.
        """
        ids = self.forecast.variants
        place = int(np.searchsorted(ids, variant_id))
        if place == len(ids) or ids[place] != variant_id:
            raise NotForecast(
                f"No demand is forecast for the variant '{variant_id[:80]}'.",
                where="variant id",
                fix=f"{hint(variant_id[:80], ids[max(0, place - NEAR) : place + NEAR])}This "
                f"forecast holds the {len(ids):,} variants that sold in the half year before "
                f"{self.forecast.origin.astype('datetime64[D]')}.",
            )
        return place


def forecast_with_past(
    forecast: Forecast, panel: DemandPanel, asked: Mapping[str, Any] | None = None
) -> SavedForecast:
    """A forecast under its id, with the past that it continues.

    Args:
        forecast: from the panel's data.
        panel: what it was made from.
        asked: what was asked for, as JSON holds it.
    """
    end = panel.week(forecast.origin)
    start = max(0, end - PAST_WEEKS * panel.per_week)
    rows = pd.Index(panel.variants).get_indexer(pd.Index(forecast.variants))
    sold = np.where(rows[:, None] >= 0, panel.units[rows, start:end], 0.0)
    styles = np.where(rows >= 0, panel.styles[panel.style[rows]], forecast.variants)
    styles = _of_unsold(panel, forecast.variants, rows, "style_id", styles)
    return SavedForecast(
        forecast_id=forecast_id(forecast, panel.per_week),
        forecast=forecast,
        per_week=panel.per_week,
        style_ids=styles.astype(object),
        titles=_of_unsold(panel, forecast.variants, rows, "title", _titles(panel, rows)),
        groups=_of_unsold(
            panel,
            forecast.variants,
            rows,
            panel.settings.group_by,
            np.where(rows >= 0, panel.groups[panel.group[rows]], ""),
        ),
        periods=panel.periods[start:end],
        past=sold,
        asked=dict(asked or {}),
        restored=None if panel.demanded is None else panel.demanded.before(end).to_json(),
    )


def _of_unsold(
    panel: DemandPanel,
    variants: NDArray[np.object_],
    rows: NDArray[np.intp],
    column: str,
    known: NDArray[np.object_],
) -> NDArray[np.object_]:
    """(V,) the same texts, those of variants that never sold from the catalogue."""
    if panel.unsold is None or column not in panel.unsold:
        return known.astype(object)
    found = panel.unsold[column].reindex(variants).to_numpy(dtype=object)
    return np.where((rows < 0) & ~pd.isna(found), found, known).astype(object)


def _titles(panel: DemandPanel, rows: NDArray[np.intp]) -> NDArray[np.object_]:
    if panel.attributes is None or "title" not in panel.attributes:
        return np.full(len(rows), "", dtype=object)
    titles = panel.attributes["title"].to_numpy(dtype=object)[rows]
    missing = pd.isna(titles) | (rows < 0)
    return np.where(missing, "", titles).astype(object)


def forecast_id(forecast: Forecast, per_week: int = 1) -> str:
    """The id that a forecast's content makes."""
    digest = hashlib.sha256("\n".join(map(str, forecast.variants)).encode())
    digest.update(f"{forecast.method} {forecast.origin} {per_week}".encode())
    for values in (forecast.weekly, forecast.quantiles, forecast.parts):
        if values is not None:
            digest.update(np.round(values, 9).astype("<f8").tobytes())
    span = f"{forecast.weekly.shape[1]}{'d' if per_week == 7 else 'w'}"
    return f"{forecast.origin.astype('datetime64[D]')}-{span}-{digest.hexdigest()[:12]}"


def save_forecast(workspace: Workspace, saved: SavedForecast) -> Path:
    """Keep a forecast and make it the latest; saving an equal one again changes nothing else.

    Returns:
        The forecast's folder.
    """
    home = workspace.root / "forecasts"

    def write(folder: Path) -> str:
        _write(folder, saved)
        return saved.forecast_id

    # the same forecast may have been asked for otherwise
    return keep(home, write, anew=not _asked_alike(home / saved.forecast_id, saved))


def _asked_alike(folder: Path, saved: SavedForecast) -> bool:
    try:
        header = json.loads((folder / "forecast.json").read_text())
    except (OSError, ValueError):
        return False
    return bool(header.get("asked") == json.loads(json.dumps(dict(saved.asked))))


def _write(folder: Path, saved: SavedForecast) -> None:
    forecast = saved.forecast
    table_of(saved).to_parquet(folder / "variants.parquet", index=False)
    past = pd.DataFrame(saved.past, columns=[str(day) for day in saved.periods])
    past.to_parquet(folder / "past.parquet", index=False)
    effects = forecast.effects
    header = {
        "format": FORMAT,
        "forecast_id": saved.forecast_id,
        "method": forecast.method,
        "origin": str(forecast.origin.astype("datetime64[D]")),
        "per_week": saved.per_week,
        "horizon": saved.horizon,
        "parts": forecast.parts is not None,
        "asked": dict(saved.asked),
        "restored": None if saved.restored is None else dict(saved.restored),
        "factors": [factor.to_json() for factor in forecast.factors],
        "effects": None
        if effects is None
        else json.loads(effects[list(EFFECT_COLUMNS)].to_json(orient="records")),
        "variants": digest_of(folder / "variants.parquet"),
        "past": digest_of(folder / "past.parquet"),
    }
    (folder / "forecast.json").write_text(json.dumps(header, indent=1) + "\n")


def table_of(saved: SavedForecast) -> pd.DataFrame:
    """One variant a row: ids, title, group, mean, quantiles, `part_…`, `period_1` to `_H`."""
    forecast = saved.forecast
    names = {
        "variant_id": forecast.variants,
        "style_id": saved.style_ids,
        "title": saved.titles,
        "group": saved.groups,
    }
    frames = [
        pd.DataFrame(names).astype("str"),
        pd.DataFrame({"mean": forecast.mean}),
        pd.DataFrame(forecast.quantiles, columns=list(QUANTILES)),
    ]
    if forecast.parts is not None:
        frames.append(pd.DataFrame(forecast.parts, columns=[f"part_{part}" for part in PARTS]))
    columns = [f"period_{step}" for step in range(1, saved.horizon + 1)]
    frames.append(pd.DataFrame(forecast.weekly, columns=columns))
    return pd.concat(frames, axis=1)


def load_forecast(workspace: Workspace, forecast_id: str) -> SavedForecast:
    """A kept forecast.

    Raises:
        UnknownForecast: the workspace holds no forecast of that id.
        ForecastRefused: its files are altered, incomplete or of another version.
    """
    kept = list_forecasts(workspace)
    if forecast_id not in kept:
        last = f"The last are {', '.join(kept[-SHOWN:])}." if kept else "There is none yet."
        raise UnknownForecast(
            f"There is no forecast '{forecast_id[:80]}'.",
            where="forecast id",
            fix=f"{last} Make one with 'atelier forecast'.",
        )
    folder = workspace.root / "forecasts" / forecast_id
    try:
        return _read(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ForecastRefused(
            f"The forecast '{forecast_id}' is altered or incomplete: {error}.",
            where=str(folder),
            fix="Remove its folder and make the forecast again with 'atelier forecast'.",
        ) from error


def _read(folder: Path) -> SavedForecast:
    header = json.loads((folder / "forecast.json").read_text())
    for name in ("variants", "past"):
        if header["format"] != FORMAT or header[name] != digest_of(folder / f"{name}.parquet"):
            raise ValueError("another format, or numbers that were changed")
    table = pd.read_parquet(folder / "variants.parquet")
    past = pd.read_parquet(folder / "past.parquet")
    columns = [f"period_{step}" for step in range(1, header["horizon"] + 1)]
    parts = [f"part_{part}" for part in PARTS]
    ids = table["variant_id"].to_numpy(dtype=object)
    forecast = Forecast(
        method=header["method"],
        origin=np.datetime64(header["origin"], "D"),
        variants=ids,
        weekly=table[columns].to_numpy(dtype=np.float64),
        mean=table["mean"].to_numpy(dtype=np.float64),
        quantiles=table[list(QUANTILES)].to_numpy(dtype=np.float64),
        parts=table[parts].to_numpy(dtype=np.float64) if header["parts"] else None,
        effects=None if header["effects"] is None else pd.DataFrame(header["effects"]),
        factors=tuple(FactorUse.from_json(one) for one in header.get("factors", ())),
    )
    return SavedForecast(
        forecast_id=header["forecast_id"],
        forecast=forecast,
        per_week=int(header["per_week"]),
        style_ids=table["style_id"].to_numpy(dtype=object),
        titles=table["title"].to_numpy(dtype=object),
        groups=table["group"].to_numpy(dtype=object),
        periods=past.columns.to_numpy(dtype="datetime64[D]"),
        past=past.to_numpy(dtype=np.float64),
        asked=header["asked"],
        restored=header.get("restored"),
    )


def list_forecasts(workspace: Workspace) -> tuple[str, ...]:
    """Ids of the kept forecasts, by the day they start and then by content."""
    return kept(workspace.root / "forecasts", "forecast.json")


def latest_forecast_id(workspace: Workspace) -> str | None:
    """The id of the forecast that was saved last; None where there is none."""
    return latest(workspace.root / "forecasts")

"""Demand as commands and routes answer it: made once, kept, and read from then on."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

import numpy as np
import pandas as pd

from api.errors import NotReady
from api.loop import join_orders
from api.scenario import digest_of
from api.settings import Settings
from data.progress import Progress, silent
from data.workspace import Workspace
from production.demand.drivers import drivers
from production.demand.forecasting import forecast_demand
from production.demand.reading import read_panel
from production.demand.saved import (
    QUANTILES,
    SavedForecast,
    forecast_with_past,
    latest_forecast_id,
    load_forecast,
    save_forecast,
)
from recsys.model import Run

PAST_SHOWN: Final = 26
"""Past periods of an answer, unless more are asked for."""

EFFECTS_SHOWN: Final = 12
"""Effects of each kind in an answer, the largest first."""


def asked_of(
    workspace: Workspace,
    settings: Settings,
    *,
    as_of: np.datetime64 | None,
    method: str,
    more: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What a forecast is asked for and of which data; equal requests make equal forecasts."""
    return {
        "as_of": None if as_of is None else str(as_of.astype("datetime64[D]")),
        "horizon": settings.horizon,
        "method": method,
        "seed": settings.seed,
        "demand": settings.demand.model_dump(mode="json"),
        "tables": workspace.digest(),
        "version": version("atelier"),
        **(more or {}),
    }


def forecast_and_save(
    workspace: Workspace,
    settings: Settings,
    *,
    as_of: np.datetime64 | None = None,
    method: str = "atelier",
    scenario: pd.DataFrame | None = None,
    patience: float | None = None,
    progress: Progress = silent,
) -> SavedForecast:
    """Forecast over the settings' horizon, keep the forecast and make it the latest.

    Custom orders are taken into the tables first, see `api.loop.join_orders`.

    Args:
        workspace: what to learn from, and where to keep it.
        settings: horizon, seed and how demand is read.
        as_of: see `production.demand.forecasting.forecast_demand`.
        method: likewise.
        scenario: what somebody says of market factors to come, or None.
        patience: seconds that joining waits for the tables, see `Workspace.locked`.
        progress: told of the steps.

    Raises:
        WorkspaceError: another process is changing the tables.
        StoreError: the store is away, busy, full or read-only.
    """
    join_orders(workspace, settings, patience=patience)
    return _made_and_saved(
        workspace, settings, as_of=as_of, method=method, scenario=scenario, progress=progress
    )


def _made_and_saved(
    workspace: Workspace,
    settings: Settings,
    *,
    as_of: np.datetime64 | None,
    method: str,
    scenario: pd.DataFrame | None,
    progress: Progress,
) -> SavedForecast:
    more = _scenario_asked(scenario)  # before the tables are read: what is swapped later is newer
    asked = asked_of(workspace, settings, as_of=as_of, method=method, more=more)
    panel = read_panel(workspace, settings.demand, scenario=scenario)
    found = forecast_demand(
        workspace,
        as_of=as_of,
        horizon=settings.horizon,
        method=method,
        panel=panel,
        run=Run(seed=settings.seed, threads=settings.threads),
        progress=progress,
    )
    saved = forecast_with_past(found, panel, asked)
    save_forecast(workspace, saved)
    return saved


def kept_or_made(
    workspace: Workspace,
    settings: Settings,
    *,
    as_of: np.datetime64 | None = None,
    method: str = "atelier",
    scenario: pd.DataFrame | None = None,
    progress: Progress = silent,
) -> SavedForecast:
    """The latest kept forecast, where it answers this and the data are as they were; else a new.

    Errors as of `forecast_and_save`; custom orders count among the data.
    """
    join_orders(workspace, settings)
    kept = latest_forecast_id(workspace)
    if kept is not None:
        saved = load_forecast(workspace, kept)
        more = _scenario_asked(scenario)
        if saved.asked == asked_of(workspace, settings, as_of=as_of, method=method, more=more):
            return saved
    return _made_and_saved(
        workspace, settings, as_of=as_of, method=method, scenario=scenario, progress=progress
    )


def _scenario_asked(scenario: pd.DataFrame | None) -> dict[str, Any] | None:
    return None if scenario is None else {"scenario": digest_of(scenario)}


def latest_saved(workspace: Workspace) -> SavedForecast:
    """The forecast that was saved last.

    Raises:
        NotReady: there is none yet.
    """
    kept = latest_forecast_id(workspace)
    if kept is None:
        raise NotReady(
            "The workspace has no forecast yet.",
            where="forecast",
            fix="Make one with 'atelier forecast' or 'atelier plan', or POST /v1/plans.",
        )
    return load_forecast(workspace, kept)


def header_of(saved: SavedForecast) -> dict[str, Any]:
    """What a forecast is, for JSON."""
    return {
        "forecast_id": saved.forecast_id,
        "method": saved.forecast.method,
        "origin": str(saved.forecast.origin.astype("datetime64[D]")),
        "period": "day" if saved.per_week == 7 else "week",
        "horizon": saved.horizon,
        "restored": None if saved.restored is None else dict(saved.restored),
    }


def variant_answer(
    saved: SavedForecast, variant_id: str, *, past: int = PAST_SHOWN
) -> dict[str, Any]:
    """One variant's past, forecast and what drove it, for JSON.

    Args:
        saved: the forecast.
        variant_id: which variant.
        past: how many past periods at most.

    Raises:
        NotForecast: the forecast does not hold the variant.
    """
    place, forecast = saved.place(variant_id), saved.forecast
    mean = float(forecast.mean[place])
    days = [str(day) for day in saved.periods[-past:]] if past else []
    units = saved.past[place, -past:].tolist() if past else []
    return {
        "variant_id": variant_id,
        "style_id": str(saved.style_ids[place]),
        "title": str(saved.titles[place]),
        **header_of(saved),
        "mean": mean,
        "quantiles": dict(zip(QUANTILES, forecast.quantiles[place].tolist(), strict=True)),
        "periods": [
            {"start": str(day), "mean": float(one)}
            for day, one in zip(saved.coming, forecast.weekly[place], strict=True)
        ],
        "parts": None
        if forecast.parts is None
        else [
            {"part": one.part, "units": one.units, "share": one.share, "text": one.text}
            for one in drivers(forecast.parts[place], mean)
        ],
        "past": [
            {"start": day, "units": float(sold)} for day, sold in zip(days, units, strict=True)
        ],
        "learned": learned(forecast.effects, str(saved.groups[place])),
    }


def list_answer(saved: SavedForecast, *, limit: int, offset: int) -> dict[str, Any]:
    """Some variants of a forecast, the largest demand first and ties by id, for JSON."""
    forecast = saved.forecast
    order = np.argsort(-forecast.mean, kind="stable")[offset : offset + limit]
    return {
        **header_of(saved),
        "total": len(forecast.variants),
        "variants": [
            {
                "variant_id": str(forecast.variants[place]),
                "style_id": str(saved.style_ids[place]),
                "title": str(saved.titles[place]),
                "mean": float(forecast.mean[place]),
                "quantiles": dict(zip(QUANTILES, forecast.quantiles[place].tolist(), strict=True)),
            }
            for place in order
        ],
    }


def learned(effects: pd.DataFrame | None, group: str) -> list[dict[str, Any]]:
    """What the method learned of a group's terms and market factors, the largest effect first."""
    if effects is None:
        return []
    mine = effects[effects["group"].isin(["", group]) & (effects["effect"].abs() > 0)]
    mine = mine.sort_values("effect", key=np.abs, ascending=False, kind="stable")
    shown = mine.groupby("kind", sort=True).head(EFFECTS_SHOWN)
    columns = ["term", "kind", "meaning", "effect", "unit"]
    return [dict(zip(columns, row, strict=True)) for row in shown[columns].itertuples(index=False)]

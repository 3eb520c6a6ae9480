"""The demand of a workspace: one call from its tables to a forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.progress import Progress, silent
from data.tables import ORDERS
from data.workspace import Workspace
from production.demand.backtest import Backtest
from production.demand.forecast import DemandHistory, Forecast
from production.demand.forecasters import DEFAULT, make_forecaster
from production.demand.history import LONGEST_HORIZON, DemandPanel
from production.demand.launches.unsold import with_unsold
from production.demand.market.report import with_effects
from production.demand.preferences.expected import expected_units
from production.demand.reading import read_panel
from production.demand.settings import DemandSettings
from production.errors import BadHorizon
from recsys.model import Run

PREFERENCE_HORIZONS: Final = 6
"""Past horizons for which expected units are learned, beside the one to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandSource:
    """A workspace read for forecasts at some origins; what they share is computed once.

    Attributes:
        panel: its demand panel.
        horizon: weeks to forecast.
        expected: (V, T + 1) expected units from preferences, or None.
        book: forecasts made so far, shared by the origins.
    """

    panel: DemandPanel
    horizon: int
    expected: NDArray[np.float64] | None
    book: Backtest

    def history(self, origin: np.datetime64) -> DemandHistory:
        """What is known at an origin."""
        return self.book.history(origin)

    def without(self, groups: frozenset[str]) -> DemandSource:
        """The same source as if groups of features were not known, past forecasts included.

        Beside telling the methods (`DemandHistory.without`), what such features are made of is
        taken away: expected units, the catalogue's columns, prices, and which variants are of one
        style.

        Args:
            groups: of `production.demand.forecast.GROUPS`.
        """
        panel = self.panel
        expected = None if "preference" in groups else self.expected
        if "attribute" in groups:
            panel = replace(panel, attributes=None)
        if "price" in groups:
            panel = replace(panel, price=np.ones_like(panel.price))
        if "style" in groups:
            alone = np.arange(len(panel.variants), dtype=np.int32)
            panel = replace(panel, style=alone, styles=panel.variants)
        book = panel.backtest(horizon=self.horizon, expected=expected, without=groups)
        return replace(self, panel=panel, expected=expected, book=book)

    def forecast(self, origin: np.datetime64, method: str = DEFAULT) -> Forecast:
        """Demand over the horizon from an origin on.

        Raises:
            UnknownMethod: no such method.
            OutsideData, TooLittleHistory: it cannot be forecast from that origin.
        """
        found = self.book.forecast(make_forecaster(method), origin)
        factors = with_effects(self.history(origin).factors, found.effects)
        return replace(found, factors=factors)

    def outlook(self, origin: np.datetime64, method: str = DEFAULT) -> Forecast:
        """The forecast of all that is on sale, variants that have not sold yet among them.

        Evaluations ask for `forecast`: of a variant that is yet to sell, only the catalogue of
        today knows, and not that of a past origin.

        Raises:
            UnknownMethod, OutsideData, TooLittleHistory: see `forecast`.
        """
        found = self.forecast(origin, method)
        return with_unsold(found, self.history(origin), self.panel.unsold)


def open_demand(
    workspace: Workspace,
    origins: Sequence[np.datetime64] | None = None,
    *,
    panel: DemandPanel | None = None,
    horizon: int = 4,
    settings: DemandSettings | None = None,
    preferences: bool = True,
    scenario: pd.DataFrame | None = None,
    run: Run | None = None,
    progress: Progress = silent,
) -> DemandSource:
    """Read a workspace for forecasts at some origins.

    Args:
        workspace: its orders; and variants and market, where it has them.
        origins: Mondays; the latest possible without.
        panel: the workspace's panel, where the caller has it already.
        horizon: weeks to forecast.
        settings: how demand is read.
        preferences: whether a method will ask for expected units; learning them costs two fits
            of the preference model an origin.
        scenario: what somebody says of market factors to come, laid out as the market table.
        run: seed and threads of the preference model.
        progress: told of the preferences' origins.

    Raises:
        BadHorizon: the horizon is not 1 to LONGEST_HORIZON weeks.
        WorkspaceError, TooLittleHistory: there are no orders, or too few.
    """
    if not 1 <= horizon <= LONGEST_HORIZON:
        raise BadHorizon(
            f"A horizon of {horizon} periods cannot be forecast.",
            where="horizon",
            fix=f"Choose 1 to {LONGEST_HORIZON} weeks, or days where demand is read by day.",
        )
    panel = panel or read_panel(workspace, settings, scenario=scenario)
    asked = [panel.end] if origins is None else list(origins)
    expected = None
    if preferences and panel.settings.preferences and panel.per_week == 1:
        places = np.array([panel.week(origin) for origin in asked])
        back = horizon * np.arange(PREFERENCE_HORIZONS + 1)
        grid = np.unique(places[:, None] - back)
        expected = expected_units(
            workspace.read(ORDERS),
            panel,
            grid[grid > horizon],
            horizon=horizon,
            run=run or Run(),
            progress=progress,
        )
    book = panel.backtest(horizon=horizon, expected=expected)
    return DemandSource(panel=panel, horizon=horizon, expected=expected, book=book)


def forecast_demand(
    workspace: Workspace,
    *,
    as_of: np.datetime64 | None = None,
    horizon: int = 4,
    method: str = DEFAULT,
    panel: DemandPanel | None = None,
    settings: DemandSettings | None = None,
    scenario: pd.DataFrame | None = None,
    run: Run | None = None,
    progress: Progress = silent,
) -> Forecast:
    """Demand of every active variant over the coming weeks, and of those about to be launched.

    Args:
        workspace: its orders; and variants and market, where it has them.
        as_of: the forecast starts with the Monday of this day's week and stands on what lay
            before it; without it, it starts after the last complete week.
        horizon: weeks to forecast.
        method: a name of `production.demand.forecasters.method_names`.
        panel: what is known, where the caller has it already; `settings` then do not matter.
        settings: how demand is read.
        scenario: what somebody says of market factors to come, laid out as the market table.
        run: seed and threads of the preference model.
        progress: told of the steps.

    Raises:
        UnknownMethod, BadHorizon: the request names what there is not.
        WorkspaceError, OutsideData, TooLittleHistory: the orders do not reach so far.
    """
    make_forecaster(method)  # a misspelt name is refused before the work
    progress("Forecasting demand", 0, 2)
    panel = panel or read_panel(workspace, settings, scenario=scenario)
    origin = panel.origin(as_of)
    source = open_demand(
        workspace,
        [origin],
        panel=panel,
        horizon=horizon,
        preferences=method == DEFAULT,
        run=run,
        progress=progress,
    )
    progress("Forecasting demand", 1, 2)
    forecast = source.outlook(origin, method)
    progress("Forecasting demand", 2, 2)
    return forecast

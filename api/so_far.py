"""Orders since a plan was made, imported and live, compared with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from api.live import local_time, order_lines
from api.settings import Settings
from data.store import Store
from data.workspace import Workspace
from production.demand.saved import load_forecast
from production.plans.plan import Plan
from production.report.live import LiveMix, orders_so_far


def _now() -> datetime:
    return datetime.now(UTC)


class SoFar:
    """Compares plans with the orders that came since; safe to share between threads.

    Args:
        workspace: the plans' workspace.
        settings: which time zone is the shop's.
        store: its live events.
        clock: tells the moment.
    """

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        store: Store,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._workspace = workspace
        self._timezone = settings.timezone
        self._store = store
        self._clock = clock

    def of(self, plan: Plan) -> LiveMix:
        """Orders since a plan was made, up to now.

        Raises:
            UnknownForecast: the forecast that it was made from is not kept.
            StoreError: the store does not answer.
        """
        forecast = load_forecast(self._workspace, plan.forecast_id)
        since: datetime = forecast.forecast.origin.astype("datetime64[us]").item()
        lines = order_lines(self._workspace, self._store.orders_since(since), since)
        now = np.datetime64(local_time(self._clock(), self._timezone), "us")
        return orders_so_far(plan, forecast, lines, now)

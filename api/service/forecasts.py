"""The latest saved forecast behind the service: read when another one is saved, then kept."""

from __future__ import annotations

import threading

from api.demand import latest_saved
from data.workspace import Workspace
from production.demand.saved import SavedForecast, latest_forecast_id


class Forecasts:
    """Holds the forecast that was saved last; safe to share between threads.

    No request learns anything: a forecast of thousands of variants takes minutes, and every
    planner who looks should see the same one.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._reading = threading.Lock()
        self._held: SavedForecast | None = None

    def latest(self) -> SavedForecast:
        """The forecast saved last.

        Raises:
            NotReady: there is none yet.
            ForecastRefused: its files are altered or incomplete.
        """
        held = self._held
        if held is not None and held.forecast_id == latest_forecast_id(self._workspace):
            return held
        with self._reading:
            saved = latest_saved(self._workspace)
            self._held = saved
            return saved

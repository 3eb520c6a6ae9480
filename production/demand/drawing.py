"""The mix that a workspace's forecast is drawn with."""

from __future__ import annotations

from data.tables import VARIANTS
from data.workspace import Workspace
from production.demand.forecast import Forecast
from production.demand.history import DemandPanel
from production.demand.mix.known import mix_at
from production.demand.mix.shares import Mix


def mix_of_forecast(workspace: Workspace, panel: DemandPanel, forecast: Forecast) -> Mix:
    """The mix of a forecast's variants, in their order, as it was known at its origin.

    Args:
        workspace: its catalogue names the styles of variants that never sold.
        panel: its demand.
        forecast: of that demand.

    Raises:
        OutsideData: the demand does not reach the forecast's origin.
    """
    history = panel.at(forecast.origin, horizon=forecast.weekly.shape[1])
    catalogue = workspace.read(VARIANTS) if workspace.has(VARIANTS) else None
    return mix_at(history, forecast.variants, catalogue=catalogue)

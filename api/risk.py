"""A kept plan's risk as the command and the route answer it."""

from __future__ import annotations

from typing import Final

from api.settings import Settings
from data.workspace import Workspace
from production.demand.drawing import mix_of_forecast
from production.demand.reading import read_panel
from production.demand.saved import load_forecast
from production.demand.totals import Totals
from production.plans.plan import Plan
from production.plans.risk import PlanRisk, simulate

SEEDS: Final = 2**32


def risk_of(
    workspace: Workspace, settings: Settings, plan: Plan, *, scenarios: int, level: float
) -> PlanRisk:
    """The plan simulated on draws of the kept forecast that it was made from.

    Args:
        workspace: holds the forecast, and the orders that the mix is learned from.
        settings: seed, and how demand is read.
        plan: what is made.
        scenarios: how many draws.
        level: the tails are the worst 1 - level of them.

    Raises:
        UnknownForecast: the plan's forecast is not kept.
        BadPaths: so many draws are not to be had.
    """
    forecast = load_forecast(workspace, plan.forecast_id).forecast
    panel = read_panel(workspace, settings.demand)
    mix = mix_of_forecast(workspace, panel, forecast)
    demand = Totals.of(forecast, mix, draws=scenarios, seed=fresh_seed(settings, plan))
    return simulate(plan, demand, level=level)


def fresh_seed(settings: Settings, plan: Plan) -> int:
    """A seed of other draws than those that a risk-averse plan was made on, and so fits."""
    seed = (settings.seed + 1) % SEEDS
    used = None if plan.aversion is None else plan.aversion.seed
    return (seed + 1) % SEEDS if seed == used else seed

"""A plan that weighs the bad tail of what it may come to, on demand drawn from its forecast."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.workspace import Workspace
from production.allocation.allocate import Allocation, gap_of
from production.allocation.averse.allocate import AverseAllocation, allocate_averse
from production.allocation.averse.aversion import Aversion, tail_mean
from production.allocation.averse.drawn import Drawn
from production.allocation.exact import CLOSE_ENOUGH
from production.allocation.task import Task
from production.demand.drawing import mix_of_forecast
from production.demand.forecast import Forecast
from production.demand.history import DemandPanel
from production.demand.totals import Totals
from production.plans.decision import Decision
from production.plans.plan import PlanAversion
from production.plans.risk_settings import FEWEST, RiskSettings

Floats = NDArray[np.float64]

MOST_CELLS: Final = 20_000_000
"""Draws times variants that are held, sorted: 8 bytes each, and a few blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AverseAnswer:
    """The allocation that a risk-averse plan is written from, and what its aversion did."""

    allocation: Allocation
    aversion: PlanAversion


def drawn_for(
    workspace: Workspace,
    panel: DemandPanel,
    forecast: Forecast,
    settings: RiskSettings,
    *,
    seed: int,
) -> Totals:
    """The demand that a risk-averse plan is made on: as many draws as asked, and can be held."""
    room = MOST_CELLS // max(len(forecast.variants), 1)
    draws = max(min(settings.scenarios, room), FEWEST)
    mix = mix_of_forecast(workspace, panel, forecast)
    return Totals.of(forecast, mix, draws=draws, seed=seed)


def weigh_tail(
    decided: Decision, demand: Totals, neutral: Allocation, settings: RiskSettings
) -> AverseAnswer:
    """The allocation whose mean and bad tail, weighed together, are best.

    Args:
        decided: what to decide on.
        demand: draws of the forecast's demand.
        neutral: the allocation for the mean alone.
        settings: how much the tail weighs.
    """
    drawn = Drawn.of(decided.task, _held(decided.task, demand))
    if settings.of == "profit":
        drawn = replace(drawn, fixed=-_profit_of_demand(decided, drawn.units))
    aversion = Aversion(weight=settings.weight, level=settings.level)
    found = allocate_averse(drawn, aversion, base=neutral)
    answer = _expected(decided.task, found.allocation, neutral.bound)
    sign = -1.0 if settings.of == "profit" else 1.0
    return AverseAnswer(
        allocation=answer,
        aversion=PlanAversion(
            weight=settings.weight,
            level=settings.level,
            of=settings.of,
            scenarios=demand.draws,
            seed=demand.seed,
            tail=sign * tail_mean(found.losses, settings.level),
            neutral_tail=sign * tail_mean(drawn.losses(neutral.quantity), settings.level),
            extra_cost=answer.expected_cost - neutral.expected_cost,
            gap=_gap(found, answer.expected_cost),
        ),
    )


def _gap(found: AverseAllocation, cost: float) -> float:
    """How far from the best the weighed plan may be, as a share of its expected cost."""
    return (found.value - found.bound) / cost if cost > 0 else 0.0


def _held(task: Task, demand: Totals) -> NDArray[np.int32]:
    """(V, N) units of the task's variants; none of those without a forecast."""
    units = np.zeros((len(task.variants), demand.draws), dtype=np.int32)
    place = pd.Index(task.variants).get_indexer(pd.Index(demand.variants))
    for block in demand.blocks():
        units[place[block.rows]] = block.units.T
    return units


def _profit_of_demand(decided: Decision, units: NDArray[np.int32]) -> Floats:
    """(N,) the profit if all demand were met and nothing left; the stock is paid for."""
    task, money = decided.task, decided.economics
    unit_cost = np.minimum(money.unit_cost, money.price)
    profit: Floats = (money.price - unit_cost) @ units + float(unit_cost @ task.lots.on_hand)
    return profit


def _expected(task: Task, answer: Allocation, bound: float) -> Allocation:
    """The answer with what is expected of it by the forecast itself, all draws weighing alike.

    Args:
        task: with the forecast's own curves.
        answer: to the task with reweighted ones, whose prices and reasons stay.
        bound: money; no plan's expected cost is lower.
    """
    position = answer.quantity + task.lots.on_hand
    below, short = task.curves.expected(position)
    left = np.maximum(position - task.curves.mean() + short, 0.0)
    cost = float((task.underage * short + task.overage * left).sum())
    bound = min(bound, cost)
    return replace(
        answer,
        expected_shortage=short,
        expected_leftover=left,
        stockout_probability=1.0 - below,
        expected_cost=cost,
        bound=bound,
        status="optimal" if gap_of(cost, bound) <= CLOSE_ENOUGH else "within gap",
    )

"""A plan simulated on drawn demand: what profit, shortage and leftover may come to.

    profit = price sold - unit cost made + salvage leftover - goodwill short - overtime bought

in each draw, with what the lines know: salvage = unit cost - overage, and goodwill = underage -
(price - unit cost). A variant that costs more than it sells for counts as sold at cost, as in the
plan itself. Stock on hand is paid for already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.allocation.averse.aversion import tail_mean, tail_mean_error, tail_weights
from production.demand.totals import Totals
from production.errors import BadPaths
from production.plans.plan import Plan

Floats = NDArray[np.float64]

WORST: Final = 20
"""Variants that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A figure over the scenarios: mean, standard deviation and percentiles."""

    mean: float
    sd: float
    p5: float
    p10: float
    p50: float
    p90: float
    p95: float

    @classmethod
    def of(cls, values: Floats) -> Distribution:
        """Of (N,) values."""
        low, tenth, middle, ninetieth, high = np.quantile(values, [0.05, 0.1, 0.5, 0.9, 0.95])
        return cls(
            mean=float(values.mean()),
            sd=float(values.std()),
            p5=float(low),
            p10=float(tenth),
            p50=float(middle),
            p90=float(ninetieth),
            p95=float(high),
        )

    def times(self, factor: float) -> Distribution:
        """The same in another unit."""
        return Distribution(**{name: factor * value for name, value in asdict(self).items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """The mean of a figure over its worst scenarios (CVaR), and its standard error."""

    mean: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TailVariant:
    """What one variant has to do with the scenarios of least profit.

    Attributes:
        variant_id: which.
        style_id: of which style.
        lost: money; its mean profit less that in these scenarios. Those of all variants sum to the
            mean profit less the tail's.
        short: units, their mean in these scenarios.
        left: units, likewise.
    """

    variant_id: str
    style_id: str
    lost: float
    short: float
    left: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRisk:
    """What a plan may come to.

    Attributes:
        plan_id: which plan.
        scenarios: how many draws of the demand.
        seed: what they were drawn with.
        level: the tails are the worst 1 - level of the scenarios.
        profit: money.
        cost: money, of shortage and leftover.
        units_short: units.
        units_left: units, stock included.
        fill_rate: units sold / units of demand; 1 where there is no demand.
        variants_out: variants whose demand exceeds what there is.
        tail_profit: of the least profits.
        tail_cost: of the highest costs.
        worst: the variants that lose most in the scenarios of least profit.
    """

    plan_id: str
    scenarios: int
    seed: int
    level: float
    profit: Distribution
    cost: Distribution
    units_short: Distribution
    units_left: Distribution
    fill_rate: Distribution
    variants_out: Distribution
    tail_profit: Tail
    tail_cost: Tail
    worst: tuple[TailVariant, ...]

    def to_json(self) -> dict[str, Any]:
        """The figures for programs."""
        return asdict(self)


def simulate(plan: Plan, demand: Totals, *, level: float = 0.9) -> PlanRisk:
    """The plan in each draw of the demand.

    Time grows with draws times variants, twice: once for the totals, once for what the variants
    do in the tail. Memory: one block of variants, and a few numbers a draw.

    Args:
        plan: what is made.
        demand: of the forecast that the plan was made from.
        level: the tails are the worst 1 - level of the draws, 0 to below 1.

    Raises:
        BadPaths: the demand is of variants that the plan does not hold.
    """
    lines = _Lines.of(plan.lines)
    totals = np.zeros((6, demand.draws))
    for rows, units in _blocks(plan, demand):
        totals += lines.take(rows).outcome(units)
    profit, cost, short, left, wanted, out = totals
    bought = sum(one.bought * (one.extra_unit_cost or 0.0) for one in plan.resources)
    profit, cost = profit - bought, cost + bought
    sold = wanted - short
    return PlanRisk(
        plan_id=plan.plan_id,
        scenarios=demand.draws,
        seed=demand.seed,
        level=level,
        profit=Distribution.of(profit),
        cost=Distribution.of(cost),
        units_short=Distribution.of(short),
        units_left=Distribution.of(left),
        fill_rate=Distribution.of(
            np.divide(sold, wanted, out=np.ones(len(sold)), where=wanted > 0)
        ),
        variants_out=Distribution.of(out),
        tail_profit=Tail(mean=-tail_mean(-profit, level), error=tail_mean_error(-profit, level)),
        tail_cost=Tail(mean=tail_mean(cost, level), error=tail_mean_error(cost, level)),
        worst=_worst(plan, demand, lines, tail_weights(-profit, level)),
    )


@dataclass(frozen=True, slots=True)
class _Lines:
    """What the outcome of B lines rests on, each (B,)."""

    quantity: Floats
    position: Floats
    price: Floats
    unit_cost: Floats
    underage: Floats
    overage: Floats

    @classmethod
    def of(cls, lines: pd.DataFrame) -> _Lines:
        made, stock, price, unit_cost, underage, overage = (
            lines[name].to_numpy(dtype=np.float64)
            for name in (
                "quantity", "on_hand", "price", "unit_cost", "underage_cost", "overage_cost",
            )
        )  # fmt: skip
        # a variant that costs more than it sells for counts as sold at cost, as in the plan
        return cls(made, made + stock, price, np.minimum(unit_cost, price), underage, overage)

    def take(self, rows: NDArray[np.intp]) -> _Lines:
        return _Lines(
            self.quantity[rows],
            self.position[rows],
            self.price[rows],
            self.unit_cost[rows],
            self.underage[rows],
            self.overage[rows],
        )

    def profit(self, short: Floats, left: Floats) -> Floats:
        """(N, B) money: of what is sold, made, left and lost of goodwill."""
        goodwill = self.underage - (self.price - self.unit_cost)
        sold, salvage = self.position - left, self.unit_cost - self.overage
        earned = self.price * sold - self.unit_cost * self.quantity + salvage * left
        return earned - goodwill * short

    def outcome(self, units: Floats) -> Floats:
        """(6, N) profit, cost, units short, left and wanted, and variants out of stock."""
        short = np.maximum(units - self.position, 0.0)  # (N, B)
        left = np.maximum(self.position - units, 0.0)
        return np.stack(
            (
                self.profit(short, left).sum(axis=1),
                short @ self.underage + left @ self.overage,
                short.sum(axis=1),
                left.sum(axis=1),
                units.sum(axis=1),
                (short > 0).sum(axis=1),
            )
        )


def _blocks(plan: Plan, demand: Totals) -> Iterator[tuple[NDArray[np.intp], Floats]]:
    """Lines of the plan and their (N, B) demand; none for those without a forecast."""
    ids = pd.Index(plan.lines["variant_id"])
    place = ids.get_indexer(pd.Index(demand.variants))
    if (place < 0).any():
        missing = demand.variants[int(np.argmax(place < 0))]
        raise BadPaths(
            f"The plan has no line of the variant '{missing}'.",
            where="demand",
            fix="Draw the forecast that the plan was made from.",
        )
    for block in demand.blocks():
        yield place[block.rows], block.units.astype(np.float64)
    without = np.setdiff1d(np.arange(len(ids)), place)
    if len(without):
        yield without, np.zeros((demand.draws, len(without)))


def _worst(plan: Plan, demand: Totals, lines: _Lines, tail: Floats) -> tuple[TailVariant, ...]:
    """The variants that lose most under the tail's weights (N,) of the draws; ties by id."""
    found = np.zeros((3, len(plan.lines)))
    mean = np.full(demand.draws, 1.0 / demand.draws)
    for rows, units in _blocks(plan, demand):
        some = lines.take(rows)
        short = np.maximum(units - some.position, 0.0)
        left = np.maximum(some.position - units, 0.0)
        found[:, rows] = (mean - tail) @ some.profit(short, left), tail @ short, tail @ left
    named = plan.lines[["variant_id", "style_id"]].to_numpy(dtype=object)
    return tuple(
        TailVariant(
            variant_id=str(named[row, 0]),
            style_id=str(named[row, 1]),
            lost=float(found[0, row]),
            short=float(found[1, row]),
            left=float(found[2, row]),
        )
        for row in np.argsort(-found[0], kind="stable")[:WORST]
    )

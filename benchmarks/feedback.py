"""What the plan's bonuses cost a ranking in relevance and gain in profit, where truth is known.

Each seed draws a market; everything is known up to its last order. A preference model is trained,
demand is forecast, a plan is made under scarce capacity, and each customer is shown a list of ten,
one variant a style, with the plan's bonuses at several weights. The next weeks then follow the
simulator's truth: a customer wants Poisson many units of a variant, with mean

    visits * basket * units a line * true preference * market effect * (1 + A / log2(1 + place))

where the last factor is 1 for what the list does not show. The effect of each variant and week is
the one that makes all customers together want what the simulator's own truth expects without lists
(so habits count on the whole, not by customer). Draws are the same for all weights.

Two ways to serve: "made" sells what the plan made and what was in stock; "to order" sells stock,
then makes to order while the resources last, first come first served. What cannot be served is
lost. Profit is price * sold + salvage * left over - unit cost * (made or in stock).

Relevance: NDCG@10 of the lists by the true means without lists (gain: the mean; ideal: the best
ten styles), and recall@10: the share of the units that customers want without any list, drawn from
the truth, that the lists show. Means over seeds, differences paired, 95 % t intervals.

    python benchmarks/feedback.py --seeds 20 --json OUT.json
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy import stats
from threadpoolctl import threadpool_limits

from data.simulator import Market, MarketSettings, simulate
from data.tables import TABLES
from data.workspace import Workspace
from production.plans.bonuses import bonuses_of
from production.plans.plan import Plan
from production.plans.planning import make_plan
from recsys.lists.rules import PlanBonus, Rules
from recsys.recommender import Recommender, train

Floats = NDArray[np.float64]

K = 10
WEIGHTS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
MEASURES = ("ndcg", "recall", "made", "to order")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weeks:
    """The truth of the weeks to come: (U, V) arrays over customers and variants.

    Attributes:
        mean: units wanted without lists.
        luck: uniform draws that turn a mean into units, the same for every list.
        arrival: uniform, when a customer comes for a variant.
    """

    mean: Floats
    luck: Floats
    arrival: Floats

    def wanted(self, lift: Floats) -> NDArray[np.int64]:
        """(U, V) units wanted where the mean is `lift` times as high."""
        units: NDArray[np.int64] = stats.poisson.ppf(self.luck, self.mean * lift).astype(np.int64)
        return units


def weeks_of(market: Market, horizon: int, random: np.random.Generator) -> Weeks:
    """The truth of the `horizon` weeks after the last order."""
    people, settings = market.people, market.settings
    taste = market.preference(slice(0, len(people)))  # (U, V)
    rate = people.visits * people.basket * (1 + people.extra)
    truth = market.truth.demand
    start = pd.Timestamp(settings.start) + pd.Timedelta(weeks=settings.weeks)
    mean = np.zeros_like(taste)
    for week in range(horizon):
        at = settings.weeks + week
        active = (people.joined <= at) & (people.lapsed > at)
        base = (active * rate)[:, None] * taste
        rows = truth[truth["week"] == start + pd.Timedelta(weeks=week)]
        expected = rows.set_index("variant_id")["expected"]
        expected = expected.reindex(market.catalogue.variant_ids, fill_value=0.0).to_numpy(float)
        mean += base * (expected / base.sum(axis=0))
    return Weeks(mean=mean, luck=random.random(mean.shape), arrival=random.random(mean.shape))


def shown(
    recommender: Recommender, market: Market, weight: float, plan: PlanBonus
) -> NDArray[np.int64]:
    """(U, K) positions of the variants in each customer's list; -1 where it is shorter."""
    rules = Rules(per_style=1, plan=plan, plan_weight=weight)
    lists = recommender.recommend_many(market.people.ids.tolist(), K, rules=rules)
    place = {name: at for at, name in enumerate(market.catalogue.variant_ids.tolist())}
    found = np.full((len(lists), K), -1, dtype=np.int64)
    for row, one in enumerate(lists):
        at = [place[entry.variant_id] for entry in one.recommendations]
        found[row, : len(at)] = at
    return found


def lifts(lists: NDArray[np.int64], variants: int, attention: float) -> Floats:
    """(U, V) how many times as much is wanted of a variant for its place."""
    lift = np.ones((len(lists), variants + 1))  # the last column takes what is no place
    lift[np.arange(len(lists))[:, None], lists] += attention / np.log2(2 + np.arange(K))
    return lift[:, :variants]


def relevance(lists: NDArray[np.int64], weeks: Weeks, market: Market) -> tuple[float, float]:
    """NDCG@K by the true means, and the share of units wanted without lists that are shown."""
    gains = np.column_stack([weeks.mean, np.zeros(len(lists))])
    discount = 1 / np.log2(2 + np.arange(K))
    rows = np.arange(len(lists))[:, None]
    best = np.maximum.reduceat(weeks.mean, market.catalogue.first, axis=1)
    ideal = -np.sort(-best, axis=1)[:, :K] @ discount[: best.shape[1]]
    here = ideal > 0  # customers who are there at all
    ndcg = (gains[rows, lists] @ discount)[here] / ideal[here]
    units = weeks.wanted(np.ones_like(weeks.mean))
    caught = np.column_stack([units, np.zeros(len(lists))])[rows, lists].sum()
    return float(ndcg.mean()), float(caught / units.sum())


def profits(
    wanted: NDArray[np.int64], weeks: Weeks, market: Market, plan: Plan, usage: Floats
) -> tuple[float, float]:
    """Money over the horizon where the plan is made, and where stock and orders are served."""
    goods = market.catalogue
    lines = plan.lines.set_index("variant_id").reindex(goods.variant_ids)
    on_hand = lines["on_hand"].fillna(0).to_numpy(float)
    made = lines["quantity"].fillna(0).to_numpy(float)
    total = wanted.sum(axis=0)
    sold = np.minimum(total, on_hand + made)
    left = on_hand + made - sold
    of_plan = goods.price * sold + goods.salvage * left - goods.unit_cost * (on_hand + made)
    from_stock, ordered = _to_order(wanted, weeks, on_hand, plan, usage)
    rest = on_hand - from_stock
    to_order = goods.price * (from_stock + ordered) + goods.salvage * rest
    to_order -= goods.unit_cost * (on_hand + ordered)
    return float(of_plan.sum()), float(to_order.sum())


def _to_order(
    wanted: NDArray[np.int64], weeks: Weeks, on_hand: Floats, plan: Plan, usage: Floats
) -> tuple[Floats, Floats]:
    """(V,) units from stock, and (V,) units made while the resources last."""
    person, variant = np.nonzero(wanted)
    units = wanted[person, variant]
    order = np.argsort(weeks.arrival[person, variant], kind="stable")
    queue = np.repeat(variant[order], units[order]).tolist()
    stock, made = on_hand.copy(), np.zeros(len(on_hand))
    left = np.array([one.capacity for one in plan.resources])
    makeable = np.isin(np.arange(len(on_hand)), np.flatnonzero(usage.sum(axis=1) > 0))
    for one in queue:
        if stock[one] >= 1:
            stock[one] -= 1
        elif makeable[one] and (usage[one] <= left).all():
            left -= usage[one]
            made[one] += 1
    return on_hand - stock, made


def usage_of(market: Market, plan: Plan) -> Floats:
    """(V, R) what a unit takes of each resource of the plan."""
    table, goods = market.usage, market.catalogue
    style = pd.Series(goods.style_ids[goods.style], index=goods.variant_ids)
    columns = []
    for one in plan.resources:
        rows = table[table["resource_id"] == one.resource_id]
        own = rows.dropna(subset="variant_id").set_index("variant_id")["amount"]
        of_style = rows.dropna(subset="style_id").set_index("style_id")["amount"]
        amount = own.reindex(goods.variant_ids).fillna(style.map(of_style))
        columns.append(amount.fillna(0.0).to_numpy(float))
    return np.column_stack(columns)


def measured(seed: int, asked: argparse.Namespace) -> list[dict[str, float]]:
    """One market: the measures at each weight."""
    settings = MarketSettings(
        seed=seed, customers=asked.customers, styles=asked.styles, weeks=asked.weeks,
        capacity=asked.capacity,
    )  # fmt: skip
    market = simulate(settings)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "w")
        workspace.write({name: getattr(market, name) for name in TABLES})
        recommender = train(workspace, model=asked.model)
        plan = make_plan(workspace, horizon=asked.horizon, method=asked.method)
    found = bonuses_of(plan)
    bonus = PlanBonus(variants=found.variants, amounts=found.amounts)
    weeks = weeks_of(market, asked.horizon, np.random.default_rng(seed))
    usage = usage_of(market, plan)
    rows = []
    for weight in WEIGHTS:
        lists = shown(recommender, market, weight, bonus)
        ndcg, recall = relevance(lists, weeks, market)
        wanted = weeks.wanted(lifts(lists, weeks.mean.shape[1], asked.attention))
        made, to_order = profits(wanted, weeks, market, plan, usage)
        rows.append(
            {"seed": seed, "weight": weight, "ndcg": ndcg, "recall": recall, "made": made,
             "to order": to_order, "wanted": float(wanted.sum()),
             "price of sewing": max(one.shadow_price for one in plan.resources)}
        )  # fmt: skip
    return rows


def interval(values: Floats) -> tuple[float, float, float]:
    """The mean, and the ends of its 95 % t interval."""
    mean, count = float(values.mean()), len(values)
    if count < 2 or not values.any():
        return mean, mean, mean
    half = float(stats.t.ppf(0.975, count - 1) * values.std(ddof=1) / np.sqrt(count))
    return mean, mean - half, mean + half


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="so many markets")
    parser.add_argument("--customers", type=int, default=400)
    parser.add_argument("--styles", type=int, default=40)
    parser.add_argument("--weeks", type=int, default=60)
    parser.add_argument("--horizon", type=int, default=4, help="weeks planned and simulated")
    parser.add_argument("--capacity", type=float, default=0.6, help="of what demand would take")
    parser.add_argument("--attention", type=float, default=2.0, help="A: what the first place adds")
    parser.add_argument("--model", default="blend", help="preference model")
    parser.add_argument("--method", default="exponential_smoothing", help="demand method")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    asked = parser.parse_args()
    with threadpool_limits(1):
        rows = [row for seed in range(1, asked.seeds + 1) for row in measured(seed, asked)]
    frame = pd.DataFrame(rows)
    wide = {
        name: frame.pivot_table(index="seed", columns="weight", values=name) for name in MEASURES
    }
    table = Table("weight", *MEASURES, title=f"{asked.seeds} markets; differences from weight 0")
    summary = []
    for weight in WEIGHTS:
        cells = [f"{weight:g}"]
        for name in MEASURES:
            values = wide[name][weight].to_numpy(float)
            base = wide[name][0.0].to_numpy(float)
            mean, low, high = interval(values - base)
            summary.append({"weight": weight, "measure": name, "value": float(values.mean()),
                            "difference": mean, "low": low, "high": high,
                            "relative": mean / abs(float(base.mean()))})  # fmt: skip
            digits = ".4f" if name in MEASURES[:2] else ",.0f"
            cells.append(
                f"{values.mean():{digits}}  {mean:+{digits}} [{low:+{digits}}, {high:+{digits}}]"
                f" {mean / abs(base.mean()):+.2%}"
            )
        table.add_row(*cells)
    Console(width=170).print(table)
    if asked.json:
        asked.json.write_text(json.dumps({"rows": rows, "summary": summary}, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""The best allowed quantities of a small task, found by search and proved.

At any prices, cost = bound + sum of regrets + prices x unused capacity, where a variant's regret
is how much worse a quantity is for it than its best one at these prices. Quantities whose
regret exceeds the distance between a known plan and the bound cannot be in a better plan: few
remain, and a depth-first search over them is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.allocation.task import ROUNDING, Task

Floats = NDArray[np.float64]

QUANTITIES: Final = 20_000
"""Most quantities, over all variants, that are looked at; above, a task is not small."""

OPEN_VARIANTS: Final = 60
"""Most variants with more than one quantity left."""

NODES: Final = 50_000
"""Most steps of the search; a count, not a time, so that results repeat."""


@dataclass(frozen=True, slots=True)
class _Choices:
    """Quantities that may still be chosen: variant, units, what they use, and their regret."""

    rows: NDArray[np.intp]
    units: Floats
    use: Floats
    regret: Floats

    def up_to(self, regret: float) -> _Choices:
        kept = self.regret <= regret
        return _Choices(self.rows[kept], self.units[kept], self.use[kept], self.regret[kept])


@dataclass(slots=True)
class _Search:
    """Depth-first over variants, quantities of least regret first."""

    options: list[list[tuple[float, tuple[float, ...], float]]]
    least_use: list[tuple[float, ...]]
    prices: tuple[float, ...]
    limit: float
    nodes: int = 0
    path: list[float] = field(default_factory=list)
    best: list[float] | None = None

    def run(self, depth: int, regret: float, left: tuple[float, ...]) -> None:
        """Try the options of the variant at `depth` and of all after it.

        Args:
            depth: how many variants are decided; their quantities are `path`.
            regret: what their quantities cost more than each one's best.
            left: what they leave of each resource.
        """
        self.nodes += 1
        if any(x < m for x, m in zip(left, self.least_use[depth], strict=True)):
            return
        if depth == len(self.options):
            total = regret + sum(p * max(x, 0.0) for p, x in zip(self.prices, left, strict=True))
            if total < self.limit:
                self.limit, self.best = total, list(self.path)
            return
        for more, use, units in self.options[depth]:
            if regret + more >= self.limit or self.nodes > NODES:
                return
            self.path.append(units)
            self.run(depth + 1, regret + more, tuple(x - u for x, u in zip(left, use, strict=True)))
            self.path.pop()


def search(
    task: Task, quantity: Floats, highest: Floats, prices: Floats, bound: float
) -> tuple[Floats, bool]:
    """The cheapest allowed quantities, where the task is small enough.

    Args:
        task: what is decided on.
        quantity: (V,) a plan that keeps everything.
        highest: (V,) quantities above which none can be better.
        prices: (R,) prices at which `bound` is the dual's value over allowed quantities.
        bound: money; no plan costs less.

    Returns:
        (V,) units that cost no more than `quantity`, and whether no allowed plan costs less.
    """
    lots = task.lots
    bottom = np.where(lots.zero, -1, 0)
    top = np.where(highest > 0, np.rint((highest - lots.smallest) / lots.multiple), -1)
    count = np.maximum(top - bottom, 0).astype(np.int64) + 1
    if count.sum() > QUANTITIES:
        return quantity, False
    rows = np.repeat(np.arange(len(lots)), count)
    step = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count) + bottom[rows]
    units = np.where(step < 0, 0.0, lots.smallest[rows] + step * lots.multiple[rows])
    choices = task.take(rows)
    use = choices.resources.usage * units[:, None] + choices.resources.setup * (units > 0)[:, None]
    priced = choices.cost(units) + use @ prices
    starts = np.cumsum(count) - count
    regret = priced - np.repeat(np.minimum.reduceat(priced, starts), count)
    distance = float(task.cost(quantity).sum()) - bound
    # a hair more than the distance, so that rounding cannot exclude the plan itself
    worthy = _Choices(rows, units, use, regret).up_to(distance * (1 + 1e-9))
    return _searched(task, quantity, worthy, prices, distance)


def _searched(
    task: Task, quantity: Floats, choices: _Choices, prices: Floats, distance: float
) -> tuple[Floats, bool]:
    """Search the choices for a plan whose regret and idle capacity stay below the distance."""
    rows, units, use, regret = choices.rows, choices.units, choices.use, choices.regret
    _, first, size = np.unique(rows, return_index=True, return_counts=True)
    opened = np.flatnonzero(size > 1)
    if len(opened) > OPEN_VARIANTS:
        return quantity, False
    spans = [slice(first[v], first[v] + size[v]) for v in opened]
    # variants whose second choice costs most come first: they prune most
    spans.sort(key=lambda span: -float(np.partition(regret[span], 1)[1]))
    only = first[size == 1]
    left = task.resources.capacity * (1 + ROUNDING) - use[only].sum(axis=0)
    hunt = _Search(
        options=[_options(regret[span], use[span], units[span]) for span in spans],
        least_use=_from_each_on([use[span].min(axis=0) for span in spans], len(prices)),
        prices=tuple(prices.tolist()),
        limit=distance * (1 - 1e-12),
    )
    hunt.run(0, float(regret[only].sum()), tuple(left.tolist()))
    if hunt.best is None:
        return quantity, hunt.nodes <= NODES
    better = np.zeros(len(quantity))
    better[rows[only]] = units[only]
    better[[rows[span.start] for span in spans]] = hunt.best
    return better, hunt.nodes <= NODES


def _options(
    regret: Floats, use: Floats, units: Floats
) -> list[tuple[float, tuple[float, ...], float]]:
    """One variant's quantities as (regret, use, units), least regret first."""
    entries = zip(regret.tolist(), map(tuple, use.tolist()), units.tolist(), strict=True)
    return sorted(entries)


def _from_each_on(least: list[Floats], resources: int) -> list[tuple[float, ...]]:
    """For each depth, the least that the variants from there on can use."""
    total = np.zeros(resources)
    sums = [tuple(total.tolist())]
    for use in reversed(least):
        total = total + use
        sums.append(tuple(total.tolist()))
    return sums[::-1]

"""The best allowed quantities where lots bind, found by search and proved where few are open.

Of the quantities that could still be better (`choices`), few remain. Where very few do, a
depth-first search over them is exact; where more do, an integer program is (`program`), and
where still more do, the program takes the likeliest and proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.allocation.choices import Choices, choices_of
from production.allocation.clock import Clock
from production.allocation.lattice import Priced
from production.allocation.program import solve
from production.allocation.task import ROUNDING, Task

Floats = NDArray[np.float64]

CLOSE_ENOUGH: Final = 1e-6
"""Relative gap below which nothing is left to improve."""

LOTS_BIND: Final = 2e-4
"""Relative gap from which a program over many quantities is worth its time."""

SMALL: Final = 20_000
"""Most variants that are looked at one by one where the gap is small already."""

OPEN_VARIANTS: Final = 60
"""Most variants with more than one quantity left for the depth-first search."""

NODES: Final = 5_000
"""Most steps of it; a count, not a time, so that results repeat."""

COLUMNS: Final = 1_500
"""Most quantities in the integer program."""

FEW_COLUMNS: Final = 150
"""Most quantities in it where the gap is small already: they take no time."""


def search(
    task: Task, quantity: Floats, cost: float, best: Priced, clock: Clock
) -> tuple[Floats, float]:
    """The cheapest allowed quantities that can be found near the bound.

    Args:
        task: what is decided on.
        quantity: (V,) a plan that keeps everything.
        cost: money, its expected cost.
        best: the dual over allowed quantities.
        clock: when to stop.

    Returns:
        (V,) units that cost no more than `quantity`, and a bound no lower than the dual's.
    """
    distance = cost - best.bound
    binds = distance > LOTS_BIND * cost
    if not binds and len(task.variants) > SMALL:
        return quantity, best.bound
    found = choices_of(task, quantity, best, distance)
    opened, spare = _opened(found)
    if not opened:
        return quantity, cost if found.whole else best.bound
    if opened <= OPEN_VARIANTS and found.whole:
        quantity, proved = _searched(task, quantity, found, best.prices, distance)
        if proved:
            return quantity, float(task.cost(quantity).sum())
    if not binds and spare > FEW_COLUMNS:
        return quantity, best.bound
    return _programmed(task, quantity, found, best, clock)


def _opened(choices: Choices) -> tuple[int, int]:
    """How many variants have more than one quantity left, and how many quantities besides one."""
    _, size = np.unique(choices.rows, return_counts=True)
    return int((size > 1).sum()), int((size - 1).sum())


def _programmed(
    task: Task, quantity: Floats, choices: Choices, best: Priced, clock: Clock
) -> tuple[Floats, float]:
    """The integer program over the choices of least regret, the rest as they are."""
    own = choices.units == quantity[choices.rows]
    spare = np.flatnonzero(~own)
    likely = spare[np.argsort(choices.regret[spare], kind="stable")[:COLUMNS]]
    mask = own.copy()
    mask[likely] = True
    few = choices.keep(mask, whole=choices.whole and len(likely) == len(spare))
    cost = float(task.cost(quantity).sum())
    answer = solve(task, quantity, few, tolerance=CLOSE_ENOUGH / 2 * cost, clock=clock)
    if float(task.cost(answer.quantity).sum()) < cost:
        quantity = answer.quantity
    bound = max(best.bound, answer.bound) if few.whole else best.bound
    return quantity, min(bound, float(task.cost(quantity).sum()))


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


def _searched(
    task: Task, quantity: Floats, choices: Choices, prices: Floats, distance: float
) -> tuple[Floats, bool]:
    """Search the choices for a plan whose regret and idle capacity stay below the distance."""
    rows, units, use, regret = choices.rows, choices.units, choices.use, choices.regret
    _, first, size = np.unique(rows, return_index=True, return_counts=True)
    opened = np.flatnonzero(size > 1)
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

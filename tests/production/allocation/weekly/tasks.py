"""Weekly tasks to test on: random ones, and the cheapest plan of a small one by brute force."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from production.allocation.quantiles import DemandCurves
from production.allocation.thinning import thinned
from production.allocation.weekly.task import WeeklyTask
from tests.production.allocation.allocations import random_task

MOST = 5


def random_weeks(
    seed: int, *, variants: int, resources: int, weeks: int, lots: bool = False, tight: float = 1.0
) -> WeeklyTask:
    """A task by week with scarce and free weeks, lead times, and (if asked) lots and set-ups."""
    random = np.random.default_rng(seed)
    task = random_task(seed, variants=variants, resources=resources, lots=lots)
    share = np.cumsum(random.dirichlet(np.full(weeks, 3.0), variants), axis=1)
    share[:, -1] = 1.0
    under = np.repeat(task.underage[:, None] * 0.25, weeks, axis=1)
    over = np.repeat(task.overage[:, None] * 0.02, weeks, axis=1)
    under[:, -1], over[:, -1] = task.underage, task.overage
    need = task.resources.used(task.target(np.zeros(resources)))[:, None] / weeks
    held = (task.resources.usage + task.resources.setup).T @ task.lots.least
    capacity = need * random.uniform(0.2, 1.6, (resources, weeks)) * tight + held[:, None]
    return WeeklyTask(
        variants=task.variants,
        curves=tuple(thinned(task.curves, share[:, week]) for week in range(weeks)),
        underage=under,
        overage=over,
        lots=task.lots,
        lead=random.integers(0, 2, variants),
        resources=replace(task.resources, capacity=capacity.sum(axis=1)),
        capacity=capacity,
        dearest=np.full((resources, weeks), np.inf),
    )


def small(seed: int) -> WeeklyTask:
    """At most MOST units of two variants in two or three weeks: few enough to try all plans."""
    task = random_weeks(seed, variants=2, resources=2, weeks=2 + seed % 2, lots=seed % 3 > 0)
    factor = MOST / max(1.0, *(float(curves.values.max()) for curves in task.curves))
    curves = tuple(
        DemandCurves(one.levels, np.asfortranarray(one.values * factor)) for one in task.curves
    )
    lots = task.lots.capped(np.where(task.lots.frozen, np.inf, float(MOST)))
    return replace(task, curves=curves, lots=lots)


def cheapest(task: WeeklyTask) -> float:
    """The least expected cost of any allowed plan of at most MOST units each, by trying all."""
    options = [np.array(_allowed(task, variant)) for variant in range(len(task.variants))]
    best = np.inf
    for chosen in product(*options):
        begun = np.array(chosen)
        if (task.used(begun) <= task.capacity * (1 + 1e-12)).all():
            best = min(best, float(task.costs(task.supply(begun)).sum()))
    return best


def _allowed(task: WeeklyTask, variant: int) -> list[tuple[float, ...]]:
    lots, found = task.lots, []
    for begun in product(range(MOST + 1), repeat=task.weeks):
        total = sum(begun)
        late = any(units for units, open_ in zip(begun, task.open[variant], strict=True)
                   if not open_)  # fmt: skip
        if lots.zero[variant]:
            smallest, multiple = lots.smallest[variant], lots.multiple[variant]
            whole = all(not q or (q >= smallest and (q - smallest) % multiple == 0) for q in begun)
            fits = whole and total <= lots.most[variant]
        else:
            fits = total == lots.least[variant] if task.open[variant].any() else total == 0
        if fits and not late:
            found.append(tuple(float(units) for units in begun))
    return found

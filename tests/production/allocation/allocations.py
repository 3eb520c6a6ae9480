"""Allocation tasks to test on: random ones, and the cheapest plan of a small one by brute force."""

from __future__ import annotations

from itertools import product

import numpy as np

from production.allocation.lots import Lots
from production.allocation.quantiles import DemandCurves
from production.allocation.resources import Resources
from production.allocation.task import Task

LEVELS = (0.1, 0.5, 0.9)


def any_units(count: int, *, on_hand: np.ndarray | None = None) -> Lots:
    """Any whole quantity of each of `count` variants."""
    return Lots(
        smallest=np.ones(count),
        multiple=np.ones(count),
        largest=np.full(count, np.inf),
        zero=np.ones(count, dtype=bool),
        frozen=np.zeros(count, dtype=bool),
        on_hand=np.zeros(count) if on_hand is None else on_hand,
    )


def random_task(seed: int, *, variants: int, resources: int, lots: bool = False) -> Task:
    """A task with zero demands, stock, free and scarce resources, and (if asked) lots."""
    random = np.random.default_rng(seed)
    size = random.lognormal(1.0, 0.8, variants) * (random.random(variants) > 0.1)
    quantiles = np.sort(random.uniform(0, 2, (variants, 3)), axis=1) * size[:, None]
    quantiles[random.random(variants) < 0.2, 0] = 0.0
    price = random.lognormal(1.0, 0.5, variants)
    usage = random.uniform(0, 2, (variants, resources)) * (
        random.random((variants, resources)) < 0.8
    )
    setup = np.zeros_like(usage)
    allowed = any_units(variants, on_hand=random.integers(0, 2, variants).astype(float))
    if lots:
        setup = usage * (random.random((variants, 1)) < 0.3)
        multiple = random.integers(1, 4, variants).astype(float)
        frozen = random.random(variants) < 0.1
        allowed = Lots(
            smallest=np.where(frozen, 1.0, multiple * random.integers(1, 3, variants)),
            multiple=np.where(frozen, 1.0, multiple),
            largest=np.where(frozen, 1.0, multiple * random.integers(0, 6, variants)),
            zero=~frozen,
            frozen=frozen,
            on_hand=allowed.on_hand,
        )
    curves = DemandCurves.from_quantiles(LEVELS, quantiles, range(variants))
    limited = Resources(
        ids=tuple(f"r{i}" for i in range(resources)),
        units=("h",) * resources,
        capacity=np.full(resources, np.inf),
        usage=usage,
        setup=setup,
    )
    task = Task(
        variants=np.array([f"v{i:05d}" for i in range(variants)], dtype=object),
        curves=curves,
        underage=price * random.choice([0.0, 0.6], variants, p=[0.1, 0.9]),
        overage=price * 0.2,
        lots=allowed,
        resources=limited,
    )
    need = limited.used(task.target(np.zeros(resources)))
    least = limited.used(allowed.least)
    return with_capacity(task, np.maximum(need * random.uniform(0.2, 1.3, resources), least))


def with_capacity(task: Task, capacity: np.ndarray) -> Task:
    """The same task with other capacities."""
    limited = task.resources
    return Task(
        variants=task.variants,
        curves=task.curves,
        underage=task.underage,
        overage=task.overage,
        lots=task.lots,
        resources=Resources(
            ids=limited.ids,
            units=limited.units,
            capacity=capacity,
            usage=limited.usage,
            setup=limited.setup,
        ),
    )


def allowed_quantities(task: Task, variant: int) -> list[float]:
    """Every allowed quantity of a variant up to the most that its demand can be."""
    lots = task.lots
    quantities = [0.0] if lots.zero[variant] else []
    quantity = lots.smallest[variant]
    highest = task.curves.highest()[variant] + lots.multiple[variant] + lots.smallest[variant]
    while quantity <= min(lots.largest[variant], highest):
        quantities.append(float(quantity))
        quantity += lots.multiple[variant]
    return quantities


def cheapest(task: Task) -> float:
    """The least expected cost of any allowed plan, by trying them all."""
    count = len(task.variants)
    options = [allowed_quantities(task, i) for i in range(count)]
    plans = np.array(list(product(*options)))
    cost = np.zeros(len(plans))
    for i in range(count):
        known = np.array(options[i])
        single = task.take(np.full(len(known), i)).cost(known)
        cost += single[np.searchsorted(known, plans[:, i])]
    used = plans @ task.resources.usage + (plans > 0) @ task.resources.setup
    kept = (used <= task.resources.capacity * (1 + 1e-12)).all(axis=1)
    return float(cost[kept].min())

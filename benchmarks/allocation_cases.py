"""Allocation tasks of any size for the benchmark, drawn from a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from production.allocation.lattice import priced_optimum
from production.allocation.lots import Lots
from production.allocation.quantiles import DemandCurves
from production.allocation.resources import Resources
from production.allocation.task import Task

POINTS = 20
LEVELS = tuple(np.round((np.arange(POINTS) + 0.5) / POINTS, 3))


def drawn(variants: int, resources: int, *, seed: int = 0, share: float = 0.8) -> Task:
    """Lognormal demand of widely differing size, margins, and usage of half the resources.

    Args:
        variants: how many.
        resources: how many.
        seed: the only source of randomness.
        share: capacity over what is used where nothing is limited.
    """
    random = np.random.default_rng(seed)
    size = random.lognormal(3.0, 1.0, variants)
    noise = np.sort(random.lognormal(0.0, 0.5, (variants, POINTS)), axis=1)
    price = random.lognormal(2.0, 0.5, variants)
    usage = random.uniform(0.2, 2.0, (variants, resources))
    usage *= random.random((variants, resources)) < 0.5
    task = Task(
        variants=np.array([f"v{i:07d}" for i in range(variants)], dtype=object),
        curves=DemandCurves.from_quantiles(LEVELS, noise * size[:, None], range(variants)),
        underage=price * random.uniform(0.3, 0.7, variants),
        overage=price * random.uniform(0.1, 0.3, variants),
        lots=Lots.any_units(variants),
        resources=Resources(
            ids=tuple(f"r{i:02d}" for i in range(resources)),
            units=("h",) * resources,
            capacity=np.full(resources, np.inf),
            usage=usage,
            setup=np.zeros_like(usage),
        ),
    )
    return limited(task, share)


def limited(task: Task, share: float) -> Task:
    """The same with capacities at a share of what is used where nothing is limited."""
    none = np.zeros(len(task.resources.ids))
    use = task.resources.used(task.target(none))
    return replace(task, resources=replace(task.resources, capacity=share * use))


def with_multiples(task: Task, *, seed: int = 0) -> Task:
    """The same in multiples of 1 to 12 units."""
    random = np.random.default_rng(seed + 1)
    multiple = random.choice([1.0, 2.0, 5.0, 6.0, 10.0, 12.0], len(task.variants))
    lots = replace(task.lots, smallest=multiple, multiple=multiple)
    return replace(task, lots=lots)


def with_setups(task: Task, *, heaviness: float = 1.0, seed: int = 0, share: float = 0.8) -> Task:
    """The same with smallest lots, and for four in ten variants a set-up.

    A set-up takes what 2 to 20 units take, times the heaviness.

    Capacities are a share of what the best allowed quantities use where nothing is limited.
    """
    random = np.random.default_rng(seed + 2)
    count = len(task.variants)
    multiple = random.choice([1.0, 5.0, 10.0], count)
    smallest = multiple * random.integers(1, 6, count)
    needed = heaviness * random.uniform(2.0, 20.0, count) * (random.random(count) < 0.4)
    setup = task.resources.usage * needed[:, None]
    task = replace(
        task,
        lots=replace(task.lots, smallest=smallest, multiple=multiple),
        resources=replace(task.resources, setup=setup),
    )
    free, _ = priced_optimum(task, np.zeros(len(task.resources.ids)))
    capacity = share * task.resources.used(free)
    return replace(task, resources=replace(task.resources, capacity=capacity))

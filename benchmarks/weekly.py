"""How fast plans by week are allocated, and how near the best possible they are certified to be.

Demand comes evenly over the weeks, capacities of each week are an even share of 80 % of what the
unlimited plan takes, lead times are 0 to 2 weeks, and carrying a unit over, or owing it, costs 2 %
of its margin a week. One process, one thread, seconds of CPU. The bound is the relaxation's: it
knows no set-ups and no smallest lots, so the gaps of the last rows are no more than an upper limit.

    python benchmarks/weekly.py
    python benchmarks/weekly.py --variants 20000 --resources 10 --weeks 4
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from time import process_time

import numpy as np
from allocation_cases import drawn, with_multiples, with_setups
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from production.allocation.task import Task
from production.allocation.weekly.allocate import allocate_weeks
from production.allocation.weekly.task import WeeklyTask

CARRYING = 0.02


def by_week(task: Task, weeks: int, *, seed: int = 0) -> WeeklyTask:
    """The task's demand spread evenly over weeks, each with its share of the capacity."""
    random = np.random.default_rng(seed + 2)
    variants, resources = len(task.variants), len(task.resources.ids)
    shares = (np.arange(weeks) + 1.0) / weeks
    curves = tuple(task.curves.scaled(np.full(variants, share)) for share in shares)
    underage = np.tile(CARRYING * task.underage[:, None], weeks)
    underage[:, -1] = task.underage
    overage = np.tile(CARRYING * task.underage[:, None], weeks)
    overage[:, -1] = task.overage
    return WeeklyTask(
        variants=task.variants,
        curves=curves,
        underage=underage,
        overage=overage,
        lots=task.lots,
        lead=random.integers(0, min(3, weeks), variants),
        resources=task.resources,
        capacity=np.tile(task.resources.capacity[:, None] / weeks, weeks),
        dearest=np.full((resources, weeks), np.inf),
    )


def main() -> None:
    """Measure the kinds of lots side by side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--variants", type=int, default=5_000)
    parser.add_argument("--resources", type=int, default=5)
    parser.add_argument("--weeks", type=int, default=4)
    chosen = parser.parse_args()
    single = drawn(chosen.variants, chosen.resources)
    cases = (
        ("any quantity", single, True),
        ("whole units", single, False),
        ("multiples of 1 to 12", with_multiples(single), False),
        ("smallest lots and set-ups", with_setups(single), False),
    )
    size = f"{chosen.variants:,} x {chosen.resources} x {chosen.weeks} weeks"
    table = Table("plan", "CPU s", "gap", "fullest resource", title=size)
    for name, task, continuous in cases:
        weekly = by_week(task, chosen.weeks)
        with threadpool_limits(1):
            began = process_time()
            found = allocate_weeks(replace(weekly), continuous=continuous)
            seconds = process_time() - began
        fullest = float((weekly.used(found.begun) / weekly.capacity).max())
        table.add_row(name, f"{seconds:.2f}", f"{found.gap:.1e}", f"{fullest:.9f}")
    Console().print(table)


if __name__ == "__main__":
    main()

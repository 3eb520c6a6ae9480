"""How long kept plans take: to keep, to read, to compare and to ask what if.

One pair of plans of generated variants (demand of 20 points, capacities at 80 % of what is used
where nothing is limited, half of the resources a variant), in seconds of CPU on one thread, the
least of a few. The second plan differs in demand, costs, capacity and ten overrides, so that a
comparison makes the plan again three times.

    python benchmarks/kept_plans.py --variants 100000 --resources 20
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
from allocation_cases import drawn
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from production.allocation.allocate import allocate
from production.allocation.task import Task
from production.plans.changes import Change, Changes, To
from production.plans.diff import diff
from production.plans.economics import Economics
from production.plans.inputs import PlanInputs, read_inputs, write_inputs
from production.plans.plan import Plan
from production.plans.what_if import what_if


def inputs_of(task: Task) -> PlanInputs:
    """A task as a plan's inputs, ten variants a style, two sizes."""
    count = len(task.variants)
    return PlanInputs(
        free=task,
        money=Economics(
            price=task.underage + task.overage,
            unit_cost=task.overage,
            salvage=np.zeros(count),
            goodwill=np.zeros(count),
        ),
        styles=np.array([f"s{row // 10}" for row in range(count)], dtype=object),
        attributes={"size": np.array(["S", "M"] * (count // 2), dtype=object)},
        held=np.full(count, np.nan),
        held_by=np.full(count, "", dtype=object),
    )


def plan_of(inputs: PlanInputs, name: str) -> Plan:
    """The plan of some inputs, as far as a comparison needs it."""
    answer = allocate(inputs.task)
    lines = pd.DataFrame(
        {
            "variant_id": inputs.variants,
            "quantity": answer.quantity.astype(np.int64),
            "reason": "",
        }
    )
    return Plan(
        plan_id=name, as_of=np.datetime64("2026-01-05", "D"), horizon=4, method="drawn",
        lines=lines, resources=(), expected_cost=answer.expected_cost, bound=answer.bound,
        gap=answer.gap, status=answer.status, assumptions=(), inputs=inputs,
    )  # fmt: skip


def otherwise(inputs: PlanInputs) -> PlanInputs:
    """The inputs with other demand, costs and capacity, and ten overrides."""
    task = inputs.free
    factors = np.where(np.arange(len(task.variants)) % 10 == 0, 1.3, 1.0)
    held = inputs.held.copy()
    held[:10] = 5.0
    changed = replace(
        task,
        curves=task.curves.scaled(factors),
        underage=task.underage * 1.05,
        resources=replace(task.resources, capacity=task.resources.capacity * 1.1),
    )
    return replace(inputs, free=changed, held=held)


def timed(run: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """The least seconds of CPU, and what came of it."""
    best, answer = np.inf, None
    for _ in range(repeats):
        began = process_time()
        answer = run()
        best = min(best, process_time() - began)
    return best, answer


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variants", type=int, default=100_000)
    parser.add_argument("--resources", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=4)
    chosen = parser.parse_args()
    rows: list[tuple[str, float, str]] = []
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        inputs = inputs_of(drawn(chosen.variants, chosen.resources))
        first, second = plan_of(inputs, "first"), plan_of(otherwise(inputs), "second")
        path = Path(folder) / "inputs.npz"
        seconds, _ = timed(lambda: write_inputs(path, inputs), 1)
        rows.append(("keep the inputs", seconds, f"{path.stat().st_size / 1e6:.0f} MB"))
        rows.append(("read them", timed(lambda: read_inputs(path), chosen.repeats)[0], ""))
        base, name = allocate(inputs.task), inputs.free.resources.ids[3]
        for told, changes in {
            "a capacity": Changes(capacity={name: To(factor=1.1)}),
            "half the variants' demand": Changes(
                groups=[Change(column="size", values=("M",), demand=1.3)]
            ),
            "a promotion of a tenth": Changes(
                groups=[
                    Change(
                        column="style_id", values=tuple(f"s{n}" for n in range(1000)),
                        demand=1.3, price=To(factor=0.9),
                    )
                ]
            ),
        }.items():  # fmt: skip
            seconds, found = timed(
                lambda asked=changes: what_if(inputs, asked, base), chosen.repeats
            )
            rows.append((f"what if: {told}", seconds, f"gap {found.answer.gap:.1g}"))
        seconds, compared = timed(lambda: diff(first, second), 1)
        rows.append(("diff, all causes", seconds, f"{len(compared.moved):,} moved"))
        summed = compared.lines[list(compared.totals())].sum(axis=1)
        assert (summed == compared.lines["change"]).all()  # noqa: S101  # what is measured is right
    table = Table("what", "CPU s", "")
    for told, seconds, more in rows:
        table.add_row(told, f"{seconds:.3g}", more)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()

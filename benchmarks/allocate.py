"""How fast plans are allocated, and how near the best possible they are certified to be.

Every size is measured in this one process on one thread, in seconds of CPU; the equal linear
program is solved by HiGHS in the same run. Demand has 20 points a variant, capacities are 80 % of
what is used where nothing is limited, and a variant takes half of the resources.

    python benchmarks/allocate.py --json OUT.json
    python benchmarks/allocate.py --only "what if" --repeats 5
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import process_time
from typing import Final

import highspy
import numpy as np
from allocation_cases import drawn, with_multiples, with_setups
from rich.console import Console
from rich.table import Table
from scipy import sparse
from threadpoolctl import threadpool_limits

from production.allocation.allocate import Allocation, allocate
from production.allocation.task import Task

Row = dict[str, float | str]


def timed(run: Callable[[], Allocation], repeats: int) -> tuple[Allocation, float]:
    """The answer, and the least seconds of CPU that it took."""
    best, answer = np.inf, None
    for _ in range(repeats):
        began = process_time()
        answer = run()
        best = min(best, process_time() - began)
    assert answer is not None  # noqa: S101  # at least one repeat
    return answer, best


def measured(title: str, task: Task, repeats: int, *, continuous: bool) -> Row:
    """One size: seconds, gap, and how well the resources are kept."""
    answer, seconds = timed(lambda: allocate(_fresh(task), continuous=continuous), repeats)
    return row(title, answer, seconds)


def _fresh(task: Task) -> Task:
    """The task with nothing computed beforehand."""
    return replace(task, curves=replace(task.curves), resources=replace(task.resources))


def row(title: str, answer: Allocation, seconds: float) -> Row:
    """A line of the table."""
    kept = float((answer.used / answer.task.resources.capacity).max()) - 1
    return {"case": title, "seconds": seconds, "gap": answer.gap, "exceeded": max(kept, 0.0)}


def continuous_large(repeats: int) -> list[Row]:
    """100,000 x 20 and 1,000,000 x 5, any quantity."""
    return [
        measured(f"continuous {v:,} x {r}", drawn(v, r), repeats, continuous=True)
        for v, r in ((100_000, 20), (1_000_000, 5))
    ]


def whole(repeats: int) -> list[Row]:
    """100,000 x 20 in whole units and in multiples."""
    task = drawn(100_000, 20)
    return [
        measured("whole units 100,000 x 20", task, repeats, continuous=False),
        measured("multiples 100,000 x 20", with_multiples(task), repeats, continuous=False),
    ]


def setups(repeats: int) -> list[Row]:
    """10,000 x 5 in lots with a smallest lot, and set-ups, light and heavy."""
    return [
        measured(
            f"lots, {name} set-ups 10,000 x 5",
            with_setups(drawn(10_000, 5), heaviness=heaviness),
            repeats,
            continuous=False,
        )
        for name, heaviness in (("light", 1.0), ("heavy", 10.0))
    ]


def what_if(repeats: int) -> list[Row]:
    """100,000 x 20: one capacity, then the demand of a tenth of the variants, changed."""
    rows: list[Row] = []
    for name, task in (("continuous", drawn(100_000, 20)), ("whole", drawn(100_000, 20))):
        base = allocate(task, continuous=name == "continuous")
        capacity = task.resources.capacity.copy()
        capacity[3] *= 1.1
        wider = replace(task, resources=replace(task.resources, capacity=capacity))
        values = task.curves.values.copy(order="F")
        values[:10_000] *= 1.3
        more = replace(task, curves=replace(task.curves, values=values))
        for what, changed in (("a capacity", wider), ("a group's demand", more)):
            again = partial(allocate, changed, continuous=name == "continuous", base=base)
            answer, seconds = timed(again, repeats)
            rows.append(row(f"what if, {what} changes, {name} 100,000 x 20", answer, seconds))
    return rows


def beside_highs(repeats: int) -> list[Row]:
    """10,000 x 5 beside HiGHS on the equal linear program, costs by the same exact measure."""
    task = drawn(10_000, 5)
    ours, seconds = timed(lambda: allocate(_fresh(task), continuous=True), repeats)
    began = process_time()
    quantity = linear_program(task)
    theirs = process_time() - began
    cost = float(task.cost(quantity).sum())
    return [
        row("continuous 10,000 x 5", ours, seconds),
        {
            "case": "the same, HiGHS on the equal LP",
            "seconds": theirs,
            "gap": (cost - ours.bound) / cost,
            "times slower": theirs / seconds,
            "costlier": cost / ours.expected_cost - 1,
        },
    ]


def linear_program(task: Task) -> np.ndarray:
    """(V,) units that HiGHS finds where each segment between two demand points is a column.

    Along a segment the expected cost is taken as linear between its ends, so that the program
    has V x (K - 1) bounded columns and R rows.
    """
    edges = task.curves.values
    count, points = edges.shape
    cost = np.column_stack([task.cost(edges[:, k]) for k in range(points)])
    width = np.diff(edges, axis=1)
    slope = np.diff(cost, axis=1) / np.where(width > 0, width, 1.0)
    usage = np.repeat(task.resources.usage, points - 1, axis=0)
    matrix = sparse.csc_array(usage.T)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = width.size, len(task.resources.ids)
    model.col_cost_, model.col_lower_, model.col_upper_ = (
        slope.ravel(), np.zeros(width.size), width.ravel(),
    )  # fmt: skip
    model.row_lower_ = np.full(len(task.resources.ids), -np.inf)
    model.row_upper_ = task.resources.capacity
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = matrix.indptr, matrix.indices
    model.a_matrix_.value_ = matrix.data
    solver = highspy.Highs()
    solver.silent()
    solver.setOptionValue("threads", 1)
    solver.passModel(model)
    solver.run()
    return np.asarray(solver.getSolution().col_value).reshape(count, points - 1).sum(axis=1)


CASES: Final[Mapping[str, Callable[[int], list[Row]]]] = {
    "continuous": continuous_large,
    "whole": whole,
    "setups": setups,
    "what if": what_if,
    "highs": beside_highs,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=sorted(CASES), help="one group of cases")
    parser.add_argument("--repeats", type=int, default=3, help="the least of so many is told")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    chosen = parser.parse_args()
    with threadpool_limits(1):
        rows = [
            line
            for name, case in CASES.items()
            if chosen.only in (None, name)
            for line in case(chosen.repeats)
        ]
    table = Table("case", "CPU s", "gap", "exceeded", "times slower", "costlier")
    for line in rows:
        told = [f"{line[key]:.3g}" if key in line else "" for key in
                ("seconds", "gap", "exceeded", "times slower", "costlier")]  # fmt: skip
        table.add_row(str(line["case"]), *told)
    Console(width=130).print(table)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

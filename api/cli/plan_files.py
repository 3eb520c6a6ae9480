"""`atelier plan --demand …`: a plan from files, for any other program."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

import typer

from api.cli import console

if TYPE_CHECKING:
    from production.allocation.allocate import Allocation

ON_STDOUT: Final = Path("-")
"""Where JSON goes when no file is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFiles:
    """What the command line names.

    Attributes:
        demand: quantiles and costs of each variant.
        resources: capacities.
        usage: what a unit takes.
        lots: bounds, multiples and stock.
        out: where the plan goes.
        continuous: any quantity, not only whole ones.
        seconds: time limit.
    """

    demand: Path | None
    resources: Path | None
    usage: Path | None
    lots: Path | None
    out: Path | None
    continuous: bool
    seconds: float | None

    @property
    def meant(self) -> bool:
        """Whether the command is to plan from files."""
        named = (self.demand, self.resources, self.usage, self.lots, self.out, self.seconds)
        return self.continuous or any(value is not None for value in named)


def plan_files(files: PlanFiles, capacity: Mapping[str, float], json: Path | None) -> None:
    """Plan from files and write the plan, and the summary where asked; both or neither."""
    demand, resources, usage, out = _all_named(files)
    from production.allocation.allocate import allocate
    from production.plans.files.task import read_task

    with console.progress() as progress:
        progress("Reading", 0, 1)
        task = read_task(demand, resources, usage, files.lots, continuous=files.continuous)
        if capacity:
            task = replace(task, resources=task.resources.override(capacity))
        progress("Planning", 0, 1)
        began = perf_counter()
        answer = allocate(task, continuous=files.continuous, seconds=files.seconds)
        seconds = perf_counter() - began
    summary = summary_of(answer, seconds)
    _write(answer, out, summary, json, whole=not files.continuous)
    if json == ON_STDOUT:
        console.answer(summary)
        return
    if json is None:
        show(answer, out)


def _all_named(files: PlanFiles) -> tuple[Path, Path, Path, Path]:
    """The files that a plan from files needs; a usage error where one is not named."""
    needed = {"--demand": files.demand, "--resources": files.resources,
              "--usage": files.usage, "--out": files.out}  # fmt: skip
    for flag, path in needed.items():
        if path is None:
            raise typer.BadParameter("A plan from files needs it.", param_hint=flag)
    found = [path for path in needed.values() if path is not None]
    return found[0], found[1], found[2], found[3]


def summary_of(answer: Allocation, seconds: float) -> dict[str, object]:
    """What the whole plan costs, the certificate, and every resource's use and price."""
    ids = answer.task.resources.ids
    named: dict[str, object] = {
        "expected_cost": answer.expected_cost,
        "bound": answer.bound,
        "gap": answer.gap,
        "shadow_prices": dict(zip(ids, answer.shadow_prices.tolist(), strict=True)),
        "used": dict(zip(ids, answer.used.tolist(), strict=True)),
        "solve_seconds": seconds,
        "status": answer.status,
    }
    if answer.task.resources.extra_cost is not None:
        named["bought"] = dict(zip(ids, answer.bought.tolist(), strict=True))
    return named


def _write(
    answer: Allocation, out: Path, summary: Mapping[str, object], json: Path | None, *, whole: bool
) -> None:
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv

    from api.output import replacing, to_json

    table = pa.table(
        {
            "variant_id": pa.array(answer.task.variants, pa.string()),
            "quantity": answer.quantity.astype(np.int64) if whole else answer.quantity,
            "expected_shortage": answer.expected_shortage,
            "expected_leftover": answer.expected_leftover,
            "stockout_probability": answer.stockout_probability,
        }
    )
    # pyarrow knows no quoting only where it is needed: all texts, or none
    special = any(mark in name for name in answer.task.variants for mark in ',"\r\n')
    style = "needed" if special else "none"
    options = csv.WriteOptions(quoting_style=style, quoting_header="none")
    with ExitStack() as both:
        csv.write_csv(table, both.enter_context(replacing(out)), options)
        if json is not None and json != ON_STDOUT:
            part = both.enter_context(replacing(json))
            part.write_text(to_json(summary) + "\n", encoding="utf-8")


def show(answer: Allocation, out: Path) -> None:
    """The resources, and where the plan lies."""
    resources = answer.task.resources
    console.show(
        f"{answer.quantity.sum():,.0f} units of {len(answer.quantity):,} variants",
        ("resource", "capacity", "used", "shadow price"),
        list(
            zip(
                resources.ids,
                resources.capacity.tolist(),
                answer.used.tolist(),
                answer.shadow_prices.tolist(),
                strict=True,
            )
        ),
        caption=f"Expected cost {answer.expected_cost:,.0f}, {answer.status}, "
        f"at most {answer.gap:.2%} above the best possible.",
    )
    console.say(f"Written: {out}")

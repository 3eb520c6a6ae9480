"""What the files of a plan ask for: demand, resources, usage and lots as an allocation's task."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.allocation.lots import Lots
from production.allocation.quantiles import DemandCurves
from production.allocation.resources import Resources
from production.allocation.task import Task
from production.errors import BadDemand, BadResources
from production.plans.files.lots import places_of, read_lots
from production.plans.files.sheet import Columns, Sheet, read_sheet

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

QUANTILE: Final = re.compile(r"q\d+(\.\d+)?")
COSTS: Final = ("underage_cost", "overage_cost")
FEWEST_QUANTILES: Final = 3


def read_task(
    demand: Path,
    resources: Path,
    usage: Path,
    lots: Path | None = None,
    *,
    continuous: bool = False,
) -> Task:
    """The task that four files pose, its variants and resources by id.

    Args:
        demand: `variant_id`, three or more quantile columns such as `q05`, `underage_cost` and
            `overage_cost` in money a unit.
        resources: `resource_id, capacity`, and `extra_unit_cost` where more can be bought.
        usage: `variant_id, resource_id, amount`, and `setup_amount` if any has one.
        lots: `variant_id` and any of `minimum, multiple, maximum, on_hand, smallest_lot, frozen`.
        continuous: whether any quantity between the bounds will do.

    Raises:
        SourceError: a file is missing, damaged, or lacks a column; a row is not whole.
        BadDemand, BadResources: a value makes no sense; names file, line, column and ids.
    """
    sheet = read_sheet(demand, Columns(texts=("variant_id",), numbers=COSTS, pattern=QUANTILE),
                       BadDemand)  # fmt: skip
    sheet.refuse_ids(BadDemand, ["variant_id"])
    ids = sheet.texts["variant_id"]
    given = ids.names[ids.codes]
    order = np.argsort(given, kind="stable")
    variants = given[order]
    curves = _curves(sheet, order)
    _refuse_costs(sheet)
    allowed = Lots.any_units(len(variants))
    if lots is not None:
        allowed = read_lots(lots, variants, continuous=continuous)
    return Task(
        variants=variants,
        curves=curves,
        underage=sheet.numbers["underage_cost"][order],
        overage=sheet.numbers["overage_cost"][order],
        lots=allowed,
        resources=_resources(resources, usage, variants),
    )


def _curves(sheet: Sheet, order: Places) -> DemandCurves:
    """Demand in the order of ids; refuses what is no distribution, by line and column."""
    columns = [name for name in sheet.numbers if QUANTILE.fullmatch(name)]
    levels = np.array([level_of(name) for name in columns])
    _refuse_levels(sheet.name, columns, levels)
    rank = np.argsort(levels)
    columns = [columns[place] for place in rank]
    for name in columns:
        sheet.refuse_numbers(BadDemand, name)
    for lower, upper in pairwise(columns):
        crossing = sheet.numbers[upper] < sheet.numbers[lower]
        what = f"The quantiles cross: '{upper}' lies below '{lower}', at {{value}}."
        sheet.refuse(BadDemand, crossing, upper, what, "Give quantiles that rise with the level.")
    if not any(sheet.numbers[name].any() for name in columns):
        raise BadDemand(
            "All demand is zero, so there is nothing to plan.",
            where=f"{sheet.name}, lines {sheet.lines[0]} to {sheet.lines[-1]}, "
            f"columns {columns[0]} to {columns[-1]}",
            fix="Check the file that the quantiles come from.",
        )
    quantiles = np.column_stack([sheet.numbers[name][order] for name in columns])
    return DemandCurves.from_quantiles(levels[rank], quantiles, range(len(order)))


def level_of(column: str) -> float:
    """The level of a quantile column: q05 is .05, q97.5 and q975 are .975."""
    digits = column[1:]
    if "." in digits or len(digits) < 3:
        return float(digits) / 100
    return float(f"0.{digits}") if digits != "100" else 1.0


def _refuse_levels(file: str, columns: Sequence[str], levels: Floats) -> None:
    outside = [name for name, level in zip(columns, levels, strict=True) if not 0 < level < 1]
    what = ""
    if outside:
        what = f"'{outside[0]}' is no quantile between 0 and 1"
    elif len(columns) < FEWEST_QUANTILES:
        what = f"There are {len(columns)} quantile columns, and {FEWEST_QUANTILES} are needed"
    elif len(set(levels.tolist())) < len(levels):
        what = "Two columns give the same quantile"
    if what:
        raise BadDemand(
            f"{what}.",
            where=f"{file}, line 1, columns {', '.join(columns) or 'none'}",
            fix="Name quantile columns like q05, q50 and q95, each once.",
        )


def _refuse_costs(sheet: Sheet) -> None:
    for name in COSTS:
        sheet.refuse_numbers(BadDemand, name)
    none = sheet.numbers["underage_cost"] == 0
    what = "The margin is zero: 'underage_cost' is 0, so no unit is worth making."
    fix = "Give what a unit short costs, or leave the variant out."
    sheet.refuse(BadDemand, none, "underage_cost", what, fix)


def _resources(path: Path, usage: Path, variants: NDArray[np.object_]) -> Resources:
    """Resources by id, and what a unit of each variant takes of them."""
    columns = Columns(texts=("resource_id",), numbers=("capacity",), optional=("extra_unit_cost",))
    sheet = read_sheet(path, columns, BadResources)
    sheet.refuse_ids(BadResources, ["resource_id"])
    sheet.refuse_numbers(BadResources, "capacity")
    ids = sheet.texts["resource_id"]
    given = ids.names[ids.codes]
    order = np.argsort(given, kind="stable")
    names = tuple(str(name) for name in given[order])
    amount, setup = _amounts(usage, variants, names, path.name)
    return Resources(
        ids=names,
        units=("",) * len(names),
        capacity=sheet.numbers["capacity"][order],
        usage=amount,
        setup=setup,
        extra_cost=_extra_cost(sheet, order),
    )


def _extra_cost(sheet: Sheet, order: Places) -> Floats | None:
    """(R,) money for a unit above the capacity, inf where nothing is said of it."""
    if "extra_unit_cost" not in sheet.numbers:
        return None
    sheet.refuse_numbers(BadResources, "extra_unit_cost", missing=True)
    cost = np.where(sheet.blank["extra_unit_cost"], np.inf, sheet.numbers["extra_unit_cost"])
    return cost[order]


def _amounts(
    path: Path, variants: NDArray[np.object_], resources: tuple[str, ...], file: str
) -> tuple[Floats, Floats]:
    """(V, R) amounts and set-ups; a pair without a row takes none."""
    columns = Columns(
        texts=("variant_id", "resource_id"), numbers=("amount",), optional=("setup_amount",)
    )
    sheet = read_sheet(path, columns, BadResources)
    sheet.refuse_ids(BadResources, ["variant_id", "resource_id"])
    sheet.refuse_numbers(BadResources, "amount")
    row = places_of(sheet, "variant_id", variants, "demand")
    column = places_of(sheet, "resource_id", np.array(resources, dtype=object), file)
    amount = np.zeros((len(variants), len(resources)))
    setup = np.zeros_like(amount)
    amount[row, column] = sheet.numbers["amount"]
    if "setup_amount" in sheet.numbers:
        sheet.refuse_numbers(BadResources, "setup_amount", missing=True)
        setup[row, column] = np.where(
            sheet.blank["setup_amount"], 0.0, sheet.numbers["setup_amount"]
        )
    return amount, setup

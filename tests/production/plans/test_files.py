"""A plan's files: what they mean, and what is refused, by line and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data.errors import AtelierError, SourceError
from production.allocation.allocate import allocate
from production.allocation.task import Task
from production.errors import BadDemand, Infeasible
from production.plans.files.task import level_of, read_task

DEMAND = """variant_id,q10,q50,q90,underage_cost,overage_cost
b,0,4,8,3,1
a,10,30,50,6,2
"""
RESOURCES = "resource_id,capacity\nhours,60\ncloth,1000\n"
USAGE = "variant_id,resource_id,amount\na,hours,2\nb,hours,1\na,cloth,.5\n"
LOTS = "variant_id,minimum,multiple,maximum,on_hand\na,3,5,40,1\nb,,,,2\n"


def write(folder: Path, **texts: str | bytes) -> dict[str, Path]:
    """The four files, with others in place of the usual texts."""
    usual: dict[str, str | bytes] = {
        "demand": DEMAND, "resources": RESOURCES, "usage": USAGE, "lots": LOTS,
    }  # fmt: skip
    paths = {}
    for name, text in (usual | texts).items():
        paths[name] = folder / f"{name}.csv"
        paths[name].write_bytes(text if isinstance(text, bytes) else text.encode())
    return paths


def read(folder: Path, **texts: str | bytes) -> Task:
    return task_of(write(folder, **texts))


def task_of(paths: dict[str, Path], *, continuous: bool = False) -> Task:
    return read_task(
        paths["demand"], paths["resources"], paths["usage"], paths["lots"], continuous=continuous
    )


def test_the_files_pose_the_task_by_id_whatever_their_order(tmp_path: Path) -> None:
    task = read(tmp_path)
    assert task.variants.tolist() == ["a", "b"]
    np.testing.assert_allclose(task.curves.levels, [0, 0.1, 0.5, 0.9, 1])
    np.testing.assert_allclose(task.curves.values[0], [0, 10, 30, 50, 55])
    np.testing.assert_allclose(task.curves.values[1], [0, 0, 4, 8, 9])
    assert task.underage.tolist() == [6, 3]
    assert task.overage.tolist() == [2, 1]
    assert task.resources.ids == ("cloth", "hours")
    assert task.resources.usage.tolist() == [[0.5, 2], [0, 1]]
    assert task.lots.least.tolist() == [5, 0]
    assert task.lots.multiple.tolist() == [5, 1]
    assert task.lots.most.tolist() == [40, np.inf]
    assert task.lots.on_hand.tolist() == [1, 2]


def test_in_continuous_plans_bounds_hold_and_multiples_do_not(tmp_path: Path) -> None:
    task = task_of(
        write(tmp_path, lots="variant_id,minimum,maximum\na,2.5,\nb,,.5\n"), continuous=True
    )
    assert task.lots.least.tolist() == [2.5, 0]
    assert task.lots.most.tolist() == [np.inf, 0.5]
    answer = allocate(task, continuous=True)
    assert answer.gap < 1e-9
    assert answer.quantity[1] <= 0.5


def test_more_of_a_resource_may_be_bought(tmp_path: Path) -> None:
    resources = "resource_id,capacity,extra_unit_cost\nhours,60,.01\ncloth,1000,\n"
    task = read(tmp_path, resources=resources)
    assert task.resources.dearest.tolist() == [np.inf, 0.01]
    assert allocate(task).bought[1] > 0


def test_smallest_lots_and_frozen_quantities_are_further_columns(tmp_path: Path) -> None:
    lots = "variant_id,smallest_lot,frozen,multiple\na,12,,5\nb,,7,3\n"
    task = read(tmp_path, lots=lots)
    assert task.lots.smallest.tolist() == [15, 7]
    assert task.lots.zero.tolist() == [True, False]
    assert allocate(task).quantity[1] == 7
    none = read(tmp_path, lots="variant_id,frozen\nb,0\n")
    assert allocate(none).quantity[1] == 0


@pytest.mark.parametrize(
    ("column", "level"),
    [("q05", 0.05), ("q5", 0.05), ("q95", 0.95), ("q975", 0.975), ("q97.5", 0.975)],
)  # fmt: skip
def test_a_quantile_column_names_its_level(column: str, level: float) -> None:
    assert level_of(column) == pytest.approx(level)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_byte_order_marks_line_ends_quotes_and_further_columns_are_taken(
    tmp_path: Path, end: str, mark: str
) -> None:
    plain = read(tmp_path)
    texts: dict[str, str | bytes] = {
        "demand": mark + DEMAND.replace("\n", end),
        "usage": mark + USAGE.replace("a,", '"a",').replace("\n", end),
        "resources": RESOURCES.replace("capacity", "capacity,note").replace("60", "60,x")
        .replace("1000", "1000,"),
    }  # fmt: skip
    task = read(tmp_path, **texts)
    np.testing.assert_array_equal(task.curves.values, plain.curves.values)
    np.testing.assert_array_equal(task.resources.usage, plain.resources.usage)


BAD: dict[str, tuple[str, str, str, str, str]] = {
    "negative capacity": (
        "resources", "cloth,1000", "cloth,-1",
        "bad-resources", "line 3, column capacity",
    ),
    "missing capacity": (
        "resources", "hours,60", "hours,",
        "bad-resources", "line 2, column capacity",
    ),
    "capacity that is no number": (
        "resources", "60", "nan",
        "bad-resources", "line 2, column capacity",
    ),
    "capacity in words": (
        "resources", "60", "many",
        "bad-resources", "line 2, column capacity",
    ),
    "endless capacity": ("resources", "60", "inf", "bad-resources", "line 2, column capacity"),
    "second resource": (
        "resources", "cloth", "hours",
        "bad-resources", "line 3, column resource_id",
    ),
    "blank resource": (
        "resources", "cloth", " ",
        "bad-resources", "line 3, column resource_id",
    ),
    "usage of an unknown resource": (
        "usage", "b,hours", "b,hour",
        "bad-resources", "line 3, column resource_id",
    ),
    "usage of an unknown variant": (
        "usage", "b,hours", "c,hours",
        "bad-resources", "line 3, column variant_id",
    ),
    "negative usage": (
        "usage", "hours,2", "hours,-2",
        "bad-resources", "line 2, column amount",
    ),
    "usage that is no number": ("usage", ".5", "NaN", "bad-resources", "line 4, column amount"),
    "second usage": (
        "usage", "b,hours", "a,hours",
        "bad-resources", "line 3, column variant_id",
    ),
    "minimum above maximum": (
        "lots", "3,5,40", "50,5,40",
        "bad-resources", "line 2, column minimum",
    ),
    "no multiple between": (
        "lots", "3,5,40", "3,5,4",
        "bad-resources", "line 2, column minimum",
    ),
    "multiple of none": (
        "lots", "3,5,40", "3,0,40",
        "bad-resources", "line 2, column multiple",
    ),
    "multiple of a part": (
        "lots", "3,5,40", "3,2.5,40",
        "bad-resources", "line 2, column multiple",
    ),
    "negative stock": ("lots", "40,1", "40,-1", "bad-resources", "line 2, column on_hand"),
    "stock that is no number": (
        "lots", "40,1", "40,nan",
        "bad-resources", "line 2, column on_hand",
    ),
    "lots of an unknown variant": (
        "lots", "b,", "c,",
        "bad-resources", "line 3, column variant_id",
    ),
    "second lots": ("lots", "b,", "a,", "bad-resources", "line 3, column variant_id"),
    "crossing quantiles": (
        "demand", "10,30,50", "10,30,20",
        "bad-demand", "line 3, column q90",
    ),
    "demand that is no number": (
        "demand", "10,30", "10,nan",
        "bad-demand", "line 3, column q50",
    ),
    "missing demand": ("demand", "0,4", ",4", "bad-demand", "line 2, column q10"),
    "negative demand": ("demand", "0,4", "-1,4", "bad-demand", "line 2, column q10"),
    "endless demand": ("demand", "4,8", "4,1e999", "bad-demand", "line 2, column q90"),
    "zero margin": ("demand", "50,6", "50,0", "bad-demand", "line 3, column underage_cost"),
    "negative overage": ("demand", "6,2", "6,-2", "bad-demand", "line 3, column overage_cost"),
    "second variant": ("demand", "a,10", "b,10", "bad-demand", "line 3, column variant_id"),
    "all demand zero": (
        "demand", "4,8,3,1\na,10,30,50", "0,0,3,1\na,0,0,0",
        "bad-demand", "lines 2 to 3, columns q10 to q90",
    ),
    "two quantiles alone": ("demand", "q90", "mean", "bad-demand", "line 1, columns q10, q50"),
    "the same quantile twice": (
        "demand", "q10,q50", "q50.0,q50",
        "bad-demand", "line 1, columns q50.0, q50, q90",
    ),
    "a quantile of one": (
        "demand", "q90", "q100",
        "bad-demand", "line 1, columns q10, q50, q100",
    ),
    "missing column": ("demand", "overage_cost", "overage", "source", "demand.csv:1"),
    "column named twice": ("demand", "q10,q50", "underage_cost,q50", "source", "demand.csv:1"),
    "short row": ("demand", "b,0,4,8,3,1", "b,0,4,8,3", "source", "demand.csv:2"),
    "blank line": ("usage", "b,hours", "\nb,hours", "source", "usage.csv:3"),
    "repeated header": (
        "usage", "b,hours,1", "variant_id,resource_id,amount",
        "source", "usage.csv:3",
    ),
    "header only": (
        "usage", USAGE[len("variant_id,resource_id,amount\n"):], "",
        "source", "usage.csv:1",
    ),
    "NUL": ("usage", "b,hours", "b\0,hours", "source", "usage.csv:3"),
    "stray quote": ("usage", "b,hours", 'b",hours', "source", "usage.csv:3"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_makes_no_sense_is_refused_by_file_line_and_column(tmp_path: Path, case: str) -> None:
    name, here, there, code, where = BAD[case]
    text = {"demand": DEMAND, "resources": RESOURCES, "usage": USAGE, "lots": LOTS}[name]
    assert here in text
    with pytest.raises(AtelierError) as caught:
        read(tmp_path, **{name: text.replace(here, there, 1)})
    assert caught.value.code.endswith(f".{code}")
    assert where in caught.value.where
    assert caught.value.where.startswith(f"{name}.csv")
    assert caught.value.what
    assert caught.value.fix


def test_a_line_is_the_physical_one_behind_quoted_line_breaks(tmp_path: Path) -> None:
    demand = DEMAND.replace("b,0", '"b\nc",0').replace("30,50", "30,5")
    with pytest.raises(BadDemand) as caught:
        read(tmp_path, demand=demand)
    assert "line 4, column q90, variant 'a'" in caught.value.where


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    paths = write(tmp_path)
    with pytest.raises(SourceError):
        task_of(paths | {"usage": tmp_path / "none.csv"})
    with pytest.raises(AtelierError):
        read(tmp_path, demand=DEMAND.replace("b,", "\xfc,").encode("latin-1"))


def test_lower_bounds_that_cannot_be_kept_name_resource_variants_and_capacity(
    tmp_path: Path,
) -> None:
    task = read(tmp_path, lots="variant_id,minimum\na,29\nb,3\n")
    with pytest.raises(Infeasible) as caught:
        allocate(task)
    assert caught.value.where == "resource 'hours'"
    assert "'a' (58)" in caught.value.what
    assert "at least 61" in caught.value.fix
    enough = RESOURCES.replace("60", "61")
    answer = allocate(read(tmp_path, lots="variant_id,minimum\na,29\nb,3\n", resources=enough))
    assert answer.quantity.tolist() == [29, 3]

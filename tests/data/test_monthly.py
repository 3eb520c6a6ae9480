"""Files that come month by month: together they are what one file of all of them would be."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.tables import CANCELLED, ORDERS, VARIANTS
from data.workspace import Workspace
from tests.data import shop

CANCELLATION = """
[[sources.tables.orders.rules]]
rule = "cancellation"
when = { order_id = { matches = "^X" } }
within = "6 hours"
"""
MAPPED = shop.mapping(shop.ORDERS, shop.DUPLICATE, CANCELLATION)

GIANT = "7,C,V,80000,1.5,2024-05-31 21:50"
UNDO = "X8,C,V,-80000,1.5,2024-06-01 00:10"
OTHER = "9,C,V,3,1.5,2024-06-02 09:00"


def month(folder: Path, number: int, *rows: str) -> Path:
    return shop.put(folder, f"orders{number}.csv", shop.HEADER, *rows)


def orders(folder: Path) -> pd.DataFrame:
    return Workspace.open(folder / "shop").read(ORDERS)


@pytest.mark.parametrize("turned", [False, True], ids=["in time", "the later file first"])
def test_an_order_is_cancelled_by_the_next_file(
    tmp_path: Path, turned: bool
) -> None:  # pytest's way
    files = [month(tmp_path, 1, GIANT), month(tmp_path, 2, UNDO, OTHER)]
    reports = [shop.bring(tmp_path, MAPPED, file) for file in files[:: -1 if turned else 1]]
    assert orders(tmp_path)["order_id"].tolist() == ["9"]
    assert [report.undone for report in reports] == [0, 1]
    assert reports[-1].set_aside == {"cancellation": 1}
    assert reports[-1].quarantine is not None
    listed = pd.read_csv(reports[-1].quarantine, keep_default_na=False)
    assert listed["rule"].tolist() == ["cancellation"] * 2
    assert listed["line"].tolist() == [0, 2]
    assert ("Order X8" if turned else "Order 7") in listed["hint"][0]


def test_a_part_of_an_earlier_order_is_cancelled(tmp_path: Path) -> None:
    shop.bring(tmp_path, MAPPED, month(tmp_path, 1, GIANT))
    shop.bring(tmp_path, MAPPED, month(tmp_path, 2, UNDO.replace("-80000", "-30000")))
    assert orders(tmp_path)["quantity"].tolist() == [50_000]
    shop.bring(tmp_path, MAPPED, month(tmp_path, 3, UNDO.replace("-80000", "-60000")))
    assert orders(tmp_path)["quantity"].tolist() == [-10_000]


def test_a_late_one_is_a_return_of_the_earlier_order(tmp_path: Path) -> None:
    shop.bring(tmp_path, MAPPED, month(tmp_path, 1, GIANT))
    late = UNDO.replace("06-01 00:10", "06-01 03:51")
    assert shop.bring(tmp_path, MAPPED, month(tmp_path, 2, late)).undone == 0
    assert orders(tmp_path)["quantity"].tolist() == [80_000, -80_000]


def test_an_export_that_overlaps_brings_no_cancelled_order_back(tmp_path: Path) -> None:
    shop.bring(tmp_path, MAPPED, month(tmp_path, 1, GIANT))
    shop.bring(tmp_path, MAPPED, month(tmp_path, 2, GIANT, UNDO))
    assert orders(tmp_path).empty
    report = shop.bring(tmp_path, MAPPED, month(tmp_path, 3, GIANT, OTHER))
    assert report.set_aside == {"duplicate": 1}
    assert orders(tmp_path)["order_id"].tolist() == ["9"]
    assert len(Workspace.open(tmp_path / "shop").read(CANCELLED)) == 2


def test_a_price_that_a_rule_filled_hides_no_repetition(tmp_path: Path) -> None:
    rule = '[[sources.tables.orders.rules]]\nrule = "missing"\ncolumns = { unit_price = "mean" }\n'
    mapped = shop.mapping(shop.ORDERS, shop.DUPLICATE, rule)
    gap = "1,C,V,1,,2024-05-01"
    shop.bring(tmp_path, mapped, month(tmp_path, 1, gap, "2,C,V,1,4,2024-05-02"))
    report = shop.bring(tmp_path, mapped, month(tmp_path, 2, gap, "3,C,V,1,9,2024-05-03"))
    assert report.set_aside == {"duplicate": 1}
    assert orders(tmp_path)["unit_price"].tolist() == [4, 4, 9]


def test_a_file_of_nothing_but_repetitions_changes_no_row(tmp_path: Path) -> None:
    derived = (
        '[sources.tables.variants]\ngroup = "orders"\nby = "variant_id"\n'
        '[sources.tables.variants.columns]\nstyle_id = "variant_id"\n'
        'price = { from = "unit_price", pick = "median" }\n'
        'introduced_at = { from = "ordered_at", pick = "smallest" }\n'
    )
    mapped = shop.mapping(shop.ORDERS, shop.DUPLICATE, derived)
    shop.bring(tmp_path, mapped, month(tmp_path, 1, GIANT, OTHER))
    before = orders(tmp_path), Workspace.open(tmp_path / "shop").read(VARIANTS)
    report = shop.bring(tmp_path, mapped, month(tmp_path, 2, OTHER))
    assert (report.kept, report.set_aside) == (0, {"duplicate": 1})
    pd.testing.assert_frame_equal(orders(tmp_path), before[0])
    pd.testing.assert_frame_equal(Workspace.open(tmp_path / "shop").read(VARIANTS), before[1])


events = st.tuples(
    st.sampled_from("VW"), st.integers(1, 4), st.booleans(), st.integers(0, 40), st.integers(0, 1)
)


@settings(max_examples=40, deadline=None)
@given(st.lists(events, min_size=1, max_size=10))
def test_cut_anywhere_the_same_orders_are_left(
    some: list[tuple[str, int, bool, int, int]],
) -> None:
    rows: tuple[list[str], list[str]] = [], []
    for number, (variant, units, undo, hours, part) in enumerate(some):
        at = pd.Timestamp("2024-05-31") + pd.Timedelta(hours=hours)
        sign, mark = ("-", "X") if undo else ("", "")
        rows[part].append(f"{mark}{number},C,{variant},{sign}{units},1,{at}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [month(folder, n, *some) for n, some in enumerate(rows) if some]
        for path in paths:
            shop.bring(folder, MAPPED, path)
        left = orders(folder)
        net = left["quantity"].sum()
        wanted = sum(int(r.split(",")[3]) for r in itertools.chain(*rows))
        assert net == wanted, "units leave in pairs"
        table = left.assign(cancels=left["order_id"].str.startswith("X"))
        pairs = table[table["cancels"]].merge(table[~table["cancels"]], on="variant_id")
        lag = pairs["ordered_at_x"] - pairs["ordered_at_y"]
        assert not ((lag >= pd.Timedelta(0)) & (lag <= pd.Timedelta("6 hours"))).any()

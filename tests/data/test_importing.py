"""Import: all or nothing, every row accounted for, twice is once."""

from __future__ import annotations

import gzip
import hashlib
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import ImportRefused, MappingError, WorkspaceError
from data.importing import import_files
from data.tables import EVENTS, LOTS, MARKET, ORDERS, USAGE, VARIANTS
from data.workspace import Workspace
from tests.data import shop

ORDER_HEADER = shop.HEADER
ROWS = ("1,C1,V1,2,9.5,2024-05-01", "2,C2,V2,1,4,2024-05-02", "3,,V1,5,9.5,2024-05-03")

CATALOGUE = """
[[sources]]
files = "variants*"
[sources.tables.variants.columns]
variant_id = "variant"
style_id = "style"
price = "price"
[sources.tables.variants.attributes]
colour = "colour"
"""

EVENTS_AND_MORE = """
[[sources]]
files = "events*"
[sources.tables.events.columns]
customer_id = "customer"
variant_id = "variant"
kind = "kind"
at = "at"
[[sources]]
files = "lots*"
[sources.tables.lots.columns]
variant_id = "variant"
minimum = "minimum"
[[sources]]
files = "resources*"
[sources.tables.resources.columns]
resource_id = "resource"
capacity = "capacity"
[[sources]]
files = "usage*"
[sources.tables.usage.columns]
variant_id = "variant"
style_id = "style"
resource_id = "resource"
amount = "amount"
"""

DERIVED = """
[sources.tables.variants]
group = "orders"
by = "variant"
[sources.tables.variants.columns]
style_id = { from = "variant_id", extract = "^..", otherwise = "keep" }
title = { from = "title", pick = "most common" }
price = { from = "unit_price", pick = "median" }
introduced_at = { from = "ordered_at", pick = "smallest" }
""".replace('by = "variant"', 'by = "variant_id"')


def tree(folder: Path) -> dict[str, str]:
    """Every file of a folder and the digest of its content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def held(folder: Path, table: object) -> pd.DataFrame:
    return Workspace.open(folder / "shop").read(table)  # type: ignore[arg-type]


def test_tables_come_in_their_own_columns_types_and_order(tmp_path: Path) -> None:
    rows = ("2,C2,007,1,4,2024-05-02 10:00", "1,NA,V1,-2,9.5,2024-05-01")
    shop.bring(
        tmp_path, shop.mapping(shop.ORDERS), shop.put(tmp_path, "orders.csv", ORDER_HEADER, *rows)
    )
    table = held(tmp_path, ORDERS)
    assert tuple(table.columns) == ORDERS.names
    assert [str(dtype) for dtype in table.dtypes] == [
        "str", "str", "str", "int64", "float64", "datetime64[us]", "str", "str", "str",
    ]  # fmt: skip
    assert table["variant_id"].tolist() == ["V1", "007"]
    assert table["customer_id"].tolist() == [shop.PSEUDONYMS.of(one) for one in ("NA", "C2")]
    assert table["quantity"].tolist() == [-2, 1]


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    path = shop.put(tmp_path, "orders.csv", ORDER_HEADER, *ROWS)
    shop.bring(tmp_path, shop.mapping(shop.ORDERS), path)
    before = tree(tmp_path / "shop")
    renamed = tmp_path / "orders_copy.csv.gz"
    renamed.write_bytes(gzip.compress(path.read_bytes()))
    assert shop.bring(tmp_path, shop.mapping(shop.ORDERS), path, renamed).already
    assert tree(tmp_path / "shop") == before


def test_files_are_told_apart_and_those_known_are_passed_over(tmp_path: Path) -> None:
    mapped = shop.mapping(shop.ORDERS)
    months = []
    for month in ("05", "06"):
        (tmp_path / month).mkdir()
        row = f"1,C1,V1,x,1,2024-{month}-01"
        months.append(shop.put(tmp_path / month, "orders.csv", ORDER_HEADER, row))
    with pytest.raises(ImportRefused) as refusal:
        shop.bring(tmp_path, mapped, *months)
    assert [finding.file for finding in refusal.value.findings] == [str(path) for path in months]
    known = shop.put(tmp_path, "orders.csv", ORDER_HEADER, *ROWS)
    shop.bring(tmp_path, mapped, known)
    fresh = shop.put(tmp_path, "orders2.csv", ORDER_HEADER, "9,C1,V1,1,1,2024-05-09")
    report = shop.bring(tmp_path, mapped, known, fresh)
    assert (report.files, report.passed_over) == (("orders2.csv",), (str(known),))


def test_only_rows_can_be_set_aside_so_only_then_is_quarantine_advised(tmp_path: Path) -> None:
    mapped = shop.mapping(shop.ORDERS)
    with pytest.raises(ImportRefused) as whole:
        shop.bring(tmp_path, mapped, shop.put(tmp_path, "orders1.csv", "order,customer", "1,C"))
    assert "--quarantine" not in whole.value.fix
    bad = shop.put(tmp_path, "orders2.csv", ORDER_HEADER, "1,C1,V1,x,1,2024-05-01")
    with pytest.raises(ImportRefused) as row:
        shop.bring(tmp_path, mapped, bad)
    assert "--quarantine" in row.value.fix


def test_the_report_tells_all_that_the_workspace_holds(tmp_path: Path) -> None:
    mapped = shop.mapping(shop.ORDERS, CATALOGUE)
    catalogue = shop.put(
        tmp_path, "variants.csv", "variant,style,price,colour", "V1,s,1,", "V2,s,1,"
    )
    shop.bring(tmp_path, mapped, catalogue)
    report = shop.bring(tmp_path, mapped, shop.put(tmp_path, "orders.csv", ORDER_HEADER, *ROWS))
    assert report.held == {"orders": 3, "variants": 2}


def test_the_same_file_with_another_mapping_is_refused(tmp_path: Path) -> None:
    path = shop.put(tmp_path, "orders.csv", ORDER_HEADER, *ROWS)
    shop.bring(tmp_path, shop.mapping(shop.ORDERS), path)
    before = tree(tmp_path / "shop")
    with pytest.raises(WorkspaceError, match="count twice"):
        shop.bring(tmp_path, shop.mapping(shop.ORDERS, shop.DUPLICATE), path)
    assert tree(tmp_path / "shop") == before


def test_a_refused_import_leaves_the_workspace_as_it_was(tmp_path: Path) -> None:
    mapped = shop.mapping(shop.ORDERS)
    shop.bring(tmp_path, mapped, shop.put(tmp_path, "orders1.csv", ORDER_HEADER, *ROWS))
    before = tree(tmp_path / "shop")
    good = shop.put(tmp_path, "orders2.csv", ORDER_HEADER, "9,C1,V1,1,1,2024-05-09")
    bad = shop.put(tmp_path, "orders3.csv", ORDER_HEADER, "9,C1,V1,x,1,2024-05-09")
    with pytest.raises(ImportRefused):
        shop.bring(tmp_path, mapped, good, bad)
    assert tree(tmp_path / "shop") == before


def test_exports_that_overlap_count_each_row_once(tmp_path: Path) -> None:
    mapped = shop.mapping(shop.ORDERS, shop.DUPLICATE)
    shop.bring(tmp_path, mapped, shop.put(tmp_path, "orders1.csv", ORDER_HEADER, *ROWS))
    longer = shop.put(tmp_path, "orders2.csv", ORDER_HEADER, *ROWS, "4,C1,V1,1,1,2024-05-04")
    report = shop.bring(tmp_path, mapped, longer)
    assert (report.read, report.kept, report.set_aside) == (4, 1, {"duplicate": 3})
    assert held(tmp_path, ORDERS)["order_id"].tolist() == ["1", "2", "3", "4"]


def test_a_table_from_before_a_column_was_known_takes_new_rows(tmp_path: Path) -> None:
    mapped = shop.mapping(shop.ORDERS, shop.DUPLICATE)
    shop.bring(tmp_path, mapped, shop.put(tmp_path, "orders1.csv", ORDER_HEADER, *ROWS))
    workspace = Workspace.open(tmp_path / "shop")
    workspace.write({"orders": workspace.read(ORDERS).drop(columns="reason")})
    longer = shop.put(tmp_path, "orders2.csv", ORDER_HEADER, *ROWS, "4,C1,V1,1,1,2024-05-04")
    report = shop.bring(tmp_path, mapped, longer)
    assert (report.kept, report.set_aside) == (1, {"duplicate": 3})
    assert tuple(held(tmp_path, ORDERS).columns) == ORDERS.names


def test_keyed_rows_replace_those_of_the_same_key(tmp_path: Path) -> None:
    mapped = shop.mapping(CATALOGUE)
    header = "variant,style,price,colour"
    shop.bring(tmp_path, mapped, shop.put(tmp_path, "variants1.csv", header, "a,s,1,red", "b,s,2,"))
    shop.bring(tmp_path, mapped, shop.put(tmp_path, "variants2.csv", header, "c,s,3,", "a,s,9,"))
    table = held(tmp_path, VARIANTS)
    assert table["variant_id"].tolist() == ["a", "b", "c"]
    assert table["price"].tolist() == [9, 2, 3]
    assert table["colour"].isna().tolist() == [False, True, True], "a gap erases nothing"


def test_a_key_that_stands_twice_is_at_fault(tmp_path: Path) -> None:
    path = shop.put(tmp_path, "variants.csv", "variant,style,price,colour", "a,s,1,x", "a,s,2,x")
    with pytest.raises(ImportRefused) as refusal:
        shop.bring(tmp_path, shop.mapping(CATALOGUE), path)
    assert [(f.line, f.column, f.rule) for f in refusal.value.findings] == [
        (3, "variant", "repeated_key")
    ]


@pytest.mark.parametrize(
    ("name", "header", "row", "rule"),
    [
        ("orders.csv", ORDER_HEADER, "1,C1,b,2,9.5,2024-05-01", "unknown_variant"),
        ("events.csv", "customer,variant,kind,at", "C1,b,view,2024-05-01", "unknown_variant"),
        ("events.csv", "customer,variant,kind,at", "C1,a,glance,2024-05-01", "choice"),
        ("lots.csv", "variant,minimum", "b,3", "unknown_variant"),
        ("lots.csv", "variant,minimum", "a,-3", "range"),
        ("resources.csv", "resource,capacity", "sewing,-1", "range"),
        ("usage.csv", "variant,style,resource,amount", "a,,sewin,1", "unknown_resource"),
        ("usage.csv", "variant,style,resource,amount", "b,,sewing,1", "unknown_variant"),
        ("usage.csv", "variant,style,resource,amount", ",t,sewing,1", "unknown_style"),
        ("usage.csv", "variant,style,resource,amount", "a,s,sewing,1", "usage_target"),
        ("usage.csv", "variant,style,resource,amount", ",,sewing,1", "usage_target"),
    ],
)
def test_what_other_tables_do_not_know_is_at_fault(
    tmp_path: Path, name: str, header: str, row: str, rule: str
) -> None:
    mapped = shop.mapping(shop.ORDERS, CATALOGUE, EVENTS_AND_MORE)
    known = shop.put(tmp_path, "variants.csv", "variant,style,price,colour", "a,s,1,red")
    able = shop.put(tmp_path, "resources0.csv", "resource,capacity", "sewing,40")
    shop.bring(tmp_path, mapped, known, able)
    path = shop.put(tmp_path, name, header, row)
    with pytest.raises(ImportRefused) as refusal:
        shop.bring(tmp_path, mapped, path)
    assert [(f.line, f.rule) for f in refusal.value.findings] == [(2, rule)]


def test_files_of_several_kinds_come_in_together(tmp_path: Path) -> None:
    mapped = shop.mapping(shop.ORDERS, CATALOGUE, EVENTS_AND_MORE)
    report = shop.bring(
        tmp_path,
        mapped,
        shop.put(
            tmp_path, "usage.csv", "variant,style,resource,amount", "a,,sewing,0.5", ",s,sewing,1"
        ),
        shop.put(tmp_path, "events.csv", "customer,variant,kind,at", "C1,a,view,2024-05-01"),
        shop.put(tmp_path, "lots.csv", "variant,minimum", "a,"),
        shop.put(tmp_path, "resources.csv", "resource,capacity", "sewing,40"),
        shop.put(tmp_path, "variants.csv", "variant,style,price,colour", "a,s,1,red"),
    )
    assert report.held == {"usage": 2, "events": 1, "lots": 1, "resources": 1, "variants": 1}
    assert held(tmp_path, USAGE)["variant_id"].isna().tolist() == [False, True]
    assert str(held(tmp_path, LOTS)["minimum"].dtype) == "Int64"
    assert held(tmp_path, EVENTS)["value"].isna().all()


def test_derived_variants_sum_up_the_order_lines(tmp_path: Path) -> None:
    mapped = shop.mapping(shop.ORDERS, DERIVED)
    header = ORDER_HEADER + ",title"
    first = shop.put(
        tmp_path, "orders1.csv", header,
        "1,C,12a,1,3,2024-05-05,Cup ", "2,C,12a,1,5,2024-05-04,Cup", "3,C,12a,1,4,2024-05-06,?",
        "4,C,x,1,7,2024-05-04,",
    )  # fmt: skip
    report = shop.bring(tmp_path, mapped, first)
    assert report.derived == {"variants": 2}
    later = shop.put(tmp_path, "orders2.csv", header, "5,C,12a,1,9,2024-06-01,Mug")
    shop.bring(tmp_path, mapped, later)
    table = held(tmp_path, VARIANTS).set_index("variant_id")
    assert [table.loc["12a", name] for name in ("style_id", "title", "price")] == ["12", "Mug", 9]
    assert table.loc["12a", "introduced_at"] == pd.Timestamp("2024-05-04"), "the smallest of both"
    assert table.loc["x", "style_id"] == "x"
    assert table["title"].isna().tolist() == [False, True]


def test_what_cannot_be_derived_is_the_mapping_s_fault(tmp_path: Path) -> None:
    mapped = shop.mapping(shop.ORDERS, DERIVED.replace('"keep"', '"missing"'))
    path = shop.put(tmp_path, "orders.csv", ORDER_HEADER + ",title", "4,C,x,1,7,2024-05-04,")
    with pytest.raises(MappingError, match="style_id"):
        shop.bring(tmp_path, mapped, path)
    assert not (tmp_path / "shop").exists()


def test_the_quarantine_file_runs_no_formula(tmp_path: Path) -> None:
    row = "=1,C1,V1,\"=cmd|' /C calc'!A0\",1,2024-05-01"
    path = shop.put(tmp_path, "orders.csv", ORDER_HEADER, row, "2,C1,V1,-3.5,1,2024-05-01")
    report = shop.bring(tmp_path, shop.mapping(shop.ORDERS), path, quarantine=True)
    assert report.quarantine is not None
    listed = pd.read_csv(report.quarantine, dtype=str)
    assert listed["value"].tolist() == ["'=cmd|' /C calc'!A0", "-3.5"]
    assert listed.columns.tolist() == ["file", "line", "column", "value", "rule", "hint", "table"]


def test_findings_are_listed_up_to_the_cap_and_counted_beyond(tmp_path: Path) -> None:
    path = shop.put(tmp_path, "orders.csv", ORDER_HEADER, *["1,C,V,x,1,2024-05-01"] * 1_200)
    with pytest.raises(ImportRefused) as refusal:
        shop.bring(tmp_path, shop.mapping(shop.ORDERS), path)
    assert (refusal.value.total, len(refusal.value.findings)) == (1_200, 1_000)


@pytest.mark.parametrize("name", ["invoices.csv", "none.csv"])
def test_a_file_nobody_takes_or_that_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    shop.put(tmp_path, "invoices.csv", ORDER_HEADER, *ROWS)
    with pytest.raises(ImportRefused) as refusal:
        shop.bring(tmp_path, shop.mapping(shop.ORDERS), tmp_path / name)
    assert refusal.value.findings[0].rule in {"no_source", "no_file"}


def test_a_folder_that_is_no_workspace_is_left_alone(tmp_path: Path) -> None:
    path = shop.put(tmp_path, "orders.csv", ORDER_HEADER, *ROWS)
    before = tree(tmp_path)
    with pytest.raises(WorkspaceError, match="not empty"):
        import_files([path], shop.mapping(shop.ORDERS), tmp_path)
    assert tree(tmp_path) == before


cells = st.one_of(
    st.sampled_from(["1", "-1", "0", "9.5", "", "x", "V1", "2024-05-01", "2024-13-01", "1e9", "é"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=4),
)
good_rows = st.builds(
    lambda order, units: f"{order},C{units},V{order % 3},{units},1.5,2024-05-0{units}",
    st.integers(1, 9),
    st.integers(1, 9),
)
dirty_rows = st.lists(cells, min_size=0, max_size=8).map(",".join)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(good_rows, good_rows, dirty_rows), min_size=1, max_size=12))
def test_rows_read_are_rows_kept_and_set_aside_for_any_dirt(rows: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "orders.csv"
        path.write_bytes("\n".join((ORDER_HEADER, *rows, "1,C1,V1,1,1,2024-05-01\n")).encode())
        mapped = shop.mapping(shop.ORDERS, shop.DUPLICATE)
        report = shop.bring(folder, mapped, path, quarantine=True)
        assert report.read == report.kept + sum(report.set_aside.values())
        assert report.kept == len(held(folder, ORDERS))
        listed = 0
        if report.quarantine is not None:
            listed = len(pd.read_csv(report.quarantine, dtype=str))
        assert listed == report.read - report.kept


def test_market_rows_interpolate_what_is_missing(tmp_path: Path) -> None:
    mapped = shop.mapping(
        '[[sources]]\n[sources.tables.market.columns]\ndate = "day"\n'
        '[sources.tables.market.regressors]\nwarmth = "warmth"\n'
        'sky = { from = "sky", kind = "category" }\n'
        '[[sources.tables.market.rules]]\nrule = "missing"\ncolumns = { warmth = "interpolate" }\n'
    )
    rows = ("2024-05-01,10,grey", "2024-05-02,,blue", "2024-05-05,18,", "2024-05-06,,grey")
    report = shop.bring(tmp_path, mapped, shop.put(tmp_path, "market.csv", "day,warmth,sky", *rows))
    table = held(tmp_path, MARKET)
    assert table["warmth"].tolist() == [10, 12, 18, 18]
    assert table["sky"].tolist()[:2] == ["grey", "blue"]
    assert report.tables[0].touched == {"missing": 2}

"""The stock table comes in like any other: by mapping, checked, merged by variant and day."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import ImportRefused
from data.mapping import Mapping
from data.tables import STOCK
from data.workspace import Workspace
from tests.data import shop

MAPPING = """
[[sources]]
files = "shelf*"
[sources.tables.stock.columns]
variant_id = "variant"
date = "day"
in_stock = { from = "percent", scale = 0.01 }
on_hand = "pieces"

[[sources]]
files = "articles*"
[sources.tables.variants.columns]
variant_id = "variant"
style_id = "variant"
"""
HEADER = "variant,day,percent,pieces"


def mapping() -> Mapping:
    return shop.mapping(MAPPING)


def test_shares_and_units_come_in(tmp_path: Path) -> None:
    rows = ("a1,2024-01-01,100,4", "a1,2024-01-08,25.5,", "b1,2024-01-01,,-3")
    shop.bring(tmp_path, mapping(), shop.put(tmp_path, "shelf.csv", HEADER, *rows))
    stock = Workspace.open(tmp_path / "shop").read(STOCK)
    assert stock["in_stock"].fillna(-1).tolist() == [1.0, 0.255, -1.0]
    assert stock["on_hand"].fillna(0).tolist() == [4, 0, -3]


def test_a_later_file_replaces_the_same_day(tmp_path: Path) -> None:
    first = shop.put(tmp_path, "shelf_1.csv", HEADER, "a1,2024-01-01,100,4", "a1,2024-01-08,50,2")
    later = shop.put(tmp_path, "shelf_2.csv", HEADER, "a1,2024-01-08,40,1", "a1,2024-01-15,0,0")
    shop.bring(tmp_path, mapping(), first)
    shop.bring(tmp_path, mapping(), later)
    stock = Workspace.open(tmp_path / "shop").read(STOCK)
    assert stock["in_stock"].tolist() == [1.0, 0.4, 0.0]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("a1,2024-01-01,101,4", "range"),
        ("a1,2024-01-01,-1,4", "range"),
        ("a1,2024-01-01,nan,4", "type"),
        ("a1,2024-01-01,50,half", "type"),
        ("a1,2024-13-01,50,1", "format"),
        (",2024-01-01,50,1", "missing_value"),
        ("a1,,50,1", "missing_value"),
        ("a1,2024-01-08,50,1", "repeated_key"),
        ("zz,2024-01-01,50,1", "unknown_variant"),
    ],
)
def test_a_row_at_fault_refuses_the_import(tmp_path: Path, row: str, rule: str) -> None:
    articles = shop.put(tmp_path, "articles.csv", "variant", "a1")
    shelf = shop.put(tmp_path, "shelf.csv", HEADER, "a1,2024-01-08,100,4", row)
    with pytest.raises(ImportRefused) as refused:
        shop.bring(tmp_path, mapping(), articles, shelf)
    assert {finding.rule for finding in refused.value.findings} == {rule}

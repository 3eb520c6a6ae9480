"""Columns looked up in a second file, by keys that stand in several chunks and files of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import ImportRefused
from data.tables import ORDERS
from data.workspace import Workspace
from tests.data import shop

LOOKUP = shop.mapping(
    shop.ORDERS.replace('unit_price = "price"', 'unit_price = "paid"'),
    '[[sources.lookups]]\nfiles = "prices*"\non = ["variant"]\ntake = ["paid"]\n',
)
ROWS_A_CHUNK = 50_000


def orders(folder: Path) -> Path:
    return shop.put(folder, "orders.csv", shop.HEADER, "1,c,k0,1,9,2024-05-01 10:00:00")


def paid(folder: Path) -> list[float]:
    return [float(one) for one in Workspace.open(folder / "shop").read(ORDERS)["unit_price"]]


def test_a_key_of_two_values_is_refused_however_far_apart(tmp_path: Path) -> None:
    others = [f"k{number},1" for number in range(1, ROWS_A_CHUNK + 10)]
    prices = shop.put(tmp_path, "prices.csv", "variant,paid", "k0,5", *others, "k0,999")
    with pytest.raises(ImportRefused) as refusal:
        shop.bring(tmp_path, LOOKUP, orders(tmp_path), prices)
    [found] = refusal.value.findings
    assert (found.file, found.line, found.rule) == ("prices.csv", len(others) + 3, "repeated_key")


def test_a_key_of_two_values_in_two_files_is_refused(tmp_path: Path) -> None:
    may = shop.put(tmp_path, "prices_may.csv", "variant,paid", "k0,5")
    june = shop.put(tmp_path, "prices_june.csv", "variant,paid", "k0,6")
    with pytest.raises(ImportRefused) as refusal:
        shop.bring(tmp_path, LOOKUP, orders(tmp_path), may, june)
    assert [one.rule for one in refusal.value.findings] == ["repeated_key"]


def test_rows_that_say_the_same_again_are_one(tmp_path: Path) -> None:
    may = shop.put(tmp_path, "prices_may.csv", "variant,paid", "k0,5", "k0,5")
    june = shop.put(tmp_path, "prices_june.csv", "variant,paid", "k0,5", "k1,6")
    shop.bring(tmp_path, LOOKUP, orders(tmp_path), may, june)
    assert paid(tmp_path) == [5.0]

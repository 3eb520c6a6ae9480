"""Parquet and Excel come in as CSV does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter

from data.errors import ImportRefused
from data.mapping import Mapping
from data.tables import ORDERS
from data.workspace import Workspace
from tests.data import shop

HEADER = shop.HEADER.split(",")
WHEN = datetime(2024, 5, 1, 10, 30)  # noqa: DTZ001  # local time, as files have it
MAPPED = shop.mapping(shop.ORDERS.replace('at = "at"', 'at = { from = "at", format = "%d/%m/%y" }'))


def workbook(path: Path, *rows: Sequence[object], sheet: str = "Sheet1") -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet(sheet)
        time = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for at, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, datetime):
                    page.write_datetime(at, column, cell, time)
                elif cell is not None:
                    page.write(at, column, cell)
    return path


def parquet(path: Path, *rows: Sequence[object]) -> Path:
    pd.DataFrame(rows, columns=HEADER).to_parquet(path)
    return path


def first_row(folder: Path) -> list[object]:
    table = Workspace.open(folder / "shop").read(ORDERS)
    names = ["order_id", "variant_id", "quantity", "unit_price", "ordered_at"]
    return [table[name].iloc[0] for name in names]


def test_excel_cells_have_their_types_and_times_need_no_format(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [*HEADER],
        ["001", None, 85048, 3, 2.5, WHEN],
        ["2", "C", "x", 1, 1, WHEN],
    ]
    shop.bring(tmp_path, MAPPED, workbook(tmp_path / "orders.xlsx", *rows))
    assert first_row(tmp_path) == ["001", "85048", 3, 2.5, pd.Timestamp(WHEN)]


def test_parquet_ids_with_gaps_lose_their_decimals(tmp_path: Path) -> None:
    rows: list[list[object]] = [["001", 13085.0, "x", 3, 2.5, WHEN], ["2", None, "x", 1, 1, WHEN]]
    shop.bring(tmp_path, MAPPED, parquet(tmp_path / "orders.parquet", *rows))
    assert first_row(tmp_path) == ["001", "x", 3, 2.5, pd.Timestamp(WHEN)]
    customers = Workspace.open(tmp_path / "shop").read(ORDERS)["customer_id"]
    assert customers.tolist()[0] == shop.PSEUDONYMS.of("13085")
    assert customers.isna().tolist() == [False, True]


def test_excel_findings_name_the_sheet_s_row(tmp_path: Path) -> None:
    good: list[object] = ["1", "C", "x", 1, 1, WHEN]
    bad: list[object] = ["2", "C", "x", "one", 1, WHEN]
    path = workbook(tmp_path / "orders.xlsx", HEADER, good, [], bad, HEADER)
    with pytest.raises(ImportRefused) as refusal:
        shop.bring(tmp_path, MAPPED, path)
    assert [(f.line, f.rule) for f in refusal.value.findings] == [
        (3, "blank_line"), (4, "type"), (5, "repeated_header"),
    ]  # fmt: skip


def test_parquet_findings_name_the_row(tmp_path: Path) -> None:
    path = parquet(tmp_path / "orders.parquet", ["1", "C", "x", 0, 1, WHEN])
    with pytest.raises(ImportRefused) as refusal:
        shop.bring(tmp_path, MAPPED, path)
    assert [(f.line, f.column, f.rule) for f in refusal.value.findings] == [(1, "units", "range")]


def sheets(*names: str) -> Mapping:
    listed = ", ".join(f'"{name}"' for name in names)
    return shop.mapping(f"{shop.ORDERS}\n[sources.reading]\nsheets = [{listed}]")


def test_a_sheet_that_is_not_there_is_told_the_nearest(tmp_path: Path) -> None:
    path = workbook(tmp_path / "orders.xlsx", HEADER, ["1", "C", "x", 1, 1, WHEN], sheet="Orders")
    with pytest.raises(ImportRefused, match="did you mean 'Orders'"):
        shop.bring(tmp_path, sheets("Order"), path)
    shop.bring(tmp_path, sheets("Orders"), path)
    assert first_row(tmp_path)[0] == "1"


def test_a_column_may_go_by_another_name(tmp_path: Path) -> None:
    mapped = shop.mapping(f'{shop.ORDERS}\n[sources.reading.aliases]\nQty = "units"')
    header = shop.HEADER.replace("units", "Qty")
    path = shop.put(tmp_path, "orders.csv", header, "1,C,x,3,2.5,2024-05-01")
    shop.bring(tmp_path, mapped, path)
    assert first_row(tmp_path)[2] == 3


def test_findings_name_the_sheet_where_several_are_read(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    bad: list[object] = ["1", "C1", "V1", "x", 9.5, "2024-05-01"]
    with xlsxwriter.Workbook(str(path)) as book:
        for sheet in ("May", "June"):
            page = book.add_worksheet(sheet)
            page.write_row(0, 0, HEADER)
            page.write_row(1, 0, bad)
    two = shop.ORDERS.replace(
        'files = "orders*"', 'files = "orders*"\nreading = { sheets = ["May", "June"] }'
    )
    with pytest.raises(ImportRefused) as refusal:
        shop.bring(tmp_path, shop.mapping(two), path)
    assert [(f.file, f.line) for f in refusal.value.findings] == [
        ("orders.xlsx [June]", 2), ("orders.xlsx [May]", 2),
    ]  # fmt: skip


@pytest.mark.parametrize("cut", [0, 1], ids=["no UTF-16 at all", "half a character"])
def test_a_file_that_is_not_in_the_declared_encoding_is_told(tmp_path: Path, cut: int) -> None:
    text = shop.HEADER + "\n1,C1,V1,1,9.5,2024-05-01\n"
    path = tmp_path / "orders.csv"
    path.write_bytes(text.encode("utf-16")[:-1] if cut else text.encode())
    declared = shop.ORDERS.replace(
        'files = "orders*"', 'files = "orders*"\nreading = { encoding = "utf-16" }'
    )
    with pytest.raises(ImportRefused) as refusal:
        shop.bring(tmp_path, shop.mapping(declared), path)
    assert [f.rule for f in refusal.value.findings] == ["encoding"]

"""The report counts what came back, by variant and reason."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from data.tables import ORDERS
from data.workspace import Workspace
from production.plans.planning import make_plan
from production.report import (
    Report,
    build_report,
    render_csv,
    render_html,
    render_json,
    render_xlsx,
)
from tests.production.small_market import simple_forecast, small_market

BACK = (
    ("A-red", -3, "2024-07-10", "too small"),
    ("A-red", -1, "2024-07-11", "damaged"),
    ("B-red", -2, "2024-07-11", "too small"),
    ("B-red", -1, "2024-07-12", None),
    ("B-red", -7, "2024-08-20", "too small"),  # after the plan
)


def reported(workspace: Workspace) -> Report:
    return build_report(workspace, make_plan(workspace, forecast=simple_forecast(workspace)))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small_market(tmp_path / "w")


def with_returns(workspace: Workspace, *, reasons: bool = True) -> pd.DataFrame:
    """The orders, with BACK among them."""
    orders = workspace.read(ORDERS)
    back = pd.DataFrame(
        {
            "order_id": [f"r{place}" for place in range(len(BACK))],
            "customer_id": "c001",
            "variant_id": [row[0] for row in BACK],
            "quantity": [row[1] for row in BACK],
            "unit_price": 10.0,
            "ordered_at": pd.to_datetime([row[2] for row in BACK]).astype("datetime64[us]"),
        }
    )
    if reasons:
        orders = orders.assign(reason=pd.Series(pd.NA, index=orders.index, dtype="str"))
        back["reason"] = pd.Series([row[3] for row in BACK], dtype="str")
    together = pd.concat([orders, back], ignore_index=True)
    return together.sort_values("ordered_at", kind="stable", ignore_index=True)


def test_returns_are_counted_by_reason_and_say_which_lower_a_preference(
    workspace: Workspace,
) -> None:
    plan = make_plan(workspace, forecast=simple_forecast(workspace))
    workspace.write({"orders": with_returns(workspace)})
    report = build_report(workspace, plan)
    assert report.returns is not None
    found = [(one.reason, one.units, one.taste, one.most) for one in report.returns.reasons()]
    assert found == [
        ("too small", 5, True, ("A-red", "B-red")),
        ("damaged", 1, False, ("A-red",)),
        ("not stated", 1, False, ("B-red",)),
    ]
    told = render_json(report)
    assert told["totals"]["returns"]["returned"] == report.returns.units == 7
    first = told["returns"][0]
    assert (first["variant_id"], first["style_id"], first["reason"], first["returned"]) == (
        "A-red", "A", "too small", 3,
    )  # fmt: skip
    assert first["rate"] == pytest.approx(3 / first["sold"])
    assert render_csv(report, "returns").splitlines()[1].startswith("A-red,A,")
    page = render_html(report)
    assert "What came back" in page
    assert "too small" in page
    book = CalamineWorkbook.from_filelike(io.BytesIO(render_xlsx(report)))
    assert "Returns" in book.sheet_names


def test_nothing_came_back_says_nothing(workspace: Workspace) -> None:
    report = reported(workspace)
    assert report.returns is None
    assert not render_json(report)["returns"]
    assert "What came back" not in render_html(report)


def test_tables_without_reasons_count_as_not_stated(workspace: Workspace) -> None:
    plan = make_plan(workspace, forecast=simple_forecast(workspace))
    workspace.write({"orders": with_returns(workspace, reasons=False)})
    report = build_report(workspace, plan)
    assert report.returns is not None
    assert [one.reason for one in report.returns.reasons()] == ["not stated"]

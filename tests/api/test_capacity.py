"""The capacity of weeks, laid onto days in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from api.capacity import LaidCapacity, lay_capacity
from data.errors import WorkspaceError
from data.ledger import Ledger, Line, Need, NewOrder, RequestKey, open_ledger
from data.workspace import Workspace
from production.allocation.workdays import WorkdaySettings
from production.plans.planning import make_plan
from production.plans.releases import release_plan
from production.plans.saved import save_plan
from tests.api.test_cli import answered, run
from tests.production.small_market import simple_forecast, small_market

MONDAY = date(2024, 7, 29)
"""The first day after the small market's orders, and of its plan."""

WEEK = [MONDAY + timedelta(days=place) for place in range(7)]


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return small_market(tmp_path / "workspace")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield opened
    opened.close()


def lay(
    shop: Workspace,
    ledger: Ledger,
    *,
    since: date = MONDAY,
    weeks: int = 4,
    workdays: WorkdaySettings | None = None,
) -> LaidCapacity:
    return lay_capacity(
        shop, ledger, workdays or WorkdaySettings(), since=since, weeks=weeks, actor="planner"
    )


def amounts(ledger: Ledger, days: list[date] = WEEK) -> list[int]:
    return [row.amount for row in ledger.free("sewing", days)]


def ordered(ledger: Ledger, amount: int, day: date) -> None:
    line = Line(
        variant_id="A-red",
        quantity=1,
        price="10",
        needs=(Need(resource_id="sewing", day=day, amount=amount),),
    )
    ledger.hold(
        NewOrder(lines=(line,), hold_for=timedelta(days=1), currency="EUR"),
        request=RequestKey(scope="shop", key=f"{amount} {day}", digest="body"),
    )


def test_a_week_is_spread_over_its_working_days_and_laying_it_again_changes_nothing(
    shop: Workspace, ledger: Ledger
) -> None:
    laid = lay(shop, ledger)
    assert amounts(ledger) == [6000] * 5  # 30 hours a week
    assert laid.changed == 2 * 5 * 4
    assert lay(shop, ledger).changed == 0
    sewing = next(one for one in laid.resources if one.resource_id == "sewing")
    assert (sewing.unit, sewing.capacity, sewing.free, sewing.over) == ("h", 120.0, 120.0, 0.0)


def test_a_week_begun_has_only_the_days_left(shop: Workspace, ledger: Ledger) -> None:
    laid = lay(shop, ledger, since=WEEK[3], weeks=1)
    assert amounts(ledger) == [6000, 6000]
    assert (laid.first, laid.last) == (WEEK[3], WEEK[6])


def test_a_closed_day_moves_its_work_to_the_others_and_keeps_what_orders_took(
    shop: Workspace, ledger: Ledger
) -> None:
    lay(shop, ledger)
    ordered(ledger, 4500, WEEK[1])
    laid = lay(shop, ledger, workdays=WorkdaySettings(closed=frozenset({WEEK[1]})))
    assert amounts(ledger) == [6375, 4500, 6375, 6375, 6375]
    sewing = next(one for one in laid.resources if one.resource_id == "sewing")
    assert (sewing.ordered, sewing.free) == (4.5, 115.5)
    assert ledger.miscounted() == []


def test_what_a_released_plan_takes_is_not_free_for_orders(shop: Workspace, ledger: Ledger) -> None:
    plan = make_plan(shop, forecast=simple_forecast(shop))
    save_plan(shop, plan)
    lay(shop, ledger)
    assert sum(amounts(ledger)) == 30_000  # a plan that is not released takes nothing
    ordered(ledger, 6000, WEEK[0])
    release_plan(shop, plan.plan_id, by="Ann", at=datetime.now(UTC))
    laid = lay(shop, ledger, weeks=5)
    sewing = next(one for one in laid.resources if one.resource_id == "sewing")
    used = next(one.used for one in plan.resources if one.resource_id == "sewing")
    assert sewing.planned == pytest.approx(used, abs=0.01)
    assert 0 < used <= 120
    after = [WEEK[0] + timedelta(weeks=4, days=place) for place in range(5)]
    assert amounts(ledger, after) == [6000] * 5
    assert ledger.miscounted() == []
    assert amounts(ledger)[0] == 6000  # what the order took is still there


def test_orders_beyond_what_there_is_now_are_told_not_broken(
    shop: Workspace, ledger: Ledger
) -> None:
    lay(shop, ledger)
    for day in WEEK[:5]:
        ordered(ledger, 6000, day)
    shop.write({"resources": pd.DataFrame({"resource_id": ["sewing"], "capacity": [20.0]})})
    laid = lay(shop, ledger, weeks=1)
    assert [(one.over, one.free) for one in laid.resources] == [(10.0, 0.0)]


def test_a_week_of_which_nothing_is_stated_is_left_as_it_is(
    shop: Workspace, ledger: Ledger
) -> None:
    dated = pd.DataFrame(
        {
            "resource_id": ["sewing"],
            "capacity": [10.0],
            "period": pd.Series([MONDAY + timedelta(weeks=1)], dtype="datetime64[us]"),
        }
    )
    shop.write({"resources": dated})
    lay(shop, ledger, weeks=3)
    assert amounts(ledger) == []
    assert amounts(ledger, [MONDAY + timedelta(weeks=1)]) == [2000]
    assert amounts(ledger, [MONDAY + timedelta(weeks=2)]) == []


def test_a_workspace_without_resources_has_none_to_lay(tmp_path: Path, ledger: Ledger) -> None:
    bare = small_market(tmp_path / "bare", resources=False)
    with pytest.raises(WorkspaceError, match="resources"):
        lay(bare, ledger)


def test_the_command_lays_and_states_capacity(
    shop: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("orders", "capacity", "--workspace", shop.root, "--since", "2024-07-29")
    laid = answered(capsys, *words, "--weeks", "1")
    assert (laid["first"], laid["last"], laid["changed"]) == ("2024-07-29", "2024-08-04", 10)
    stated = answered(capsys, *words, "--set", "material:buttons=12.5")
    assert stated == {"day": "2024-07-29", "amounts": {"material:buttons": 12.5}}
    opened = open_ledger(f"sqlite:///{shop.root / 'atelier.db'}")
    assert [row.amount for row in opened.free("material:buttons", WEEK)] == [12_500]
    assert amounts(opened) == [6000] * 5
    opened.close()
    assert run(capsys, *words, "--set", "sewing=0.0001")[0] == 2

"""Customer groups: the circles that are there are found, named and kept; nobody is given away."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from api.output import plain
from data.errors import OutsideData
from data.workspace import Workspace
from recsys.errors import BadRequest, GroupsRefused
from recsys.groups.evaluation import auc, evaluate_customers
from recsys.groups.groups import LEAST, CustomerGroups, group_customers
from recsys.groups.profiles import told_classes
from recsys.groups.saved import latest_groups_id, load_groups, save_groups
from tests.recsys.groups.customers import START, WARES, orders, shop


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return shop(tmp_path_factory.mktemp("groups") / "shop")


@pytest.fixture(scope="module")
def groups(workspace: Workspace) -> CustomerGroups:
    return group_customers(workspace)


def test_the_circles_are_found_and_named(groups: CustomerGroups) -> None:
    assert len(groups.groups) == 3
    for profile in groups.groups:
        circle = next(name for name in WARES if name in profile.name)
        assert profile.customers == 40
        assert {one.value for one in profile.likings} >= {circle}
        assert all(one.value.startswith(circle) for one in profile.variants[:3])
        assert profile.regions[0].share == 1
    named = groups.customers.set_index("customer_id")["group_id"]
    for number in range(120):
        assert named[f"c{number:03}"] == named[f"c{number % 3:03}"]


def test_shares_add_up_and_prices_tell(groups: CustomerGroups) -> None:
    assert sum(group.customer_share for group in groups.groups) == pytest.approx(1)
    assert sum(group.unit_share for group in groups.groups) == pytest.approx(1)
    assert sum(group.money_share for group in groups.groups) == pytest.approx(1)
    level = {group.name: group.price_level for group in groups.groups}
    assert min(level, key=lambda name: level[name]).startswith("tea; lower-priced")
    assert max(level, key=lambda name: level[name]).startswith("garden; higher-priced")


def test_a_moment_in_the_past_knows_nothing_later(workspace: Workspace, tmp_path: Path) -> None:
    moment = (START + 250).astype("datetime64[us]")
    cut = shop(tmp_path / "cut")
    table = orders()
    cut.write({"orders": table[table["ordered_at"] < moment]})
    then, now = group_customers(cut, as_of=moment), group_customers(workspace, as_of=moment)
    assert then.customers.equals(now.customers)
    assert then.groups == now.groups


def test_the_number_can_be_given_but_no_group_is_too_small(workspace: Workspace) -> None:
    assert len(group_customers(workspace, count=2).groups) == 2
    with pytest.raises(BadRequest, match="40 groups of at least 10"):
        group_customers(workspace, count=40)
    with pytest.raises(BadRequest):
        group_customers(workspace, days=0)
    with pytest.raises(OutsideData):
        group_customers(workspace, as_of=np.datetime64("2031-01-01", "us"))


def test_a_handful_of_customers_is_one_group(tmp_path: Path) -> None:
    found = group_customers(shop(tmp_path / "few", customers=6))
    assert [group.customers for group in found.groups] == [6]
    assert found.groups[0].likings == ()
    assert [one.region for one in found.groups[0].regions] == ["other"]


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        (["new"] * 3 + ["returning"] * 50 + ["lapsing"] * 20, [None, None, 20, 0]),
        (["new"] * 3 + ["returning"] * 50 + ["dormant"] * 4, [None, 50, 0, None]),
        (["returning"] * LEAST, [0, LEAST, 0, 0]),
    ],
)
def test_small_counts_cannot_be_told_from_the_sum(
    classes: list[str], told: list[int | None]
) -> None:
    assert list(told_classes(np.array(classes, dtype=object), LEAST).values()) == told


def test_kept_groups_come_back_as_they_were(groups: CustomerGroups, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "kept")
    assert load_groups(workspace) is None
    first = save_groups(workspace, groups)
    assert save_groups(workspace, groups) == first
    kept = load_groups(workspace)
    assert kept is not None
    assert plain(kept.to_json()) == plain(groups.to_json())
    assert kept.customers.equals(groups.customers)


def test_only_the_last_groups_are_kept(
    workspace: Workspace, groups: CustomerGroups, tmp_path: Path
) -> None:
    home = Workspace.create(tmp_path / "kept")
    save_groups(home, groups)
    second = save_groups(home, group_customers(workspace, count=2))
    assert latest_groups_id(home) == second
    assert [one.name for one in (home.root / "groups").iterdir() if one.is_dir()] == [second]


@pytest.mark.parametrize("file", ["groups.json", "customers.parquet"])
def test_altered_groups_are_refused(groups: CustomerGroups, tmp_path: Path, file: str) -> None:
    workspace = Workspace.create(tmp_path / "kept")
    path = workspace.root / "groups" / save_groups(workspace, groups) / file
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(GroupsRefused, match="altered or incomplete"):
        load_groups(workspace)


def test_the_chances_beat_the_rule(workspace: Workspace) -> None:
    figures = evaluate_customers(workspace, days=(28,), origins=2).to_json()
    assert json.dumps(figures, allow_nan=False)
    brier = {row["method"]: row["brier"] for row in figures["methods"] if row["origin"] == "all"}
    assert brier["model"] < brier["rule"] < brier["constant"]
    assert figures["comparisons"][0]["interval"][1] < 0


def test_auc_by_hand() -> None:
    assert auc(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.0, 1.0, 0.0, 1.0])) == 0.75
    assert auc(np.array([0.5, 0.5]), np.array([0.0, 1.0])) == 0.5
    assert auc(np.array([0.5]), np.array([1.0])) is None

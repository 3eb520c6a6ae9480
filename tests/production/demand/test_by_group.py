"""Demand by group: every split adds up, follows the past, and looks at nothing later."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from production.demand.by_group import NO_GROUP, DemandByGroup, ToSplit, by_customers, by_regions
from recsys.groups.groups import CustomerGroups, group_customers
from recsys.groups.profiles import OTHER, UNKNOWN
from tests.recsys.groups.customers import START, WARES, orders, shop, variants

ORIGIN = START + 364


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return orders()


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> CustomerGroups:
    return group_customers(shop(tmp_path_factory.mktemp("by_group") / "shop"))


def whole(*, mean: float = 10.0, origin: np.datetime64 = ORIGIN) -> ToSplit:
    catalogue = variants()
    return ToSplit(
        variants=catalogue["variant_id"].to_numpy(dtype=object),
        style=catalogue["style_id"].to_numpy(dtype=object),
        mean=np.full(len(catalogue), mean),
        origin=origin,
    )


def demand(found: DemandByGroup, variant: str) -> dict[str, float]:
    place = found.variants.tolist().index(variant)
    return dict(zip(found.names, found.demand[place].tolist(), strict=True))


def test_each_circle_wants_its_own_wares(table: pd.DataFrame, groups: CustomerGroups) -> None:
    found = by_customers(whole(), table, groups)
    assert found.names == ("g1", "g2", "g3", NO_GROUP)
    assert found.demand.sum(axis=1) == pytest.approx(10, rel=1e-14)
    for place, profile in enumerate(groups.groups):
        circle = next(name for name in WARES if name in profile.name)
        own = np.array([one.startswith(circle) for one in found.variants])
        assert found.demand[own, place].mean() > 8
        assert found.demand[~own, place].mean() < 1.5
    assert 0 < found.total[-1] < 10  # guests
    assert sum(row["demand"] for row in found.to_json()) == pytest.approx(found.demand.sum())


def test_regions_follow_orders_and_small_ones_are_one(table: pd.DataFrame) -> None:
    lines = table.assign(region=table["region"].where(table.index % 50 > 0, "islet"))
    lines.loc[lines.index % 7 == 0, "region"] = None
    lines.loc[lines["region"].eq("islet") & (lines["customer_id"] > "c005"), "region"] = "north"
    found = by_regions(whole(), lines)
    assert set(found.names) == {"north", "south", "east", OTHER, UNKNOWN}
    assert found.names[-2:] == (OTHER, UNKNOWN)
    assert demand(found, "garden0")["south"] > 5
    assert found.demand.sum(axis=1) == pytest.approx(10, rel=1e-14)


def test_without_regions_all_is_unknown(table: pd.DataFrame) -> None:
    found = by_regions(whole(), table.drop(columns="region"))
    assert found.names == (UNKNOWN,)
    assert (found.demand[:, 0] == 10).all()


def test_a_variant_without_a_line_is_split_as_its_style(
    table: pd.DataFrame, groups: CustomerGroups
) -> None:
    unsold = table[table["variant_id"] != "tea3"]
    found = by_customers(whole(), unsold, groups)
    own, sibling = demand(found, "tea3"), demand(found, "tea2")
    circle = next(group.group_id for group in groups.groups if "tea" in group.name)
    assert own[circle] == pytest.approx(sibling[circle], rel=0.15)
    alone = by_customers(
        ToSplit(
            variants=np.array(["new"], dtype=object),
            style=np.array(["new"], dtype=object),
            mean=np.array([3.0]),
            origin=ORIGIN,
        ),
        table,
        groups,
    )
    assert alone.demand.sum() == 3
    assert (alone.demand > 0).all()


def test_nothing_from_the_origin_on_counts(table: pd.DataFrame, groups: CustomerGroups) -> None:
    origin = START + 200
    known = table[table["ordered_at"] < origin.astype("datetime64[us]")]
    late = by_customers(whole(origin=origin), table, groups)
    early = by_customers(whole(origin=origin), known, groups)
    assert (late.demand == early.demand).all()
    regions = [by_regions(whole(origin=origin), lines).demand for lines in (table, known)]
    assert (regions[0] == regions[1]).all()


def test_the_mix_of_a_group_adds_up_over_a_style(
    table: pd.DataFrame, groups: CustomerGroups
) -> None:
    found = by_customers(whole(), table, groups)
    mix = pd.DataFrame(found.mix()).groupby(found.style.astype(str)).sum()
    assert mix.to_numpy() == pytest.approx(1.0)
    rows = found.table()
    assert rows.groupby(["style_id", "name"])["mix"].sum().to_numpy() == pytest.approx(1.0)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1e9), min_size=18, max_size=18))
def test_every_row_adds_up_to_its_forecast(means: list[float]) -> None:
    lines = orders(customers=12)
    split = whole()
    forecast = ToSplit(
        variants=split.variants, style=split.style, mean=np.array(means), origin=split.origin
    )
    found = by_regions(forecast, lines)
    assert (found.demand >= 0).all()
    assert found.demand.sum(axis=1) == pytest.approx(forecast.mean, rel=1e-14, abs=1e-300)

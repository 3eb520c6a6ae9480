from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from production.allocation.lots import lots_of
from production.allocation.resources import Resources, resources_of
from production.errors import BadResources

VARIANTS = np.array(["a1", "a2", "b1"], dtype=object)
STYLES = np.array(["a", "a", "b"], dtype=object)
WEEKS = np.array(["2024-01-01", "2024-01-08"], dtype="datetime64[D]")


def read(resources: Mapping[str, list[Any]], usage: Mapping[str, list[Any]]) -> Resources:
    return resources_of(
        VARIANTS, STYLES, WEEKS, pd.DataFrame(dict(resources)), pd.DataFrame(dict(usage))
    )


CAPACITY = "resources, row 1, column capacity"
USAGE: dict[str, list[Any]] = {
    "variant_id": [None, None, "a2", None],
    "style_id": ["a", "b", None, "a"],
    "option": [None, None, None, "monogram"],
    "resource_id": ["hours"] * 4,
    "amount": [1.0, 2.0, 5.0, 9.0],
}


def test_a_variants_own_usage_stands_before_its_styles_and_options_stay_out() -> None:
    found = read({"resource_id": ["hours"], "capacity": [10.0]}, USAGE)
    np.testing.assert_array_equal(found.usage[:, 0], [1, 5, 2])


def test_capacity_is_the_sum_of_the_weeks_each_by_its_own_row_where_it_has_one() -> None:
    found = read(
        {
            "resource_id": ["hours", "hours"],
            "period": [pd.NaT, pd.Timestamp("2024-01-08")],
            "capacity": [10.0, 3.0],
        },
        USAGE,
    )
    assert found.capacity.tolist() == [13.0]


def test_a_capacity_dated_within_a_week_is_that_weeks() -> None:
    found = read(
        {
            "resource_id": ["hours", "hours"],
            "period": [pd.NaT, pd.Timestamp("2024-01-10")],
            "capacity": [10.0, 3.0],
        },
        USAGE,
    )
    assert found.capacity.tolist() == [13.0]


@pytest.mark.parametrize(
    ("resources", "usage", "where"),
    [
        ({"resource_id": ["hours"], "capacity": [-1.0]}, USAGE, CAPACITY),
        ({"resource_id": ["hours"], "capacity": [np.nan]}, USAGE, CAPACITY),
        ({"resource_id": ["kg"], "capacity": [1.0]}, USAGE, "usage, row 1, column resource_id"),
        (
            {"resource_id": ["hours"], "capacity": [1.0]},
            {"variant_id": ["a1", "a1"], "resource_id": ["hours"] * 2, "amount": [1.0, 2.0]},
            "usage, row 2, column variant_id",
        ),
        (
            {"resource_id": ["hours"], "capacity": [1.0]},
            {"variant_id": ["a1"], "resource_id": ["hours"], "amount": [-2.0]},
            "usage, row 1, column amount",
        ),
        (
            {"resource_id": ["hours"], "capacity": [1.0], "period": [pd.Timestamp("2024-01-01")]},
            USAGE,
            "resources, column period",
        ),
    ],
)  # fmt: skip
def test_bad_resources_name_row_and_column(
    resources: dict[str, list[Any]], usage: dict[str, list[Any]], where: str
) -> None:
    with pytest.raises(BadResources) as caught:
        read(resources, usage)
    assert caught.value.where.startswith(where)
    assert caught.value.fix


def test_overrides_replace_capacities_and_units_is_always_known() -> None:
    found = read({"resource_id": ["hours"], "capacity": [10.0]}, USAGE)
    changed = found.override({"hours": 5.0, "units": 7.0})
    assert dict(zip(changed.ids, changed.capacity, strict=True)) == {"hours": 5.0, "units": 7.0}
    assert changed.used(np.array([1.0, 1, 1])).tolist() == [8.0, 3.0]


@pytest.mark.parametrize(
    "capacity", [{"hours": -1.0}, {"hours": np.nan}, {"hours": np.inf}, {"hour": 1.0}]
)
def test_bad_overrides_are_refused(capacity: dict[str, float]) -> None:
    found = read({"resource_id": ["hours"], "capacity": [10.0]}, USAGE)
    with pytest.raises(BadResources, match="hour"):
        found.override(capacity)


def test_lots_are_rounded_to_multiples_within_minimum_and_maximum() -> None:
    table = pd.DataFrame(
        {
            "variant_id": ["a1", "b1"],
            "minimum": [10, 0],
            "multiple": [4, 1],
            "maximum": pd.array([30, None], dtype="Int64"),
            "frozen": pd.array([None, 6], dtype="Int64"),
        }
    )
    lots = lots_of(VARIANTS, table)
    assert lots.smallest.tolist() == [12, 1, 6]
    assert lots.largest.tolist() == [28, np.inf, 6]
    assert lots.zero.tolist() == [True, True, False]
    assert lots.down(np.array([27.9, 3.5, 100])).tolist() == [24, 3, 6]
    assert lots.up(np.array([0.0, 3, 6])).tolist() == [12, 4, np.inf]


@pytest.mark.parametrize(
    ("column", "values", "where"),
    [
        ("multiple", [1, 0], "lots, row 2, column multiple"),
        ("on_hand", [-3, 0], "lots, row 1, column on_hand"),
        ("minimum", [5, 50], "lots, row 2, column minimum"),
        ("minimum", [5, 2.5], "lots, row 2, column minimum"),
    ],
)
def test_bad_lots_name_row_and_column(column: str, values: list[float], where: str) -> None:
    table = pd.DataFrame({"variant_id": ["a1", "b1"], "maximum": [20, 20], column: values})
    with pytest.raises(BadResources) as caught:
        lots_of(VARIANTS, table)
    assert caught.value.where.startswith(where)


def test_a_second_row_for_a_variant_is_refused() -> None:
    with pytest.raises(BadResources, match="second row"):
        lots_of(VARIANTS, pd.DataFrame({"variant_id": ["a1", "a1"], "minimum": [1, 2]}))


def regional(usage: Mapping[str, list[Any]], regions: list[str] | None) -> list[float]:
    found = resources_of(
        VARIANTS,
        STYLES,
        WEEKS,
        pd.DataFrame({"resource_id": ["hours"], "capacity": [10.0]}),
        pd.DataFrame(dict(usage)),
        regions=None if regions is None else np.array(regions, dtype=object),
    )
    units: list[float] = found.usage[:, 0].tolist()
    return units


def test_usage_of_a_region_holds_there_and_a_narrower_row_before_a_wider_one() -> None:
    usage: dict[str, list[Any]] = {
        "variant_id": [None, None, None, "a2"],
        "style_id": [None, None, "a", None],
        "region": [None, "north", "north", None],
        "resource_id": ["hours"] * 4,
        "amount": [1.0, 2.0, 3.0, 4.0],
    }
    assert regional(usage, ["north", "north", "north"]) == [3, 4, 2]
    assert regional(usage, ["south", "south", "south"]) == [1, 4, 1]
    assert regional(usage, None) == [1, 4, 1]


def test_a_limit_on_the_units_of_a_style() -> None:
    usage: dict[str, list[Any]] = {
        "style_id": ["a"],
        "resource_id": ["hours"],
        "amount": [1.0],
    }
    assert regional(usage, None) == [1, 1, 0]


def test_two_regions_of_a_style_are_no_duplicates() -> None:
    usage: dict[str, list[Any]] = {
        "style_id": ["a", "a", "a"],
        "region": ["north", "south", "south"],
        "resource_id": ["hours"] * 3,
        "amount": [1.0, 2.0, 2.0],
    }
    with pytest.raises(BadResources) as caught:
        regional(usage, None)
    assert caught.value.where == "usage, row 3, column style_id"


def test_the_cheapest_unit_more_is_what_can_be_had() -> None:
    found = read(
        {"resource_id": ["hours", "kg"], "capacity": [10.0, 5.0], "extra_unit_cost": [7.0, None]},
        USAGE,
    )
    assert found.dearest.tolist() == [7.0, np.inf]
    assert np.isinf(read({"resource_id": ["hours"], "capacity": [1.0]}, USAGE).dearest).all()

from __future__ import annotations

import pytest

from recsys.evaluation.accuracy import measure
from recsys.evaluation.groups import Gap, GroupFigures, by_group
from tests.recsys.evaluation.tiny import listed, split_of

VARIANTS = [f"v{number:02}" for number in range(60)]


def shop(large: int) -> tuple[list[GroupFigures], list[Gap]]:
    """So many customers of 2 and of 9 lines each, one of 50; only those of 9 are served."""
    few = {f"few{number:02}": VARIANTS[:2] for number in range(large)}
    some = {f"some{number:02}": VARIANTS[:9] for number in range(large)}
    train = {**few, **some, "many": VARIANTS[:50], "nobody": VARIANTS}
    test = {one: ["v55"] for one in (*few, *some, "many")}
    regions = {**dict.fromkeys(few, "north"), **dict.fromkeys(some, "south"), "many": "east"}
    split = split_of(train, test, regions=regions)
    lists = listed(split, {one: ["v55", "v56"] for one in some} | {"many": ["v55"]})
    return by_group(split, measure(split, {"mine": lists}, k=2)[0], seed=0)


def test_groups_are_told_by_order_lines_and_by_region() -> None:
    rows, _ = shop(30)
    found = {(row.by, row.group): (row.customers, row.ndcg) for row in rows}
    assert found == {
        ("activity", "1-2"): (30, 0.0),
        ("activity", "3-9"): (30, 1.0),
        ("activity", "50+"): (1, 1.0),
        ("region", "north"): (30, 0.0),
        ("region", "south"): (30, 1.0),
        ("region", "east"): (1, 1.0),
    }
    assert rows[0].share == pytest.approx(30 / 61)
    assert [row.group for row in rows] == ["1-2", "3-9", "50+", "north", "south", "east"]


def test_the_gap_is_between_groups_that_are_large_enough() -> None:
    _, gaps = shop(30)
    assert [(gap.by, gap.best, gap.worst, gap.gap) for gap in gaps] == [
        ("activity", "3-9", "1-2", 1.0),
        ("region", "south", "north", 1.0),
    ]
    assert gaps[0].interval.low == pytest.approx(1.0)
    assert shop(29)[1] == []


def test_customers_without_a_region_are_in_no_regional_group() -> None:
    split = split_of(
        {"ann": ["a", "b"], "ben": ["a"]}, {"ann": ["b"], "ben": ["b"]}, regions={"ben": "north"}
    )
    slices = measure(split, {"mine": listed(split, {"ben": ["b"]})}, k=1)
    rows = [row for row in by_group(split, slices[0], seed=0)[0] if row.by == "region"]
    assert [(row.group, row.customers, row.share, row.ndcg) for row in rows] == [
        ("north", 1, 0.5, 1.0)
    ]

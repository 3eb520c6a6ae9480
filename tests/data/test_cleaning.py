"""Columns and rules: from texts to typed, clean values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from data.cleaning.columns import lay
from data.cleaning.parse import Context
from data.errors import ImportRefused
from data.grammar import Reading, Spec
from data.tables import MARKET, ORDERS, VARIANTS
from data.workspace import Workspace
from tests.data import shop

CONTEXT = Context(
    reading=Reading(),
    timezone="Europe/London",
    latest=pd.Timestamp("2025-01-01"),
    pseudonyms=shop.PSEUDONYMS,
)


def laid(column: str, *texts: str, reading: Reading | None = None, **spec: object) -> list[object]:
    """Typed values of texts laid onto a column of the orders; None where missing or at fault."""
    context = CONTEXT if reading is None else replace(CONTEXT, reading=reading)
    frame = pd.DataFrame({"x": pd.Series(texts, dtype="str")})
    made = Spec.model_validate({"from": "x", **spec})
    typed = lay(frame, made, ORDERS.column(column), context).typed
    return [None if pd.isna(value) else value for value in typed]


def test_ids_are_the_same_however_they_are_typed() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    texts = (
        composed,
        decomposed,
        f" {composed}\u00a0",
        f"\u200b{composed}\ufeff",
        f"\u202e{composed}",
    )
    assert laid("variant_id", *texts) == [composed] * 5
    assert laid("variant_id", "v1", "V1", case="upper") == ["V1", "V1"]


def test_ids_stay_what_they_are() -> None:
    assert laid("variant_id", "007", "NA", "null", "1e5", "nan") == [
        "007",
        "NA",
        "null",
        "1e5",
        "nan",
    ]
    assert laid("customer_id", "NA", "7", missing=["NA"]) == [None, "7"]
    assert laid("customer_id", "NA", "7", reading=Reading(missing=("NA",))) == [None, "7"]


@pytest.mark.parametrize(
    ("text", "decimal", "thousands", "number"),
    [
        ("1.5", ".", "", 1.5),
        ("+1.5e2", ".", "", 150.0),
        (".5", ".", "", 0.5),
        ("1,5", ",", ".", 1.5),
        ("1.234,5", ",", ".", 1234.5),
        ("1234,5", ",", ".", 1234.5),
        ("1.5", ",", ".", None),
        ("1,23", ".", ",", None),
        ("1 5", ".", "", None),
        ("0x10", ".", "", None),
        ("1_000", ".", "", None),
        ("0.1", ".", "", 0.1),
    ],
)
def test_numbers_are_read_in_the_file_s_own_marks(
    text: str, decimal: str, thousands: str, number: float | None
) -> None:
    reading = Reading(decimal=decimal, thousands=thousands)
    assert laid("unit_price", text, reading=reading) == [number]


def test_units_are_scaled() -> None:
    assert laid("unit_price", "250", scale=0.01) == [2.5]


@pytest.mark.parametrize(
    ("text", "spec", "time"),
    [
        ("2024-05-31", {}, "2024-05-31"),
        ("2024-05-31T14:05:06.25", {}, "2024-05-31 14:05:06.25"),
        ("2024-05-31 14:05", {}, "2024-05-31 14:05"),
        ("2024-05-31T13:05:00Z", {}, "2024-05-31 14:05"),
        ("2024-01-31T14:05:00+02:00", {}, "2024-01-31 12:05"),
        ("2024", {}, None),
        ("20240531", {}, None),
        ("31.05.2024 14:05", {"format": "%d.%m.%Y %H:%M"}, "2024-05-31 14:05"),
        ("05/31/2024", {"format": "%d/%m/%Y"}, None),
        ("31/05/2024 +0200", {"format": "%d/%m/%Y %z"}, "2024-05-30 23:00"),
        ("1717160700", {"format": "unix"}, "2024-05-31 14:05"),
        ("12", {"days_after": "2024-01-01"}, "2024-01-13"),
    ],
)
def test_times_are_the_shop_s_local_time(text: str, spec: dict[str, str], time: str | None) -> None:
    expected = None if time is None else pd.Timestamp(time)
    assert laid("ordered_at", text, reading=None, **spec) == [expected]


def test_steps_derive_a_text() -> None:
    assert laid("region", "DE-Berlin", "?", extract="^(..)-", otherwise="missing") == ["DE", None]
    assert laid("region", "DE-Berlin", "?", extract="^..-", otherwise="keep") == ["DE-", "?"]
    assert laid("region", "a", "b", values={"a": "north"}) == ["north", "b"]


def test_parts_are_joined_and_a_constant_needs_no_column() -> None:
    frame = pd.DataFrame({"day": ["2024-05-31", "2024-05-31"], "time": ["14:05", ""]}, dtype="str")
    joined = Spec.model_validate({"from": ["day", "time"]})
    typed = lay(frame, joined, ORDERS.column("ordered_at"), CONTEXT).typed
    assert typed.tolist()[0] == pd.Timestamp("2024-05-31 14:05")
    assert typed.isna().tolist() == [False, True]
    web = lay(frame, Spec(constant="web"), ORDERS.column("channel"), CONTEXT).typed
    assert web.tolist() == ["web", "web"]


def rule(**keys: str) -> str:
    lines = [f"{key} = {value}" for key, value in keys.items()]
    return "\n".join(["[[sources.tables.orders.rules]]", *lines, ""])


def brought(tmp_path: Path, rules: str, *rows: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """The orders kept of some rows under some rules, and what was set aside."""
    path = shop.put(tmp_path, "orders.csv", shop.HEADER, *rows)
    report = shop.bring(tmp_path, shop.mapping(shop.ORDERS, rules), path)
    return Workspace.open(tmp_path / "shop").read(ORDERS), report.set_aside


def row(number: int, *, variant: str = "V", units: str = "1", price: str = "1") -> str:
    return f"{number},C,{variant},{units},{price},2024-05-{number:02}"


def test_missing_values_are_dropped_or_filled_by_group(tmp_path: Path) -> None:
    rows = [row(1, price="2"), row(2, price="4"), row(3, price=""), row(4, variant="W", price="9"),
            row(5, variant="W", price=""), row(6, units="", price="1")]  # fmt: skip
    rules = rule(rule='"missing"', columns='{ quantity = "drop" }')
    rules += rule(rule='"missing"', columns='{ unit_price = "mean" }', within='["variant_id"]')
    table, set_aside = brought(tmp_path, rules, *rows)
    assert table["unit_price"].tolist() == [2, 4, 3, 9, 9]
    assert set_aside == {"missing": 1}


def test_outliers_go_or_are_clipped_and_constant_groups_are_left_alone(tmp_path: Path) -> None:
    prices = ["9", "10", "11", "9", "10", "11", "10", "1000"]
    rows = [row(n, price=price) for n, price in enumerate(prices, start=1)]
    rows += [row(n + 10, variant="W", price="5" if n < 9 else "900") for n in range(10)]
    keys = {"rule": '"outlier"', "column": '"unit_price"', "limit": "6", "within": '"variant_id"'}
    table, set_aside = brought(tmp_path, rule(**keys), *rows)
    assert set_aside == {"outlier": 1}
    assert table["unit_price"].max() == 900
    (tmp_path / "clipped").mkdir()
    clipped, _ = brought(tmp_path / "clipped", rule(**keys, then='"clip"'), *rows)
    assert clipped["unit_price"].tolist()[7] == pytest.approx(10 + 6 * 1.4826)


@pytest.mark.parametrize(
    ("policy", "filled"), [("mean", 5), ("median", 4.5), ("interpolate", 3), ("drop", None)]
)
def test_each_policy_gives_the_known_answer(
    tmp_path: Path, policy: str, filled: float | None
) -> None:
    rows = [row(1, price="1"), row(3, price=""), row(7, price="7"), row(8, price="2"),
            row(9, price="10")]  # fmt: skip
    columns = f'{{ unit_price = "{policy}" }}'
    table, set_aside = brought(tmp_path, rule(rule='"missing"', columns=columns), *rows)
    assert table["unit_price"].tolist() == [1, *([filled] if filled else []), 7, 2, 10]
    assert set_aside == ({} if filled else {"missing": 1})


def test_columns_have_policies_of_their_own_and_outliers_can_be_filled(tmp_path: Path) -> None:
    prices = ["9", "10", "11", "9", "10", "11", "10", "1000"]
    rows = [row(n, price=price) for n, price in enumerate(prices, start=1)]
    rows += [row(9, units="", price="10")]
    rules = rule(rule='"outlier"', column='"unit_price"', limit="6", then='"missing"')
    rules += rule(
        rule='"missing"',
        columns='{ unit_price = "median", quantity = "median", customer_id = "keep" }',
    )
    table, set_aside = brought(tmp_path, rules, *rows)
    assert table["unit_price"].tolist() == [9, 10, 11, 9, 10, 11, 10, 10, 10]
    assert table["quantity"].tolist() == [1] * 9
    assert set_aside == {}


def test_a_rule_makes_no_order_of_zero_units(tmp_path: Path) -> None:
    rules = rule(rule='"missing"', columns='{ quantity = "interpolate" }')
    with pytest.raises(ImportRefused) as refusal:
        brought(tmp_path, rules, row(1, units="-1"), row(2, units=""), row(3, units="1"))
    assert [(f.line, f.rule) for f in refusal.value.findings] == [(3, "range")]


def test_a_quantity_filled_after_the_cancellations_is_kept(tmp_path: Path) -> None:
    rules = rule(
        rule='"cancellation"', when='{ order_id = { matches = "^9" } }', within='"1 hour"'
    ) + rule(rule='"missing"', columns='{ quantity = "mean" }')
    rows = [row(1, units="4"), row(2, units=""), row(3, units="2")]
    table, _ = brought(tmp_path, rules, *rows)
    assert table["quantity"].tolist() == [4, 3, 2]


def test_rules_run_in_order_and_each_counts_its_own(tmp_path: Path) -> None:
    post = rule(rule='"filter"', name='"post"', when='{ variant_id = { in = ["POST"] } }')
    cheap = rule(rule='"filter"', name='"cheap"', when="{ unit_price = { below = 1 } }")
    rows = [row(1), row(1), row(2, variant="POST", price="0"), row(3, price="0.5")]
    _, set_aside = brought(tmp_path, shop.DUPLICATE + post + cheap, *rows)
    assert set_aside == {"duplicate": 1, "post": 1, "cheap": 1}


def test_a_row_that_a_rule_sets_aside_needs_no_other_virtue(tmp_path: Path) -> None:
    post = rule(rule='"filter"', name='"post"', when='{ variant_id = { matches = "^P" } }')
    _, set_aside = brought(tmp_path, post, row(1), row(2, variant="POST", units="many"))
    assert set_aside == {"post": 1}


def test_conditions_see_columns_of_the_file_too(tmp_path: Path) -> None:
    path = shop.put(
        tmp_path, "orders.csv", shop.HEADER + ",state", row(1) + ",paid", row(2) + ",void"
    )
    rules = rule(rule='"filter"', name='"void"', when='{ state = { out = ["paid"] } }')
    report = shop.bring(tmp_path, shop.mapping(shop.ORDERS, rules), path)
    assert report.set_aside == {"void": 1}


def test_days_written_as_midnights_of_another_time_zone_stay_these_days(tmp_path: Path) -> None:
    mapped = shop.mapping(
        '[[sources]]\nfiles = "market*"\n[sources.tables.market.columns]\ndate = "day"\n'
        '[sources.tables.market.regressors]\nrain = "rain"\n'
    )
    rows = ("2024-05-31 22:00:00,1", "2024-06-01 22:00:00,2")
    path = shop.put(tmp_path, "market.csv", "day,rain", *rows)
    shop.bring(tmp_path, mapped, path)
    days = Workspace.open(tmp_path / "shop").read(MARKET)["date"]
    assert days.dt.strftime("%Y-%m-%d %H").tolist() == ["2024-06-01 00", "2024-06-02 00"]


def test_attributes_have_the_kind_that_the_mapping_gives(tmp_path: Path) -> None:
    mapped = shop.mapping(
        '[[sources]]\n[sources.tables.variants.columns]\nvariant_id = "v"\nstyle_id = "s"\n'
        '[sources.tables.variants.attributes]\ncolour = { from = "c", case = "lower" }\n'
        'weight = { from = "w", kind = "number" }\n'
    )
    path = shop.put(tmp_path, "variants.csv", "v,s,c,w", "1,1,RED,2.5", "2,1,,")
    shop.bring(tmp_path, mapped, path)
    table = Workspace.open(tmp_path / "shop").read(VARIANTS)
    assert table.columns.tolist() == [*VARIANTS.names, "colour", "weight"]
    assert [table[name].iloc[0] for name in ("colour", "weight")] == ["red", 2.5]
    assert str(table["weight"].dtype) == "float64"

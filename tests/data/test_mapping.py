"""A mapping that ships loads; a wrong one is refused with the right word."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import MappingError
from data.mapping import load_mapping, parse_mapping, shipped_mappings

GOOD = """
format = 1
[[sources]]
files = "orders*.csv"
[sources.tables.orders.columns]
order_id = "Order"
customer_id = "Customer"
variant_id = { from = "Code", case = "upper" }
quantity = "Units"
unit_price = "Price"
ordered_at = "When"
[[sources.tables.orders.rules]]
rule = "filter"
name = "test"
when = { order_id = { matches = "^T" } }
"""


@pytest.mark.parametrize("name", shipped_mappings())
def test_every_shipped_mapping_loads(name: str) -> None:
    assert load_mapping(name).about


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("[[sources]]", "[[source]]", "Did you mean 'sources'"),
        ('files = "', 'file = "', "Did you mean 'files'"),
        ("tables.orders.columns", "tables.order.columns", "Did you mean 'orders'"),
        ("tables.orders.columns", "tables.orders.column", "Did you mean 'columns'"),
        ("quantity =", "quantitty =", "Did you mean 'quantity'"),
        ("case =", "cases =", "Did you mean 'case'"),
        ('"upper"', '"Upper"', "'upper' or 'lower'"),
        ("from =", "frm =", "Did you mean 'from'"),
        ('rule = "filter"', 'rule = "filtre"', "'filter'"),
        ("matches =", "match =", "Did you mean 'matches'"),
        ('"^T"', '"^(T"', "no regular expression"),
        ("when = {", "where = {", "Did you mean 'when'"),
        ('quantity = "Units"', "", "needs: quantity"),
        ("format = 1", "format = 2", "format"),
        ("format = 1", "format = ", "no TOML"),
        ("format = 1", 'format = 1\ntimezone = "Europe/Londn"', "no time zone"),
    ],
)
def test_a_mistake_is_named_with_the_nearest_right_word(right: str, wrong: str, told: str) -> None:
    assert right in GOOD
    with pytest.raises(MappingError) as refusal:
        parse_mapping(GOOD.replace(right, wrong, 1), where="shop.toml")
    assert told in str(refusal.value)
    assert "shop.toml" in str(refusal.value)


def test_a_rule_on_a_column_that_is_not_filled_is_refused() -> None:
    rule = '[[sources.tables.orders.rules]]\nrule = "missing"\ncolumns = { regoin = "drop" }\n'
    with pytest.raises(MappingError, match="regoin"):
        parse_mapping(GOOD + rule, where="shop.toml")


def test_an_unknown_name_lists_what_ships() -> None:
    with pytest.raises(MappingError, match="Did you mean 'online_retail_ii'"):
        load_mapping("online_retail_2")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="cannot be read"):
        load_mapping(str(tmp_path / "none.toml"))


def test_a_file_of_ones_own_loads(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(GOOD)
    assert load_mapping(str(path)) == parse_mapping(GOOD, where="")


def test_the_digest_is_of_what_it_says_not_of_how_it_is_laid_out() -> None:
    digest = parse_mapping(GOOD, where="").digest
    assert parse_mapping("# a remark\n" + GOOD, where="").digest == digest
    assert parse_mapping(GOOD.replace("^T", "^U"), where="").digest != digest

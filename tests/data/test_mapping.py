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


ORDERS = """
format = 1
[[sources]]
[sources.tables.orders.columns]
order_id = "o"
customer_id = "c"
variant_id = "v"
quantity = "q"
unit_price = "p"
ordered_at = "t"
region = "r"
"""
RULE = "[[sources.tables.orders.rules]]\n"
VARIANTS = (
    '[sources.tables.variants]\ngroup = "orders"\nby = "variant_id"\n'
    '[sources.tables.variants.columns]\nstyle_id = "variant_id"\n'
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ORDERS + RULE + 'rule = "missing"\ncolumns = { region = "mean" }', "no numbers"),
        (ORDERS + RULE + 'rule = "missing"\ncolumns = { ordered_at = "median" }', "no numbers"),
        (ORDERS + RULE + 'rule = "outlier"\ncolumn = "region"\nlimit = 3', "no numbers"),
        (ORDERS + VARIANTS + 'title = { from = "region", pick = "sum" }', "no numbers"),
        (ORDERS + VARIANTS + 'price = { from = "ordered_at", pick = "smallest" }', "a time"),
        (ORDERS.replace('"t"', '{ from = "t", pick = "smallest" }'), "not derived"),
        (ORDERS.replace('"t"', '{ from = "t", format = "%Q" }'), "bad directive"),
        (ORDERS.replace('"t"', '{ from = "t", format = "DD.MM.YYYY" }'), "a time is written as"),
        (ORDERS.replace("[[sources]]", "[[sources]]\nreading = { thousands = '.' }"), "differ"),
        (ORDERS.replace("[[sources]]", "[[sources]]\nreading = { delimiter = '\"' }"), "quote"),
        *(
            (
                f'{ORDERS}{RULE}rule = "cancellation"\nwithin = "{span}"\n'
                'when = { order_id = { matches = "^C" } }',
                "span of time",
            )
            for span in ("5", "NaT", "0 hours", "soon")
        ),
        (
            f'{ORDERS}{RULE}rule = "cancellation"\nwithin = "1 hour"\n'
            'when = { quantity = { below = 0 }, customer_id = { in = ["C7"] } }',
            "pseudonym",
        ),
    ],
)
def test_what_could_only_fail_on_the_rows_is_refused_beforehand(text: str, told: str) -> None:
    with pytest.raises(MappingError) as refusal:
        parse_mapping(text, where="shop.toml")
    assert told in str(refusal.value)


def test_a_cancellation_may_ask_whether_a_customer_is_named() -> None:
    rule = f'{ORDERS}{RULE}rule = "cancellation"\nwithin = "1 hour"\n'
    asked = "when = { quantity = { below = 0 }, customer_id = { missing = true } }"
    assert parse_mapping(rule + asked, where="shop.toml").sources


def test_an_unknown_name_lists_what_ships() -> None:
    with pytest.raises(MappingError, match="Did you mean 'online_retail_ii'"):
        load_mapping("online_retail_2")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="no such mapping file"):
        load_mapping(str(tmp_path / "none.toml"))


def test_a_file_of_ones_own_loads(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(GOOD)
    assert load_mapping(str(path)) == parse_mapping(GOOD, where="")


def test_the_digest_is_of_what_it_says_not_of_how_it_is_laid_out() -> None:
    digest = parse_mapping(GOOD, where="").digest
    assert parse_mapping("# a remark\n" + GOOD, where="").digest == digest
    assert parse_mapping(GOOD.replace("^T", "^U"), where="").digest != digest

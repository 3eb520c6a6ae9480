"""Choices as text, and the sample's product."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from production.configuration.audit import audit
from production.configuration.checking import faults
from production.configuration.options import parse_options
from production.configuration.product import Product
from production.configuration.uvl.reading import parse_model
from production.errors import BadChoice
from tests.paths import ROOT

TEXT = """features
 Shirt
  optional
   A
   "=b"
   "A=1"
   "!odd"
   Integer n
   Real r
   String said
   many cardinality [2..3]
constraints
 said => said != 'no'
 r < 1.5
"""
SHIRT = Product(parse_model(TEXT, name="shirt.uvl"))


@pytest.mark.parametrize(
    ("texts", "meant"),
    [
        (["A", "A"], [("A", True, None)]),
        (["!A"], [("A", False, None)]),
        (["=b"], [("=b", True, None)]),
        (["A=1"], [("A=1", True, None)]),
        (["!A=1"], [("A=1", False, None)]),
        (["!odd"], [("!odd", True, None)]),
        (["!!odd"], [("!odd", False, None)]),
        (["n", "n=3"], [("n", True, Fraction(3))]),
        (["n=3", "n"], [("n", True, Fraction(3))]),
        (["r=1.25"], [("r", True, Fraction(5, 4))]),
        (["said=a=b"], [("said", True, "a=b")]),
        (["many=2"], [("many", True, Fraction(2))]),
    ],
)
def test_choices_say_on_off_or_a_value(
    texts: list[str], meant: list[tuple[str, bool, Fraction | str | None]]
) -> None:
    choices = SHIRT.choices(texts)
    assert [(one.feature, one.literal > 0, one.value) for one in choices] == meant
    state = SHIRT.state(choices)
    assert state.valid
    whole = SHIRT.complete(choices)
    assert faults(SHIRT.model, whole) == []
    for name, on, value in meant:
        assert (name in whole.selected) == on
        if value is not None:
            assert {**whole.values, **whole.instances}[name] == value


@pytest.mark.parametrize(
    ("texts", "what"),
    [
        (["A", "!A"], "contradict"),
        (["n=1", "n=2"], "contradict"),
        (["n=1", "!n"], "contradict"),
        (["B"], "no option 'B'"),
        (["!B"], "no option 'B'"),
        (["B=1"], "no option 'B'"),
        ([""], "no option ''"),
        (["A=2"], "takes no value"),
        (["n=1.5"], "whole numbers"),
        (["n=x"], "no number"),
        (["n=1/3"], "no number"),
        (["n=" + "9" * 400], "no number"),
        (["n=nan"], "no number"),
        (["many=5"], "There can be 2 to 3"),
        (["said=" + "x" * 2_000], "longer than"),
    ],
)
def test_a_choice_that_says_nothing_or_two_things_is_refused(texts: list[str], what: str) -> None:
    with pytest.raises(BadChoice) as caught:
        SHIRT.choices(texts)
    assert what in caught.value.what
    assert caught.value.fix


def test_a_value_that_rules_forbid_is_explained() -> None:
    clash = SHIRT.state(SHIRT.choices(["A", "said=no"])).clash
    assert clash is not None
    assert clash.choices == ("said=no",)
    assert clash.because == ((13, "said => said != 'no'"),)
    assert not SHIRT.state(SHIRT.choices(["r=1.5"])).valid
    assert SHIRT.state(SHIRT.choices(["r"])).values["r"] == ("below 1.5",)


def test_a_completion_takes_what_is_preferred() -> None:
    place = SHIRT.model.place
    whole = SHIRT.complete(SHIRT.choices(["!A"]), preferred=(place["A"] + 1, place["=b"] + 1))
    assert whole.selected == {"Shirt", "=b"}


def test_the_answer_does_not_depend_on_what_was_asked_before() -> None:
    product = Product.read(ROOT / "data" / "sample" / "products" / "SH001.uvl")
    fresh = Product.read(ROOT / "data" / "sample" / "products" / "SH001.uvl")
    for name in product.model.place:
        product.state(product.choices([name]))
    choices = ["double-cuffs", "letters=2"]
    assert product.state(product.choices(choices)) == fresh.state(fresh.choices(choices))
    assert product.complete(product.choices(choices)) == fresh.complete(fresh.choices(choices))


def test_the_sample_ships_a_product_whose_prices_fit_it() -> None:
    product = Product.read(ROOT / "data" / "sample" / "products" / "SH001.uvl")
    judged = audit(product.guide)
    assert not judged.void
    assert judged.dead == ()
    assert judged.false_optional == ()
    choices = product.choices(["M", "white", "contrast-collar", "letters=3", "single-cuffs"])
    whole = product.complete(choices)
    price = product.price(whole)
    assert price.total == Decimal("106.50")  # 79 + 9 + 9 + 5 once + 3 letters at 1.50
    assert product.lead_time_days(whole) == 10
    assert product.usage_of(whole, 1) == {
        "cutting": Decimal("0.326"),
        "fabric": Decimal("0.356"),
        "sewing": Decimal("2.477"),
    }


def test_what_the_page_on_configuring_shows_is_read() -> None:
    page = (ROOT / "docs" / "configure.md").read_text(encoding="utf-8")
    model = parse_model(page.split("```uvl\n")[1].split("```")[0], name="page.uvl")
    assert audit(Product(model).guide).configurations == 2 * 3 * 2
    shirt = Product.read(ROOT / "data" / "sample" / "products" / "SH001.uvl")
    toml = page.split("```toml\n")[1].split("```")[0]
    priced = Product(shirt.model, parse_options(toml, shirt.model, where="page.toml"))
    state = priced.state(priced.choices(["letters=3", "!gift-box"]))
    assert priced.price(state.known).total == Decimal("95.00")  # 79 + 9 + 5 + 4.50 - 2.50

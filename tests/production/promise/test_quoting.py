"""Offers whose alternatives cannot be had: the order itself is quoted all the same."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from production.configuration.options import parse_options
from production.configuration.product import Product
from production.configuration.uvl.reading import parse_model
from production.errors import PriceRefused
from production.promise.calendar import Calendar
from production.promise.quoting import Asked, quote

MODEL = parse_model("features\n Ring\n  optional\n   monogram\n   plain_box\n", name="ring.uvl")
TOML = """
format = 1
currency = "EUR"

[base]
price = 5
cost = 1

[options.monogram]
price = 20
lead_time_days = 5

[options.plain_box]
price = -8
"""
RING = Product(MODEL, parse_options(TOML, MODEL, where="ring.toml"))
TODAY = date(2026, 1, 5)


def asked(*choices: str) -> Asked:
    return Asked(style_id="ring", product=RING, choices=choices, quantity=1)


def test_an_alternative_of_a_negative_price_is_no_alternative() -> None:
    found = quote([asked("monogram", "plain_box")], Calendar.of([]), TODAY)
    assert found.total == Decimal("17.00")
    assert found.promise.day == date(2026, 1, 10)
    assert found.alternatives == ()


def test_what_is_asked_for_itself_is_still_refused() -> None:
    with pytest.raises(PriceRefused):
        quote([asked("!monogram", "plain_box")], Calendar.of([]), TODAY)

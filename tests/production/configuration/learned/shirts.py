"""Past configurations of the sample's shirt, from the generated market."""

from __future__ import annotations

from functools import cache

from data.simulator import Market, simulate
from production.configuration.learned.fitting import fit_choices
from production.configuration.learned.learned import LearnedChoices
from production.configuration.learned.past import PastConfigurations, past_of
from production.configuration.learned.profiles import profiles_of
from production.configuration.product import Product
from tests.paths import ROOT

STYLE = "SH001"
MODEL = ROOT / "data" / "sample" / "products" / f"{STYLE}.uvl"


@cache
def market() -> Market:
    return simulate()


@cache
def shirt() -> Product:
    return Product.read(MODEL)


@cache
def past() -> PastConfigurations:
    return past_of(shirt(), market().configurations)


@cache
def learned() -> LearnedChoices:
    made = market()
    profiles = profiles_of(made.orders, made.variants, without=set(past().orders))
    return fit_choices(shirt(), past(), profiles, style_id=STYLE)

"""What is learned of past configurations: never against the rules, and what was planted in them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data.simulator.composing import APPEAL
from data.tables import CONFIGURATIONS
from production.configuration.checking import faults
from production.configuration.learned.decisions import decisions_of
from production.configuration.learned.fitting import LEAST, fit_choices
from production.configuration.learned.learned import LearnedChoices
from production.configuration.learned.past import past_of
from production.configuration.product import Product
from production.configuration.solving.splitting import Unsatisfiable
from production.configuration.uvl.reading import parse_model
from production.errors import TooFewConfigurations
from tests.production.configuration.learned.shirts import STYLE, learned, market, past, shirt

BIKE = parse_model(
    "features\n Bike\n  mandatory\n   Frame\n    alternative\n     steel\n     carbon\n  optional\n"
    "   rack\n   bell\nconstraints\n rack => steel\n",
    name="bike.uvl",
)


def table(rows: list[tuple[str, str, list[str]]], style: str = "B1") -> pd.DataFrame:
    """The configurations table of (id, customer, options)."""
    told = [
        (
            number,
            None,
            customer or None,
            style,
            1,
            np.datetime64("2025-01-01") + place,
            option,
            None,
        )
        for place, (number, customer, options) in enumerate(rows)
        for option in options
    ]
    return pd.DataFrame(told, columns=list(CONFIGURATIONS.names)).astype(
        {"ordered_at": "datetime64[us]", "quantity": "Int64"}
    )


def bikes(rows: list[tuple[str, list[str]]], repeat: int = 20) -> LearnedChoices:
    product = Product(BIKE)
    listed = [(f"{n}-{at}", who, options) for n in range(repeat)
              for at, (who, options) in enumerate(rows)]  # fmt: skip
    return fit_choices(product, past_of(product, table(listed)), style_id="B1")


def test_every_generated_configuration_keeps_the_rules_of_the_shipped_model() -> None:
    assert past().set_aside == {}
    assert len(past()) == market().configurations["configuration_id"].nunique()
    assert {*APPEAL} <= {feature.name for feature in shirt().model.features}


def test_a_configuration_that_cannot_be_is_set_aside_and_counted() -> None:
    rows = [
        ("1", "", ["steel", "rack"]),
        ("2", "", ["carbon", "rack"]),
        ("3", "", ["rack"]),
        ("4", "", ["bell"]),
        ("5", "", ["steel", "basket"]),
    ]
    found = past_of(Product(BIKE), table(rows))
    assert len(found) == 2  # a rack brings steel by itself
    assert found.set_aside == {"against the rules": 1, "not whole": 1, "unknown option": 1}


def test_too_few_configurations_are_refused() -> None:
    product = Product(BIKE)
    few = past_of(product, table([("1", "", ["steel"])] * (LEAST - 1)))
    with pytest.raises(TooFewConfigurations, match="0 were set aside"):
        fit_choices(product, few, style_id="B1")


def test_the_completion_is_what_most_wanted_with_these_choices() -> None:
    known = bikes([("", ["steel", "rack"]), ("", ["steel", "rack"]), ("", ["carbon", "bell"])])
    anyone = known.completion()
    assert anyone.selected == {"Bike", "Frame", "steel", "rack"}
    chosen = known.completion(known.product.choices(["bell"]))
    assert chosen.selected == {"Bike", "Frame", "carbon", "bell"}


def test_a_customer_is_offered_what_that_customer_chose_before() -> None:
    known = bikes([("ann", ["carbon", "bell"]), ("", ["steel", "rack"]), ("", ["steel", "rack"])])
    assert known.completion().selected == {"Bike", "Frame", "steel", "rack"}
    assert known.completion(customer="ann").selected == {"Bike", "Frame", "carbon", "bell"}
    assert known.completion(customer="nobody") == known.completion()


def test_likely_choices_are_open_ones_and_those_of_an_alternative_add_up() -> None:
    known, product = learned(), shirt()
    choices = product.choices(["blue", "!monogram"])
    found = known.likely(choices, k=100)
    state = product.state(choices)
    assert {one.choice for one in found} <= set(state.open)
    assert "letters=1" not in {one.choice for one in found}
    assert [one.probability for one in found] == sorted(
        (one.probability for one in found), reverse=True
    )
    chance = {one.choice: one.probability for one in found}
    assert "contrast-collar" not in chance  # no blue shirt has it
    assert chance["plain-collar"] + chance["button-down"] == pytest.approx(1)
    assert chance["S"] + chance["M"] + chance["L"] == pytest.approx(1)
    assert known.likely(choices, k=2) == found[:2]


def test_options_planted_to_go_together_are_learned_to() -> None:
    known, product = learned(), shirt()

    def chance(option: str, *choices: str) -> float:
        found = known.likely(product.choices(choices), k=100)
        return next(one.probability for one in found if one.choice == option)

    assert chance("gift-box", "monogram") > chance("gift-box", "!monogram") + 0.1
    assert chance("button-down", "double-cuffs") < chance("button-down", "single-cuffs") - 0.1


def test_random_customers_are_always_offered_what_can_be_had() -> None:
    known, product, rng = learned(), shirt(), np.random.default_rng(3)
    customers = [None, "nobody", *map(str, past().customers[-4:])]
    for number in range(60):
        choices: list[str] = []
        while True:
            said = product.choices(choices)
            whole = known.completion(said, customers[number % len(customers)])
            assert faults(product.model, whole) == []
            assert all((one.literal > 0) == (one.feature in whole.selected) for one in said)
            likely = known.likely(said, customers[number % len(customers)], k=100)
            if not likely or rng.random() < 0.1:
                break
            choices.append(rng.choice(["", "!"]) + str(rng.choice([one.choice for one in likely])))
            if not product.state(product.choices(choices)).valid:  # "!last of an alternative"
                break


def test_impossible_choices_are_refused() -> None:
    choices = shirt().choices(["blue", "contrast-collar"])
    with pytest.raises(Unsatisfiable):
        learned().likely(choices)
    with pytest.raises(Unsatisfiable):
        learned().completion(choices)


def test_numbers_are_the_customers_usual_ones() -> None:
    known, product = learned(), shirt()
    customer = next(
        str(who)
        for who, said in zip(past().customers, past().values, strict=True)
        if who and said.get("letters") == 4
    )
    own = [
        said["letters"]
        for who, said in zip(past().customers, past().values, strict=True)
        if who == customer and "letters" in said
    ]
    whole = known.completion(product.choices(["monogram"]), customer)
    letters = dict(whole.values)["letters"]
    assert own.count(letters) == max(own.count(one) for one in own)


def test_a_decision_is_an_alternative_or_a_yes_or_no() -> None:
    found = decisions_of(Product(BIKE))
    assert found.texts == ("steel", "carbon", "rack", "bell")
    assert found.decision.tolist() == [0, 0, 1, 2]
    assert found.alternative.tolist() == [True, True, False, False]


def test_learning_is_the_same_each_time() -> None:
    again = fit_choices(shirt(), past(), learned().estimation.profiles, style_id=STYLE)
    assert again.estimation.penalties == learned().estimation.penalties
    assert again.likely(k=100) == learned().likely(k=100)

"""Models of real systems: known figures, exact guidance by another solver, random customers."""

from __future__ import annotations

import numpy as np
import pytest
from pysat.solvers import Cadical195

from production.configuration.audit import audit
from production.configuration.checking import faults
from production.configuration.product import Product, State
from production.configuration.uvl.reading import parse_model
from tests.paths import SHARED

MODELS = SHARED / "feature_models"
NAMES = (
    "automotive02_01", "berkeleydb", "bike", "busybox", "dm_eShop_DM.csv", "dm_mobile_phone.csv",
    "uClibc",
)  # fmt: skip

pytestmark = pytest.mark.skipif(
    not MODELS.is_dir(), reason="needs the models in ../shared/data/feature_models"
)


@pytest.fixture(scope="module")
def products() -> dict[str, Product]:
    return {name: Product.read(MODELS / f"{name}.uvl") for name in NAMES}


def literals_by_another_solver(product: Product, choices: list[int], some: list[int]) -> set[int]:
    """Of some variables' literals those that every configuration has, asked one by one."""
    with Cadical195(bootstrap_with=product.guide.encoded.clauses) as solver:
        return {
            literal
            for variable in some
            for literal in (variable, -variable)
            if not solver.solve(assumptions=[*choices, -literal])
        }


def one_more(rng: np.random.Generator, state: State) -> str:
    return ("", "!")[rng.integers(2)] + state.open[rng.integers(len(state.open))]


@pytest.mark.parametrize("name", ["berkeleydb", "busybox", "uClibc"])
def test_with_an_option_and_without_it_add_up_to_all(
    name: str, products: dict[str, Product]
) -> None:
    model = products[name].model
    text = (MODELS / f"{name}.uvl").read_text(encoding="utf-8").rstrip()
    whole = audit(products[name].guide)
    assert whole.configurations is not None
    rng = np.random.default_rng(2)
    for place in rng.choice(len(model.features), 3, replace=False):
        option = model.features[place].name
        parts = [
            audit(Product(parse_model(f'{text}\n\t{sign}"{option}"', name=name)).guide)
            for sign in ("", "!")
        ]
        assert sum(part.configurations or 0 for part in parts) == whole.configurations


def test_core_and_dead_features_of_the_largest_are_those_of_another_solver(
    products: dict[str, Product],
) -> None:
    judged = audit(products["automotive02_01"].guide)
    assert (len(judged.core), len(judged.dead)) == (1_392, 8)  # as flamapy finds too
    rng = np.random.default_rng(1)
    product = products["automotive02_01"]
    some = [product.model.place[name] + 1 for name in judged.dead]
    some += (1 + rng.choice(len(product.model.features), 150, replace=False)).tolist()
    implied = literals_by_another_solver(product, [], some)
    assert implied == {
        literal for one in some for literal in (one, -one) if literal in product.guide.fixed
    }


@pytest.mark.parametrize("name", NAMES)
def test_guidance_is_that_of_another_solver(name: str, products: dict[str, Product]) -> None:
    product, rng = products[name], np.random.default_rng(len(name))
    size = len(product.model.features)
    choices: list[str] = []
    for _ in range(12):
        state = product.state(product.choices(choices))
        if not state.open:
            break
        choices.append(one_more(rng, state))
    said = [one.literal for one in product.choices(choices)]
    status = product.guide.guidance(said).status
    some = (1 + rng.choice(size, min(size, 120), replace=False)).tolist()
    implied = literals_by_another_solver(product, said, some)
    assert {one * int(status[one]) for one in some if status[one]} == implied


@pytest.mark.parametrize("name", NAMES)
def test_random_customers_meet_no_dead_end_and_get_what_they_chose(
    name: str, products: dict[str, Product]
) -> None:
    product, rng = products[name], np.random.default_rng(7)
    for _ in range(10):
        choices: list[str] = []
        for _ in range(40):
            state = product.state(product.choices(choices))
            assert state.valid
            if not state.open:
                break
            choices.append(one_more(rng, state))
        whole = product.complete(product.choices(choices))
        assert faults(product.model, whole) == []
        for choice in product.choices(choices):
            assert (choice.feature in whole.selected) == (choice.literal > 0)


def test_what_cannot_be_had_is_explained_on_the_largest(products: dict[str, Product]) -> None:
    product = products["automotive02_01"]
    dead = audit(product.guide).dead[0]
    clash = product.state(product.choices(["F_56F667BAA856", dead])).clash
    assert clash is not None
    assert clash.choices == (dead,)
    assert clash.changes[0] == (dead,)
    assert clash.because
    assert all(rule for _, rule in clash.because)

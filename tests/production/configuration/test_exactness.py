"""Guidance, counts, audits and completions against every configuration of small models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import combinations
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from production.configuration.audit import audit
from production.configuration.checking import faults
from production.configuration.configuration import Configuration
from production.configuration.product import Product
from production.configuration.solving import division, part
from production.configuration.solving.counting import count_configurations, count_tree
from production.configuration.uvl.model import FeatureModel
from production.configuration.uvl.reading import parse_model
from tests.production.configuration.brute_force import configurations, models


def some_choices(data: st.DataObject, model: FeatureModel) -> list[str]:
    names = [feature.name for feature in model.features]
    said = data.draw(st.dictionaries(st.sampled_from(names), st.sampled_from(["", "!"])))
    return [f"{sign}{name}" for name, sign in said.items()]


def having(found: list[Configuration], choices: list[str]) -> list[Configuration]:
    return [
        one
        for one in found
        if all((c.removeprefix("!") in one.selected) != c.startswith("!") for c in choices)
    ]


@contextmanager
def small_limits(large: int, kept: int) -> Iterator[None]:
    """Limits under which small models meet what only large ones would."""
    with (
        patch.object(division, "LARGE", large),
        patch.object(division, "LEFT", 1.0),
        patch.object(part, "KEPT", kept),
        patch.object(part, "LISTED", min(kept, part.LISTED)),  # what is listed is never forgotten
    ):
        yield


LIMITS = pytest.mark.parametrize(
    "limits",
    [(division.LARGE, part.KEPT), (1, part.KEPT), (division.LARGE, 2)],
    ids=["whole", "divided", "forgetful"],
)


@LIMITS
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_guidance_is_what_every_configuration_says(
    limits: tuple[int, int], data: st.DataObject
) -> None:
    model = parse_model(data.draw(models(typed=True, most=5)), name="drawn.uvl")
    choices = some_choices(data, model)
    with small_limits(*limits):
        product = Product(model)
        said = product.choices(choices)
        for some in range(len(said)):
            product.state(said[:some])
        state = product.state(said)
    left = having(list(configurations(model)), choices)
    assert state.valid == bool(left)
    names = [feature.name for feature in model.features]
    if left:
        shares = {name: sum(name in one.selected for one in left) for name in names}
        assert state.forced_on == tuple(name for name in names if shares[name] == len(left))
        assert state.forced_off == tuple(name for name in names if shares[name] == 0)
        assert state.open == tuple(name for name in names if 0 < shares[name] < len(left))
        whole = product.complete(said)
        assert faults(model, whole) == []
        assert having([whole], choices)


@LIMITS
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_counts_and_audits_are_those_of_all_configurations(
    limits: tuple[int, int], data: st.DataObject
) -> None:
    model = parse_model(data.draw(models()), name="drawn.uvl")
    with small_limits(*limits):
        product = Product(model)
        judged = audit(product.guide)
    found = list(configurations(model))
    assert judged.configurations == len(found)
    if not model.constraints:
        assert count_tree(model) == len(found)
    assert judged.void == (not found)
    names = [feature.name for feature in model.features]
    if found:
        assert set(judged.core) == {n for n in names if all(n in one.selected for one in found)}
    assert set(judged.dead) == {n for n in names if not any(n in one.selected for one in found)}
    optional = {
        model.features[member].name: model.features[group.parent].name
        for group in model.groups
        if group.least < len(group.members)
        for member in group.members
    }
    assert set(judged.false_optional) == {
        name
        for name, parent in optional.items()
        if name not in judged.dead
        and all(name in one.selected for one in found if parent in one.selected)
    }


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_the_closed_form_and_the_counter_agree_on_trees(data: st.DataObject) -> None:
    text = data.draw(models(most=14)).split("\nconstraints")[0]
    tree = parse_model(text, name="tree.uvl")
    root = tree.features[0].name
    # a constraint that says nothing sends the model through the counter
    counted = parse_model(f"{text}\nconstraints\n  {root} | !{root}", name="tree.uvl")
    assert count_configurations(Product(counted).guide) == count_tree(tree)


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_conflicts_and_changes_are_the_smallest(data: st.DataObject) -> None:
    model = parse_model(data.draw(models()), name="drawn.uvl")
    product = Product(model)
    choices = some_choices(data, model)
    found = list(configurations(model))
    if having(found, choices) or not found:
        return
    clash = product.state(product.choices(choices)).clash
    assert clash is not None
    assert not having(found, list(clash.choices))
    assert all(
        having(found, list(fewer)) for fewer in combinations(choices, len(clash.choices) - 1)
    )
    possible = [
        set(withdrawn)
        for size in range(len(choices) + 1)
        for withdrawn in combinations(choices, size)
        if having(found, [one for one in choices if one not in withdrawn])
    ]
    if having(found, choices[-1:]):
        possible = [one for one in possible if choices[-1] not in one]
    sizes = [len(change) for change in clash.changes]
    assert sizes == sorted(sizes)
    assert sizes[0] == min(map(len, possible))
    for change in clash.changes:
        assert set(change) in possible
        assert not any(one < set(change) for one in possible)


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_the_constraints_that_a_conflict_names_suffice_for_it(data: st.DataObject) -> None:
    text = data.draw(models())
    model = parse_model(text, name="drawn.uvl")
    product = Product(model)
    state = product.state(product.choices(some_choices(data, model)))
    if state.clash is None:
        return
    left_out = {one.line for one in model.constraints} - {line for line, _ in state.clash.because}
    written = text.split("\n")
    fewer = "\n".join(line for at, line in enumerate(written, 1) if at not in left_out)
    smaller = Product(parse_model(fewer, name="fewer.uvl"))
    assert not smaller.state(smaller.choices(state.clash.choices)).valid


def test_a_conflict_names_the_line_that_causes_it() -> None:
    text = "features\n  R\n    optional\n      A\n      B\n      C\nconstraints\n  A => B\n  B => C"
    product = Product(parse_model(text, name="r.uvl"))
    clash = product.state(product.choices(["A", "!C"])).clash
    assert clash is not None
    assert clash.because == ((8, "A => B"), (9, "B => C"))


@pytest.mark.parametrize(
    ("rule", "numbers"),
    [
        ("Inch > 22", {23, 24}),
        ("Inch >= 22", {22, 23, 24}),
        ("22 == Inch", {22}),
        ("Inch != 22", {20, 21, 23, 24}),
        ("2 * Inch - 1 < 43", {20, 21}),
        ("Inch <= sum(w) + 20", {20, 21, 22, 23}),
        ("!(Inch < 21 | Inch > 22)", {21, 22}),
    ],
)
def test_a_number_can_be_chosen_where_its_rules_let_it(rule: str, numbers: set[int]) -> None:
    text = f"features\n  Bike {{w 3}}\n    mandatory\n      Integer Inch\nconstraints\n  {rule}"
    product = Product(parse_model(text, name="bike.uvl"))
    allowed = {
        number
        for number in range(20, 25)
        if product.state(product.choices([f"Inch={number}"])).valid
    }
    assert allowed == numbers
    for number in numbers:
        whole = product.complete(product.choices([f"Inch={number}"]))
        assert whole.values == {"Inch": Fraction(number)}
        assert faults(product.model, whole) == []


def test_a_group_of_hundreds_and_a_tree_of_thousands_of_levels_are_read_and_counted() -> None:
    wide = "features\n  Root\n    alternative\n" + "\n".join(f"      o{n}" for n in range(900))
    product = Product(parse_model(f"{wide}\nconstraints\n  !o7", name="wide.uvl"))
    assert count_configurations(product.guide) == 899
    state = product.state(product.choices(["o8"]))
    assert len(state.forced_off) == 899
    assert state.open == ()
    deep = ["features", " a0"]
    for level in range(1, 3_000):
        deep += [f"{' ' * (2 * level)}optional", f"{' ' * (2 * level + 1)}a{level}"]
    product = Product(parse_model("\n".join(deep), name="deep.uvl"))
    assert count_configurations(product.guide) == 3_000
    assert product.state(product.choices(["a2999"])).open == ()
    assert len(product.state(product.choices(["a1000"])).open) == 1_999

"""What a person is shown while composing: the tree in pieces, questions, what can be swapped."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies as st

from production.configuration.outline import Outline
from production.configuration.product import EXPLAINED_IN_FULL, Product
from production.configuration.replacing import in_place_of
from production.configuration.undecided import undecided
from production.configuration.uvl.reading import parse_model
from production.errors import BadChoice
from tests.production.configuration.brute_force import configurations, models

FEW = hypothesis.settings(max_examples=40, deadline=None)


def product_of(text: str) -> Product:
    product = Product(parse_model(text, name="m.uvl"))
    hypothesis.assume(not product.guide.void)
    return product


@FEW
@hypothesis.given(models(typed=True), st.integers(1, 3))
def test_the_pages_of_every_subtree_are_the_subtree(text: str, limit: int) -> None:
    model = parse_model(text, name="m.uvl")
    outline = Outline(model)
    for place, feature in enumerate(model.features):
        total, whole = outline.below(feature.name, levels=None, offset=0, limit=100)
        names = [branch.feature.name for branch in whole]
        inside = {place}
        for at, other in enumerate(model.features):
            inside |= {at} if other.parent in inside else set()
        assert names == [model.features[at].name for at in sorted(inside)]
        assert total == len(names) == whole[0].below + 1
        paged = [
            branch
            for offset in range(0, total, limit)
            for branch in outline.below(feature.name, levels=None, offset=offset, limit=limit)[1]
        ]
        assert tuple(paged) == whole
        _, near = outline.below(feature.name, levels=1, offset=0, limit=100)
        children = [one.name for one in model.features if one.parent == place]
        assert [branch.feature.name for branch in near[1:]] == children
        assert sum(len(group.members) for group in near[0].groups) == len(children)


def test_what_is_no_option_is_refused_with_the_nearest() -> None:
    outline = Outline(parse_model("features\n\tShirt\n\t\toptional\n\t\t\tcollar\n", name="m.uvl"))
    with pytest.raises(BadChoice, match="Did you mean 'collar'"):
        outline.below("colar", levels=None, offset=0, limit=1)


@FEW
@hypothesis.given(models(), st.data())
def test_an_option_can_be_swapped_in_exactly_where_some_configuration_has_it(
    text: str, data: st.DataObject
) -> None:
    product = product_of(text)
    every = list(configurations(product.model))
    wanted = data.draw(st.sampled_from(every)).selected
    chosen = sorted(data.draw(st.sets(st.sampled_from(sorted(wanted)))))
    found = in_place_of(product, product.choices(chosen))
    features, place = product.model.features, product.model.place

    def is_below(name: str, above: str) -> bool:
        at = place[name]
        while at >= 0:
            if features[at].name == above:
                return True
            at = features[at].parent
        return False

    for group in product.model.groups:
        names = [features[member].name for member in group.members]
        taken = [name for name in names if name in chosen]
        if group.most != 1 or len(taken) != 1:
            assert not set(found) & set(names)
            continue
        rest = {name for name in chosen if not is_below(name, taken[0])}
        possible = [
            name
            for name in names
            if name != taken[0] and any(rest | {name} <= one.selected for one in every)
        ]
        assert [name for name in names if name in found] == possible


@FEW
@hypothesis.given(models(typed=True), st.data())
def test_where_no_question_is_left_the_groups_are_full(text: str, data: st.DataObject) -> None:
    product = product_of(text)
    chosen: list[str] = []
    for _ in range(len(product.model.features) + 1):
        choices = product.choices(chosen)
        state = product.state(choices)
        questions = [one for one in undecided(product.model, state, choices) if one.least]
        if not questions:
            break
        at = product.model.place[questions[0].option]
        open_members = [
            product.model.features[member].name
            for group in product.model.groups
            if group.parent == at
            for member in group.members
            if product.model.features[member].name in state.open
        ]
        assert open_members  # a question can always be answered
        chosen.append(data.draw(st.sampled_from(open_members)))
    else:
        pytest.fail("the questions never end")
    for group in product.model.groups:
        if product.model.features[group.parent].name in state.known.on:
            taken = sum(
                product.model.features[member].name in state.known.on for member in group.members
            )
            assert taken >= group.least


def test_of_many_choices_those_up_to_the_first_impossible_one_are_explained() -> None:
    many = EXPLAINED_IN_FULL
    lines = ["features", "\tP", "\t\toptional", *(f"\t\t\tf{at}" for at in range(2 * many))]
    lines += ["constraints", "\tf7 => !f90", "\tf1 => !f150", "\tf2 => !f151"]
    product = Product(parse_model("\n".join(lines) + "\n", name="m.uvl"))
    clash = product.state(product.choices(f"f{at}" for at in range(91))).clash
    assert clash is not None
    assert (clash.choices, clash.looked_at) == (("f7", "f90"), 91)
    names = [f"f{at}" for at in range(2 * many) if at != 90]
    clash = product.state(product.choices(names)).clash
    assert clash is not None
    assert clash.choices == ("f1", "f150")
    assert clash.changes == (("f1",),)
    assert names[clash.looked_at - 1] == "f150"

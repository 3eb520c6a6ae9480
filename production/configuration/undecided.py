"""What a customer must still choose before the rest can be left as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from production.configuration.choices import Choice
from production.configuration.product import State
from production.configuration.uvl.model import FeatureModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """A question that is open.

    Attributes:
        option: the one with the group, or with the number or text.
        least: how many of its group's members must be taken; None asks for a number or text.
        most: how many may be.
    """

    option: str
    least: int | None = None
    most: int | None = None


def undecided(
    model: FeatureModel, state: State, choices: Sequence[Choice]
) -> tuple[Undecided, ...]:
    """Groups that ask for more than is taken, then numbers and texts not said, in file order.

    Nothing where the choices are not possible together.
    """
    return (*_groups(model, state), *_values(model, state, choices))


def _groups(model: FeatureModel, state: State) -> Iterator[Undecided]:
    on = state.known.on
    for group in model.groups:
        name = model.features[group.parent].name
        if not group.least or name not in on:
            continue
        if sum(model.features[member].name in on for member in group.members) < group.least:
            yield Undecided(option=name, least=group.least, most=group.most)


def _values(model: FeatureModel, state: State, choices: Sequence[Choice]) -> Iterator[Undecided]:
    said = {choice.feature for choice in choices if choice.value is not None}
    for place in sorted((*model.typed, *model.counted)):
        name = model.features[place].name
        if name in state.known.on and name not in said | state.known.numbers.keys():
            yield Undecided(option=name)

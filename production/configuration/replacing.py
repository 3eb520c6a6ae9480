"""Options that only another choice of the same group rules out: they can be had in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from production.configuration.choices import Choice
from production.configuration.product import Product


def in_place_of(product: Product, choices: Sequence[Choice]) -> tuple[str, ...]:
    """Options that are possible once a chosen member of their group goes, in file order.

    Only groups of which one is taken count. With a chosen member goes what was said of options
    below it.

    Args:
        product: the product.
        choices: possible ones.
    """
    model = product.model
    said = {model.place[choice.feature]: choice for choice in choices if choice.literal > 0}
    found: set[int] = set()
    for group in model.groups:
        taken = [member for member in group.members if member in said] if group.most == 1 else []
        if len(taken) != 1 or len(group.members) == 1:
            continue
        rest = [
            choice.literal
            for choice in choices
            if taken[0] not in _upward(model.place[choice.feature], product)
        ]
        status = product.guide.guidance(rest).status
        found.update(
            member for member in group.members if member != taken[0] and status[member + 1] >= 0
        )
    return tuple(model.features[place].name for place in sorted(found))


def _upward(place: int, product: Product) -> Iterator[int]:
    """An option's place, and those of all above it."""
    while place >= 0:
        yield place
        place = product.model.features[place].parent

"""The tree of a model's options, to be shown piece by piece: what stands below one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from data.nearest import hint
from production.configuration.uvl.model import Feature, FeatureModel, Group
from production.errors import BadChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One option where it stands in the tree.

    Attributes:
        feature: the option.
        parent: name of the one above it; None for the root.
        depth: steps down from the root.
        below: how many stand below it, at any depth.
        groups: those of its children.
    """

    feature: Feature
    parent: str | None
    depth: int
    below: int
    groups: tuple[Group, ...]


class Outline:
    """Where each option of a model stands. A subtree is one run of places, its root first."""

    def __init__(self, model: FeatureModel) -> None:
        self._model = model
        size = len(model.features)
        self._depth, self._below = [0] * size, [0] * size
        for place, feature in enumerate(model.features[1:], start=1):
            self._depth[place] = self._depth[feature.parent] + 1
        for place in range(size - 1, 0, -1):
            self._below[model.features[place].parent] += self._below[place] + 1
        groups: dict[int, list[Group]] = {}
        for group in model.groups:
            groups.setdefault(group.parent, []).append(group)
        self._groups: Mapping[int, list[Group]] = groups

    def below(
        self, name: str | None, *, levels: int | None, offset: int, limit: int
    ) -> tuple[int, tuple[Branch, ...]]:
        """An option and those below it in the order of the file, a page of them.

        Args:
            name: which; None for the root.
            levels: how far down; None for all.
            offset: how many to leave out first.
            limit: how many at most.

        Returns:
            How many there are without `offset` and `limit`, and the page.

        Raises:
            BadChoice: there is no such option.
        """
        start = self._place(name)
        end = start + self._below[start] + 1
        deepest = len(self._depth) if levels is None else self._depth[start] + levels
        places = [place for place in range(start, end) if self._depth[place] <= deepest]
        page = islice(places, offset, offset + limit)
        return len(places), tuple(self._branch(place) for place in page)

    def _branch(self, place: int) -> Branch:
        feature = self._model.features[place]
        above = self._model.features[feature.parent].name if feature.parent >= 0 else None
        return Branch(
            feature=feature,
            parent=above,
            depth=self._depth[place],
            below=self._below[place],
            groups=tuple(self._groups.get(place, ())),
        )

    def _place(self, name: str | None) -> int:
        if name is None:
            return 0
        place = self._model.place.get(name)
        if place is None:
            raise BadChoice(
                f"There is no option '{name[:80]}'.",
                where="option",
                fix=hint(name, self._model.place) + "The tree lists the names.",
            )
        return place

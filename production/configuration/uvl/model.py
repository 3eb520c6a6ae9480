"""A model of products as UVL writes it: a tree of features, its groups, and constraints across."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Literal

from production.configuration.uvl.expressions import Formula

Kind = Literal["Boolean", "Integer", "Real", "String"]
Value = Fraction | str | bool | tuple["Value", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One option of the product.

    Attributes:
        name: as written, without quotes.
        line: where it is written.
        parent: place of the feature above it; -1 for the root.
        kind: what is chosen: yes or no, or a number or text besides.
        instances: least and most of it, where it has a cardinality.
        attributes: values by name; those of nested attributes by "outer.inner".
    """

    name: str
    line: int
    parent: int
    kind: Kind = "Boolean"
    instances: tuple[int, int] | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Features under one parent, of which at least `least` and at most `most` are selected.

    Attributes:
        parent: place of the feature above them.
        members: their places.
        least: how many must be selected where the parent is.
        most: how many may be.
        line: where the group is written.
    """

    parent: int
    members: tuple[int, ...]
    least: int
    most: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """What must hold across the tree; `text` is as written."""

    formula: Formula
    line: int
    text: str


@dataclass(frozen=True, kw_only=True)
class FeatureModel:
    """A model of products.

    Attributes:
        name: what errors call it, usually its file's name.
        features: parents before their children; the first is the root.
        groups: in the order of the file.
        constraints: in the order of the file.
    """

    name: str
    features: tuple[Feature, ...]
    groups: tuple[Group, ...]
    constraints: tuple[Constraint, ...]

    @cached_property
    def place(self) -> Mapping[str, int]:
        """The place of each feature by its name."""
        return {feature.name: place for place, feature in enumerate(self.features)}

    @cached_property
    def typed(self) -> tuple[int, ...]:
        """Places of the features for which a number or a text is chosen."""
        return tuple(at for at, feature in enumerate(self.features) if feature.kind != "Boolean")

    @cached_property
    def counted(self) -> tuple[int, ...]:
        """Places of the features that may have several instances."""
        return tuple(at for at, feature in enumerate(self.features) if feature.instances)

    def said_in(self, line: int) -> str:
        """What a line says: a constraint as written, or a group or feature in words."""
        for constraint in self.constraints:
            if constraint.line == line:
                return constraint.text
        for group in self.groups:
            if group.line == line:
                members = ", ".join(self.features[member].name for member in group.members[:8])
                more = ", …" if len(group.members) > 8 else ""
                return (
                    f"{group.least} to {group.most} of {members}{more} "
                    f"with '{self.features[group.parent].name}'"
                )
        for feature in self.features:
            if feature.line == line and feature.parent >= 0:
                return f"'{feature.name}' needs '{self.features[feature.parent].name}'"
        return ""

    @cached_property
    def counted_above(self) -> tuple[int, ...]:
        """For each feature the one with a cardinality that it stands below or is; -1 for none."""
        found: list[int] = []
        for place, feature in enumerate(self.features):
            above = found[feature.parent] if feature.parent >= 0 else -1
            found.append(place if feature.instances else above)
        return tuple(found)

    def with_attribute(self, key: str, within: int = 0) -> tuple[int, ...]:
        """Places of the features in a subtree that have an attribute with a number."""
        inside: list[bool] = []
        for place, feature in enumerate(self.features):
            inside.append(place == within or (place > 0 and inside[feature.parent]))
        return tuple(
            place
            for place, feature in enumerate(self.features)
            if inside[place] and isinstance(feature.attributes.get(key), Fraction)
        )

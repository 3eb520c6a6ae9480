"""The tree of features as it grows, line by line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NoReturn

from production.configuration.uvl import limits
from production.configuration.uvl.attributes import parse_attributes
from production.configuration.uvl.lines import Line
from production.configuration.uvl.model import Constraint, Feature, FeatureModel, Group, Kind, Value
from production.configuration.uvl.parsing import parse_constraint
from production.configuration.uvl.tokens import NAME
from production.errors import BadModel, UnsupportedModel

_FEATURE: Final = re.compile(
    rf"""(?:(?P<kind>Boolean|Integer|Real|String)\s+(?=["\w]))?
    (?:"(?P<quoted>[^"\r\n]+)"|(?P<name>{NAME}))
    (?:\s+cardinality\s*(?P<times>\[[^\]]*\]))?\s*(?P<braces>\{{.*\}})?\s*""",
    re.VERBOSE,
)
_RANGE: Final = re.compile(r"\[\s*(\d{1,9})\s*(?:\.\.\s*(\d{1,9}|\*)\s*)?\]")
_GROUPS: Final = {"mandatory", "optional", "or", "alternative"}


@dataclass(slots=True)
class _Level:
    """What encloses the lines to come: a feature, or one of its groups (else -1)."""

    indent: int
    feature: int
    group: int = -1
    inner: int = 0
    """Indentation of what stands directly below; 0 until something does."""


class Tree:
    """The tree as it grows; a stack of what is open stands in for recursion."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._features: list[Feature] = []
        self._places: dict[str, int] = {}
        self._groups: list[tuple[int, Line, list[int]]] = []  # parent, its line, members
        self._open: list[_Level] = []
        self.constraints: list[tuple[int, str]] = []

    def take(self, line: Line) -> None:
        """One line of the section of features."""
        levels = self._open
        while levels and levels[-1].indent >= line.indent:
            self._close(levels.pop())
        if not levels:
            if self._features:
                self._fail(
                    line.number,
                    "A second root, or a line less indented than the root.",
                    "A model has one root feature; indent all others below it.",
                )
            self._feature(line, -1)
            return
        level = levels[-1]
        if level.inner and level.inner != line.indent:
            self._fail(
                line.number,
                "It is not indented like what stands beside it.",
                "Indent what stands side by side alike, with tabs or with blanks throughout.",
            )
        level.inner = line.indent
        if level.group < 0:
            self._group(line, level.feature)
        else:
            self._groups[level.group][2].append(len(self._features))
            self._feature(line, level.feature)

    def finish(self) -> None:
        """Nothing more will come."""
        while self._open:
            self._close(self._open.pop())
        if not self._features:
            raise BadModel(
                "It has no features.", where=self._name, fix="Write a section 'features'."
            )

    def model(self, written: list[tuple[int, str]]) -> FeatureModel:
        """The whole model, with its constraints (line and text)."""
        if len(written) > limits.CONSTRAINTS:
            self._fail(
                written[limits.CONSTRAINTS][0],
                f"More than {limits.CONSTRAINTS:,} constraints.",
                "Leave out what cannot be ordered.",
            )
        constraints = [
            Constraint(
                formula=parse_constraint(
                    text,
                    line=line,
                    features=self._features,
                    places=self._places,
                    where=f"{self._name}:{line}",
                ),
                line=line,
                text=text,
            )
            for line, text in written
        ]
        return FeatureModel(
            name=self._name,
            features=tuple(self._features),
            groups=tuple(self._made(*group) for group in self._groups),
            constraints=tuple(constraints),
        )

    def _close(self, level: _Level) -> None:
        if level.group >= 0 and not level.inner:
            self._fail(
                self._groups[level.group][1].number,
                f"The group '{self._groups[level.group][1].text}' has no members.",
                "Indent its features below it; the file may have been cut.",
            )

    def _group(self, line: Line, parent: int) -> None:
        if line.text not in _GROUPS and not _RANGE.fullmatch(line.text):
            self._fail(
                line.number,
                f"'{line.text:.60}' is no kind of group.",
                "Below a feature stands mandatory, optional, or, alternative or [n..m], and its "
                "features below that.",
            )
        self._groups.append((parent, line, []))
        self._open.append(_Level(line.indent, parent, len(self._groups) - 1))

    def _made(self, parent: int, line: Line, members: list[int]) -> Group:
        size = len(members)
        bounds = {
            "mandatory": (size, size),
            "optional": (0, size),
            "or": (1, size),
            "alternative": (1, 1),
        }
        least, most = bounds.get(line.text) or self._range(line.text, line.number, most=size)
        if least > size:
            self._fail(
                line.number, f"It asks for {least} of {size} features.", "Lower the least number."
            )
        return Group(
            parent=parent,
            members=tuple(members),
            least=least,
            most=min(most, size),
            line=line.number,
        )

    def _feature(self, line: Line, parent: int) -> None:
        found = _FEATURE.fullmatch(line.text)
        if found is None:
            self._fail(
                line.number,
                f"'{line.text:.60}' is no feature.",
                "Write it as [Integer|Real|String] name [cardinality [n..m]] [{attributes}], a "
                "name with blanks or signs between double quotes.",
            )
        name = found["quoted"] or found["name"]
        if name in self._places:
            first = self._features[self._places[name]].line
            self._fail(
                line.number,
                f"The feature '{name}' is there already, in line {first}.",
                "Name each feature once; none can stand below itself.",
            )
        if len(self._features) >= limits.FEATURES:
            self._fail(
                line.number,
                f"More than {limits.FEATURES:,} features.",
                "Split the model, or leave out what cannot be ordered.",
            )
        kind: Kind = found["kind"] or "Boolean"  # type: ignore[assignment]  # the pattern's words
        self._places[name] = len(self._features)
        self._open.append(_Level(line.indent, len(self._features)))
        self._features.append(
            Feature(
                name=name,
                line=line.number,
                parent=parent,
                kind=kind,
                instances=self._instances(found["times"], line.number, parent, kind),
                attributes=self._attributes(found["braces"], line.number),
            )
        )

    def _attributes(self, braces: str | None, line: int) -> dict[str, Value]:
        if braces is None:
            return {}
        found = parse_attributes(braces, where=f"{self._name}:{line}")
        self.constraints += [(line, text) for text in found.constraints]
        return found.values

    def _instances(
        self, written: str | None, line: int, parent: int, kind: Kind
    ) -> tuple[int, int] | None:
        if written is None:
            return None
        least, most = self._range(written, line, most=limits.INSTANCES + 1)
        if most > limits.INSTANCES:
            raise UnsupportedModel(
                f"A cardinality without an end, or above {limits.INSTANCES:,}.",
                where=f"{self._name}:{line}",
                fix="Say how many there can be.",
            )
        if most == 0:
            self._fail(line, "A feature of which there is none.", "Leave it out.")
        if kind != "Boolean" or parent < 0:
            raise UnsupportedModel(
                "A cardinality of the root, or of a feature with a number or text.",
                where=f"{self._name}:{line}",
                fix="Give the cardinality to a Boolean feature below the root.",
            )
        while parent >= 0:
            if self._features[parent].instances:
                raise UnsupportedModel(
                    f"A cardinality below another, that of '{self._features[parent].name}'.",
                    where=f"{self._name}:{line}",
                    fix="Keep one of the two.",
                )
            parent = self._features[parent].parent
        return max(least, 1), most

    def _range(self, written: str, line: int, *, most: int) -> tuple[int, int]:
        """Least and most of `[n]`, `[n..m]` or `[n..*]`, whose end is then `most`."""
        found = _RANGE.fullmatch(written)
        if found is None:
            self._fail(line, f"'{written:.60}' is no cardinality.", "Write [n..m] or [n..*].")
        least = int(found[1])
        end = least if found[2] is None else most if found[2] == "*" else int(found[2])
        if end < least and found[2] != "*":
            self._fail(line, f"{written} ends before it begins.", "Write the smaller number first.")
        return least, end

    def _fail(self, line: int, what: str, fix: str) -> NoReturn:
        raise BadModel(what, where=f"{self._name}:{line}", fix=fix)

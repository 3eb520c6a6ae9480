"""A UVL file becomes a `FeatureModel`.

One pass over the lines with a stack of what is open, so that depth costs no recursion. Grammar: the
language's own (Universal-Variability-Language/uvl-parser); what of it is not read is refused by
name and line (docs/configure.md).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from production.configuration.uvl.lines import Line, lines_of, text_of
from production.configuration.uvl.model import FeatureModel
from production.configuration.uvl.tree import Tree
from production.errors import BadModel, UnsupportedModel

_LEVEL: Final = re.compile(
    r"(Boolean|Arithmetic|Type)(\.(\*|group-cardinality|feature-cardinality|"
    r"aggregate-function|string-constraints))?"
)


def read_model(path: Path) -> FeatureModel:
    """The model of a UVL file.

    Raises:
        BadModel: it cannot be read, breaks the grammar, is cut or too large; says where.
        UnsupportedModel: the language has it, and this reader does not; says what and where.
    """
    return parse_model(text_of(path), name=path.name)


def parse_model(text: str, *, name: str) -> FeatureModel:
    r"""The model of a UVL text; `name` is what errors call it.

    Raises:
        BadModel: it breaks the grammar, is cut or too large; says where.
        UnsupportedModel: the language has it, and this reader does not; says what and where.

    >>> model = parse_model("features\n  Shirt\n    optional\n      Monogram", name="shirt.uvl")
    >>> [feature.name for feature in model.features]
    ['Shirt', 'Monogram']
    """
    lines = lines_of(text, where=name)
    tree, written = Tree(name), list[tuple[int, str]]()
    section: str | None = None
    for line in lines:
        if line.indent == 0:
            section = _section(line, name, after=section)
        elif section == "features":
            tree.take(line)
        elif section == "constraints":
            written.append((line.number, line.text))
        elif section == "include" and not _LEVEL.fullmatch(line.text):
            raise UnsupportedModel(
                f"'{line.text}' is no language level that is read.",
                where=f"{name}:{line.number}",
                fix="Levels are Boolean, Arithmetic and Type.",
            )
        elif section is None:
            raise BadModel(
                "An indented line before any section.",
                where=f"{name}:{line.number}",
                fix="Begin with a line 'features'.",
            )
    tree.finish()
    return tree.model(sorted([*tree.constraints, *written]))


def _section(line: Line, name: str, *, after: str | None) -> str:
    """The section that a line opens."""
    word = line.text.split(maxsplit=1)[0]
    where = f"{name}:{line.number}"
    if word == "imports":
        raise UnsupportedModel(
            "Imports of other models are not supported.",
            where=where,
            fix="Write the imported features into this file.",
        )
    if word == "namespace":
        return word
    if line.text not in {"features", "constraints", "include"}:
        raise BadModel(
            f"'{line.text:.60}' is no section.",
            where=where,
            fix="Sections are include, features and constraints; all else is indented below one.",
        )
    order = ["include", "features", "constraints"]
    if after in order and order.index(after) >= order.index(line.text):
        raise BadModel(
            f"'{line.text}' after '{after}'.",
            where=where,
            fix="Write include, features and constraints in this order, each once.",
        )
    return line.text

"""Lines of a UVL file: comments taken off, broken lines joined, sections told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from production.configuration.uvl import limits
from production.errors import BadModel

TAB: Final = 8
"""Columns of a tab, as the language's own grammar counts them."""
_COMMENT: Final = re.compile(r'"[^"\n]*"|\'[^\'\n]*\'|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
_BRACKET: Final = re.compile(r"\"[^\"]*\"|'[^']*'|[][{}()]")
_OPENING: Final = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line that says something: where it stands, how far it is indented, what it says."""

    number: int
    indent: int
    text: str


def text_of(path: Path) -> str:
    """The text of a model's file.

    Raises:
        BadModel: there is none, it is too large, or it is not UTF-8.
    """
    try:
        if path.stat().st_size > limits.BYTES:
            raise BadModel(
                f"The file is larger than {limits.BYTES // 2**20} MiB.",
                where=str(path),
                fix="Split the model, or leave out what cannot be ordered.",
            )
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise BadModel(
            "There is no such file.", where=str(path), fix="Name a model, FILE.uvl."
        ) from error
    except UnicodeDecodeError as error:
        raise BadModel(
            f"Byte {error.start} is no UTF-8.", where=str(path), fix="Save the file as UTF-8."
        ) from error
    except OSError as error:
        raise BadModel(
            f"It cannot be read: {error.strerror}.", where=str(path), fix="Name a file, FILE.uvl."
        ) from error


def lines_of(text: str, *, where: str) -> Iterator[Line]:
    """The lines that say something, each with the lines that its brackets hold joined to it.

    Raises:
        BadModel: a NUL byte, or brackets that do not match.
    """
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise BadModel("A NUL byte.", where=f"{where}:{line}", fix="Write the model as text.")
    if "//" in text or "/*" in text:
        text = _COMMENT.sub(_blank, text)
    physical = enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1)
    for number, written in physical:
        said = written.strip(" \t\f")
        if not said:
            continue
        indent = len(written[: written.index(said[0])].expandtabs(TAB))
        open_brackets = _left_open(said, [], f"{where}:{number}") if _opens(said) else []
        parts, size = [said], len(said)
        while open_brackets:
            further = next(physical, None)
            if further is None or size > limits.BYTES // 8:
                raise BadModel(
                    f"'{open_brackets[0]}' is never closed.",
                    where=f"{where}:{number}",
                    fix="Close it; the file may have been cut.",
                )
            parts.append(further[1].strip(" \t\f"))
            size += len(parts[-1])
            open_brackets = _left_open(parts[-1], open_brackets, f"{where}:{further[0]}")
        yield Line(number, indent, said if len(parts) == 1 else " ".join(parts))


def _opens(text: str) -> bool:
    return "{" in text or "(" in text or "[" in text or ")" in text or "}" in text or "]" in text


def _blank(found: re.Match[str]) -> str:
    """A comment without its text but with its line ends; quoted text stays."""
    text = found.group()
    return text if text[0] in "\"'" else "\n" * text.count("\n")


def _left_open(text: str, above: list[str], where: str) -> list[str]:
    """Brackets that are open after a line."""
    stack = list(above)
    for found in _BRACKET.finditer(text):
        mark = found.group()
        if mark in "([{":
            stack.append(mark)
        elif mark in _OPENING:
            if not stack or stack[-1] != _OPENING[mark]:
                raise BadModel(f"'{mark}' closes nothing.", where=where, fix="Match the brackets.")
            stack.pop()
    return stack

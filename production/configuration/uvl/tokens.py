"""Words and signs of expressions and attributes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from production.configuration.uvl import limits
from production.errors import BadModel

NAME: Final = r"[^\W\d][\w#§%?\\';]*"
"""A name without quotes; the grammar's letters, and those of other alphabets."""
_TOKEN: Final = re.compile(
    rf"""\s*(?:(?P<quoted>"[^"\r\n]+")|(?P<text>'[^'\r\n]*')|(?P<number>\d+(?:\.\d+)?|\.\d+)
    |(?P<name>{NAME})|(?P<sign><=>|=>|==|!=|<=|>=|\.\.|[-!&|<>+*/(){{}}\[\],.]))""",
    re.VERBOSE,
)

TokenKind = Literal["name", "quoted", "text", "number", "sign", "end"]


@dataclass(frozen=True, slots=True)
class Token:
    """A word or sign, without its quotes."""

    kind: TokenKind
    text: str


END: Final = Token("end", "")


def tokens_of(text: str, *, where: str) -> list[Token]:
    """The words and signs of a text, with `END` after them.

    Raises:
        BadModel: a sign that the language does not know, a quote that is not closed, or too many.
    """
    found: list[Token] = []
    at, size = 0, len(text.rstrip())
    while at < size:
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadModel(
                f"Cannot be read from here: {text[at : at + 40].strip()!r}.",
                where=where,
                fix="Put names with blanks or signs between double quotes and texts between "
                "single ones.",
            )
        kind: TokenKind = match.lastgroup  # type: ignore[assignment]  # a group always matches
        said = match.group(kind)
        found.append(Token(kind, said[1:-1] if kind in {"quoted", "text"} else said))
        at = match.end()
        if len(found) > limits.TOKENS:
            raise BadModel(
                f"More than {limits.TOKENS:,} words and signs.", where=where, fix="Split it."
            )
    found.append(END)
    return found


def number_of(text: str, *, where: str) -> Fraction:
    """A number as it is written.

    Raises:
        BadModel: more digits than are reckoned with.
    """
    if len(text) > limits.DIGITS:
        raise BadModel(
            f"A number of more than {limits.DIGITS} digits.", where=where, fix="Shorten it."
        )
    return Fraction(text)

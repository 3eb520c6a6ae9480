"""What stands in the braces behind a feature: attributes, and constraints of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from production.configuration.uvl import limits
from production.configuration.uvl.model import Value
from production.configuration.uvl.tokens import END, Token, number_of, tokens_of
from production.errors import BadModel


@dataclass(frozen=True, slots=True)
class Braces:
    """Attributes by name ("outer.inner" where nested), and constraints as text."""

    values: dict[str, Value] = field(default_factory=dict)
    constraints: list[str] = field(default_factory=list)


def parse_attributes(text: str, *, where: str) -> Braces:
    """What a feature's braces say.

    Raises:
        BadModel: it breaks the grammar, or an attribute is there twice.
    """
    if text == "{abstract}":  # most of them, and all of a large model
        return Braces({"abstract": True})
    reader = _Reader(tokens_of(text, where=where), where)
    reader.braces("", 0)
    if reader.next is not END:
        reader.fail(f"'{reader.next.text}' does not belong here.")
    return reader.found


class _Reader:
    def __init__(self, tokens: list[Token], where: str) -> None:
        self._tokens, self._at, self._where = tokens, 0, where
        self.found = Braces()

    @property
    def next(self) -> Token:
        return self._tokens[self._at]

    def fail(self, what: str) -> NoReturn:
        raise BadModel(
            what, where=self._where, fix="Attributes are written {name value, name value}."
        )

    def braces(self, prefix: str, depth: int) -> None:
        """Everything from `{` to its `}`."""
        if depth > limits.NESTING:
            self.fail(f"Attributes nested more than {limits.NESTING} deep.")
        self._expect("{")
        while not self._skip("}"):
            token = self._take()
            if token.kind not in {"name", "quoted"}:
                self.fail(f"'{token.text}' stands where an attribute's name is needed.")
            if token.kind == "name" and token.text in {"constraint", "constraints"}:
                self._constraints(several=token.text == "constraints")
            else:
                self._attribute(prefix + token.text, depth)
            if not self._skip(",") and self.next.text != "}":
                self.fail(f"'{self.next.text}' stands where ',' or '}}' is needed.")

    def _attribute(self, name: str, depth: int) -> None:
        if name in self.found.values:
            self.fail(f"The attribute '{name}' is there twice.")
        self.found.values[name] = True
        if self.next.text == "{" and self.next.kind == "sign":
            self.braces(f"{name}.", depth + 1)
        elif not (self.next.kind == "sign" and self.next.text in {",", "}"}):
            self.found.values[name] = self._value(depth)

    def _value(self, depth: int) -> Value:
        token = self._take()
        if token.kind == "text":
            return token.text
        if token.kind == "number":
            return number_of(token.text, where=self._where)
        if token.kind == "name" and token.text in {"true", "false"}:
            return token.text == "true"
        if token.kind == "sign" and token.text == "-" and self.next.kind == "number":
            return -number_of(self._take().text, where=self._where)
        if token.kind != "sign" or token.text != "[" or depth >= limits.NESTING:
            self.fail(f"'{token.text}' is no value: write a number, 'a text', true or false.")
        return self._vector(depth + 1)

    def _vector(self, depth: int) -> Value:
        values: list[Value] = []
        while not self._skip("]"):
            values.append(self._value(depth))
            if not self._skip(",") and self.next.text != "]":
                self.fail("A list is not closed.")
        return tuple(values)

    def _constraints(self, *, several: bool) -> None:
        """Constraints up to where the braces go on, each kept as text for when names are known."""
        if several:
            self._expect("[")
        depth, parts = 0, list[str]()
        while True:
            token = self.next
            sign = token.text if token.kind == "sign" else ""
            if token is END:
                self.fail("A constraint is not finished.")
            closes = sign == ("]" if several else "}")
            if depth == 0 and (closes or sign == ","):
                if parts:
                    self.found.constraints.append(" ".join(parts))
                parts = []
                if closes or not several:
                    break
            else:
                depth += (sign == "(") - (sign == ")")
                parts.append(_written(token))
            self._at += 1
        if several:
            self._expect("]")

    def _take(self) -> Token:
        token = self.next
        if token is not END:
            self._at += 1
        return token

    def _skip(self, sign: str) -> bool:
        if self.next.kind == "sign" and self.next.text == sign:
            self._at += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._skip(sign):
            self.fail(f"'{sign}' is missing before '{self.next.text}'.")


def _written(token: Token) -> str:
    quotes = {"quoted": '"', "text": "'"}.get(token.kind, "")
    return f"{quotes}{token.text}{quotes}"

"""Constraints as text become formulas: a parser by precedence, with bounded nesting.

From the loosest: `<=>`, `=>`, `|`, `&`, `!`, comparisons, `+ -`, `* /`; equals from the left, as
the language's own grammar has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final, NoReturn

from data.nearest import hint
from production.configuration.uvl import limits
from production.configuration.uvl.expressions import (
    COMPARATORS,
    Aggregate,
    All,
    Any,
    Arithmetic,
    Attribute,
    Chosen,
    Comparison,
    Constant,
    Formula,
    Not,
    Rounded,
    Same,
    Selected,
    Term,
)
from production.configuration.uvl.model import Feature
from production.configuration.uvl.tokens import END, Token, number_of, tokens_of
from production.errors import BadModel, UnsupportedModel

_LOGIC: Final = {"<=>": 1, "=>": 2, "|": 3, "&": 4}
_COMPARING: Final = 6
_BINDING: Final = _LOGIC | dict.fromkeys(COMPARATORS, _COMPARING) | {"+": 7, "-": 7, "*": 8, "/": 8}
_FUNCTIONS: Final = {"sum", "avg", "floor", "ceil", "len"}

Names = Mapping[str, int]


def parse_constraint(
    text: str, *, line: int, features: list[Feature], places: Names, where: str
) -> Formula:
    """The formula of one constraint.

    Args:
        text: as written.
        line: where it is written.
        features: those of the model.
        places: the place of each by its name.
        where: file and line, for errors.

    Raises:
        BadModel: it breaks the grammar or names what there is not.
        UnsupportedModel: the language has it, and this reader does not.
    """
    parser = _Parser(tokens_of(text, where=where), features, places, line, where)
    formula = parser.formula(0)
    parser.end()
    return formula


class _Parser:
    """One expression; every method leaves off behind what it read."""

    def __init__(
        self, tokens: list[Token], features: list[Feature], places: Names, line: int, where: str
    ) -> None:
        self._tokens, self._at, self._depth = tokens, 0, 0
        self._features, self._places, self._line, self._where = features, places, line, where

    def end(self) -> None:
        """Nothing may follow."""
        if self._next is not END:
            self._fail(f"'{self._next.text}' does not belong here.")

    def formula(self, binding: int) -> Formula:
        """A formula of all that binds more tightly than `binding`."""
        return self._as_formula(self._expression(binding))

    def _expression(self, binding: int) -> Formula | Term:
        self._deeper()
        left = self._operand()
        while (strength := self._strength()) > binding:
            sign = self._take().text
            if strength > _COMPARING:
                right = self._as_term(self._expression(strength))
                left = Arithmetic(sign, self._as_term(left), right)  # type: ignore[arg-type]  # a sign
            elif strength == _COMPARING:
                right = self._as_term(self._expression(strength))
                if self._strength() == _COMPARING:
                    self._fail("A comparison of a comparison.")
                left = Comparison(sign, self._as_term(left), right, self._line)  # type: ignore[arg-type]  # likewise
            elif sign in "&|":
                left = self._chain(sign, self._as_formula(left), strength)
            else:
                one, other = self._as_formula(left), self.formula(strength)
                left = Same(one, other) if sign == "<=>" else Any((Not(one), other))
        self._depth -= 1
        return left

    def _chain(self, sign: str, first: Formula, strength: int) -> Formula:
        """All that one sign joins, flat however long."""
        parts = [first, self.formula(strength)]
        while self._next.kind == "sign" and self._next.text == sign:
            self._take()
            parts.append(self.formula(strength))
        return All(tuple(parts)) if sign == "&" else Any(tuple(parts))

    def _operand(self) -> Formula | Term:
        token = self._take()
        if token.kind == "text":
            return Constant(token.text)
        if token.kind == "number":
            return Constant(number_of(token.text, where=self._where))
        if token.kind == "sign":
            return self._signed(token.text)
        if token is END:
            self._fail("The expression ends too early.")
        if token.kind == "name" and token.text in _FUNCTIONS and self._next.text == "(":
            return self._function(token.text)
        return self._reference(token)

    def _signed(self, sign: str) -> Formula | Term:
        """What a sign begins: brackets, a negation, a negative number."""
        if sign == "(":
            inner = self._expression(0)
            self._expect(")")
            return inner
        if sign == "!":
            return Not(self.formula(_LOGIC["&"]))
        if sign != "-" or self._next.kind != "number":
            self._fail(f"'{sign}' does not belong here.")
        return Constant(-number_of(self._take().text, where=self._where))

    def _function(self, name: str) -> Term:
        self._expect("(")
        if name == "len":
            raise UnsupportedModel(
                "'len' of a text is not supported.",
                where=self._where,
                fix="Leave the constraint out, or check the length where the text is entered.",
            )
        if name in {"floor", "ceil"}:
            self._deeper()
            inner = self._as_term(self._expression(_COMPARING))
            self._depth -= 1
            self._expect(")")
            return Rounded(name, inner)  # type: ignore[arg-type]  # one of the two
        words = self._path(self._take())
        within = 0
        if self._next.text == ",":
            self._take()
            within = self._feature(self._path(self._take()))
        self._expect(")")
        key = ".".join(words)
        having = [one for one in self._features if key in one.attributes]
        if not having:
            known = sorted({name for one in self._features for name in one.attributes})
            self._fail(f"No feature has an attribute '{key}'.", fix=hint(key, known))
        for one in having:
            if not isinstance(one.attributes[key], Fraction):
                self._fail(f"'{one.name}.{key}' (line {one.line}) is no number.")
        return Aggregate(name, key, within)  # type: ignore[arg-type]  # sum or avg

    def _path(self, first: Token) -> list[str]:
        """The names of a reference, which dots part."""
        token, words = first, []
        while True:
            if token.kind not in {"name", "quoted"}:
                self._fail(f"A name is missing before '{token.text}'." if token.text else
                           "The expression ends too early.")  # fmt: skip
            words.append(token.text)
            if self._next.text != "." or self._next.kind != "sign":
                return words
            self._take()
            token = self._take()

    def _reference(self, first: Token) -> Formula | Term:
        words = self._path(first)
        if len(words) == 1:
            return Selected(self._feature(words))
        place, key = self._feature(words[:1]), ".".join(words[1:])
        attributes = self._features[place].attributes
        if key not in attributes:
            self._fail(f"'{words[0]}' has no attribute '{key}'.", fix=hint(key, attributes))
        if not isinstance(attributes[key], Fraction | str):
            self._fail(f"'{words[0]}.{key}' is neither number nor text.")
        return Attribute(place, key)

    def _feature(self, words: list[str]) -> int:
        name = ".".join(words)
        if name not in self._places:
            self._fail(f"There is no feature '{name}'.", fix=hint(name, self._places))
        return self._places[name]

    def _as_formula(self, found: Formula | Term) -> Formula:
        if isinstance(found, Term):
            self._fail("A number or text stands where a condition is needed.")
        return found

    def _as_term(self, found: Formula | Term) -> Term:
        if isinstance(found, Selected):
            feature = self._features[found.feature]
            if feature.kind == "Boolean":
                self._fail(f"'{feature.name}' holds neither number nor text to reckon with.")
            return Chosen(found.feature)
        if not isinstance(found, Term):
            self._fail("A condition stands where a number or text is needed.")
        return found

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        if token is not END:
            self._at += 1
        return token

    def _strength(self) -> int:
        return _BINDING.get(self._next.text, 0) if self._next.kind == "sign" else 0

    def _expect(self, sign: str) -> None:
        token = self._take()
        if token.text != sign or token.kind != "sign":
            self._fail(f"'{sign}' is missing" + (f" before '{token.text}'." if token.text else "."))

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > limits.NESTING:
            self._fail(f"Nested more than {limits.NESTING} deep.", fix="Write it flatter.")

    def _fail(self, what: str, *, fix: str = "") -> NoReturn:
        raise BadModel(what, where=self._where, fix=fix or "Mend the expression.")

"""What a customer says of options, as text: on, off, or with a number or text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from data.nearest import hint
from production.configuration.encoding.encode import Encoded
from production.errors import BadChoice

WHERE: Final = "choice"
MOST_TEXT: Final = 1_000
"""Characters of a text."""
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing said of one option.

    Attributes:
        text: as said.
        feature: the option's name.
        literal: what it means to a solver.
        value: the number or text, where one is said.
    """

    text: str
    feature: str
    literal: int
    value: Fraction | str | None = None


def parse_choices(texts: Iterable[str], encoded: Encoded) -> tuple[Choice, ...]:
    """Choices from text: `A`, `!A`, `A=3`, `A=a text`; said twice they count once.

    Raises:
        BadChoice: an option that there is not, a value that does not fit, or two choices that say
            opposite things of one option.
    """
    found: dict[str, Choice] = {}
    for text in texts:
        choice = parse_choice(text, encoded)
        other = found.setdefault(choice.feature, choice)
        if not _agree(choice, other):
            raise BadChoice(
                f"'{other.text}' and '{choice.text}' contradict each other.",
                where=WHERE,
                fix="Say one thing of each option.",
            )
        if choice.value is not None:
            found[choice.feature] = choice
    return tuple(found.values())


def parse_choice(text: str, encoded: Encoded) -> Choice:
    """One choice.

    Raises:
        BadChoice: an option that there is not, or a value that does not fit it.
    """
    places = encoded.model.place
    if text in places:
        return Choice(text=text, feature=text, literal=places[text] + 1)
    if text[:1] == "!":
        name = text[1:]
        if name in places:
            return Choice(text=text, feature=name, literal=-places[name] - 1)
    name, equals, value = text.partition("=")
    while equals and name not in places and "=" in value:
        further, _, value = value.partition("=")
        name = f"{name}={further}"
    if equals and name in places:
        return _with_value(text, name, value, encoded)
    asked = (name if equals else text).removeprefix("!")
    raise BadChoice(
        f"There is no option '{asked:.80}'.",
        where=WHERE,
        fix=hint(asked, places)
        + "A choice is NAME, !NAME or NAME=VALUE; the model lists the names.",
    )


def _agree(one: Choice, other: Choice) -> bool:
    if one.literal < 0 or other.literal < 0:
        return one.literal == other.literal
    return one.value is None or other.value is None or one.value == other.value


def _with_value(text: str, name: str, said: str, encoded: Encoded) -> Choice:
    place = encoded.model.place[name]
    feature, ranges = encoded.model.features[place], encoded.ranges.get(place, ())
    if not ranges:
        raise BadChoice(
            f"'{name}' takes no value.", where=WHERE, fix=f"Choose '{name}' or '!{name}'."
        )
    if feature.kind == "String":
        if len(said) > MOST_TEXT:
            raise BadChoice(
                f"The text for '{name}' is longer than {MOST_TEXT:,} characters.",
                where=WHERE,
                fix="Shorten it.",
            )
        held = next((one for one in ranges if one.text == said), ranges[-1])
        return Choice(text=text, feature=name, literal=held.literal, value=said)
    value = _number(name, said)
    if feature.kind != "Real" and value.denominator != 1:
        raise BadChoice(f"'{name}' takes whole numbers.", where=WHERE, fix="Round it.")
    for one in ranges:
        if one.holds(value):
            return Choice(text=text, feature=name, literal=one.literal, value=value)
    least, most = feature.instances or (0, 0)
    raise BadChoice(
        f"There can be {least} to {most} of '{name}'.", where=WHERE, fix="Choose within it."
    )


def _number(name: str, said: str) -> Fraction:
    if not _NUMBER.fullmatch(said):
        raise BadChoice(
            f"'{said:.40}' is no number for '{name}'.",
            where=WHERE,
            fix="Write it like 12 or 2.5: at most 15 digits, and 6 after the point.",
        )
    return Fraction(said)

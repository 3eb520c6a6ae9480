"""A whole configuration: every option on or off, with its number, text and instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from production.configuration.encoding.encode import Encoded
from production.configuration.encoding.values import Range
from production.configuration.solving.guide import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One product that can be ordered.

    Attributes:
        selected: names of the features that are on.
        values: numbers and texts of the typed ones among them.
        instances: how many there are of those with a cardinality.
    """

    selected: frozenset[str]
    values: Mapping[str, Fraction | str] = field(default_factory=dict)
    instances: Mapping[str, int] = field(default_factory=dict)


def configuration_of(
    encoded: Encoded, status: Status, chosen: Mapping[str, Fraction | str] | None = None
) -> Configuration:
    """The configuration that a complete status stands for.

    Args:
        encoded: the model.
        status: 1 or -1 by variable, as `Guide.complete` gives it.
        chosen: numbers and texts that were asked for; others are the plainest of their range.
    """
    features = encoded.model.features
    values: dict[str, Fraction | str] = {}
    instances: dict[str, int] = {}
    for place, ranges in encoded.ranges.items():
        held = next((one for one in ranges if status[one.literal] > 0), None)
        if held is None or status[place + 1] < 0:
            continue
        name = features[place].name
        value = (chosen or {}).get(name, plainest(held, ranges))
        if features[place].instances:
            instances[name] = int(Fraction(value))
        else:
            values[name] = value if features[place].kind == "String" else Fraction(value)
    return Configuration(
        selected=frozenset(
            feature.name for feature, on in zip(features, status[1:], strict=False) if on > 0
        ),
        values=values,
        instances=instances,
    )


def plainest(held: Range, ranges: tuple[Range, ...]) -> Fraction | str:
    """The plainest value of a range: its text, or the number at its end, or nearest to 0."""
    if held.text is not None:
        return held.text
    if any(one.text is not None for one in ranges):
        return other_text({one.text for one in ranges if one.text is not None})
    if held.holds(Fraction(0)):
        return Fraction(0)
    if held.low and held.high:
        middle = (held.low[0] + held.high[0]) / 2
        ends = (held.low[0], held.high[0], middle)
        return next(value for value in ends if held.holds(value))
    bound, step = (held.low, Fraction(1)) if held.low else (held.high, Fraction(-1))
    if bound is None:
        return Fraction(0)
    return bound[0] if held.holds(bound[0]) else bound[0] + step


def other_text(taken: set[str]) -> str:
    """A text that is none of these."""
    text = "other"
    while text in taken:
        text += "'"
    return text

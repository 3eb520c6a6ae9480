"""Reasons: why a variant is recommended, in figures and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

MOST_REASONS: Final = 3

Kind = Literal[
    "repeat",
    "together",
    "style",
    "attribute",
    "neighbours",
    "popular",
    "new",
    "promoted",
    "preferred",
    "planned",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason for a recommendation.

    Attributes:
        kind: the customer's own earlier taking of the variant; another variant that goes with
            it; another variant of the same style; a value of an attribute that the customer usually
            takes; customers like this one; what everybody takes; nobody has taken it yet; a boost
            of the shop's; a bonus from outside; higher than it would stand without the plan.
        variant_id: the variant of the history that carried it; None where none did.
        title: its name for people.
        share: its part of all that spoke for the recommendation, from 0 to 1; the shares of one
            recommendation sum to 1 at most.
        sentence: the reason, said to the customer.
        attribute: the attribute's column; None where the reason is another.
        value: the attribute's value, likewise.
    """

    kind: Kind
    variant_id: str | None
    title: str
    share: float
    sentence: str
    attribute: str | None = None
    value: str | None = None

    def shared(self, share: float) -> Reason:
        """The same reason with another share; a list makes dozens, and `replace` is slow."""
        return Reason(
            kind=self.kind,
            variant_id=self.variant_id,
            title=self.title,
            share=share,
            sentence=self.sentence,
            attribute=self.attribute,
            value=self.value,
        )


def plain(kind: Kind, sentence: str) -> Reason:
    """A reason that no variant carries, as the only one."""
    return Reason(kind=kind, variant_id=None, title="", share=1.0, sentence=sentence)


POPULAR: Final = plain("popular", "Many customers buy it at present.")
UNTRIED: Final = plain("new", "Few customers have tried it yet.")
PROMOTED: Final = plain("promoted", "The shop promotes it at present.")
PREFERRED: Final = plain("preferred", "The shop prefers to sell it at present.")
PLANNED: Final = plain("planned", "The shop's plan favours it at present.")


def popular_in(region: str) -> Reason:
    """What many customers of a region take."""
    return plain("popular", f"Many customers in {region} buy it at present.")


def usual(attribute: str, value: str, *, alone: bool = False) -> Reason:
    """The variant has the value that the customer usually takes.

    Args:
        attribute: the column, such as size.
        value: the value, such as M.
        alone: only variants of one style are listed, so that the value is all that matters.
    """
    name = attribute.replace("_", " ")
    sentence = (
        f"You usually take {name} {value}." if alone else f"It is in your usual {name} {value}."
    )
    return replace(plain("attribute", sentence), attribute=attribute, value=value)


def combined(
    told: Sequence[Reason], base: float, added: Sequence[tuple[Reason, float]]
) -> tuple[Reason, ...]:
    """Reasons of the model and reasons beside it on one scale, at most `MOST_REASONS`.

    A reason that the shop has an interest in, or that names an attribute's value, is never left out
    for another.

    Args:
        told: the model's reasons; their shares are of what the model says.
        base: what the model says, in standard deviations; below 0 it counts as nothing.
        added: reasons beside the model, with what each says in the same unit.
    """
    spoken = [(reason, weight) for reason, weight in added if weight > 0]
    if not spoken:
        return tuple(told)
    total = max(base, 0.0) + sum(weight for _, weight in spoken)
    scaled = [reason.shared(weight / total) for reason, weight in spoken]
    part = max(base, 0.0) / total
    left = [reason.shared(reason.share * part) for reason in told]
    room = max(MOST_REASONS - len(scaled), 0)  # told is in the order of its shares
    chosen = [*scaled, *(one for one in left[:room] if one.share > 0)]
    return tuple(sorted(chosen, key=lambda one: -one.share))

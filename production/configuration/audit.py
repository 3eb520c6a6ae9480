"""What is wrong with a model, and how much it allows: void, dead, core, false optional, a count."""

from __future__ import annotations

from dataclasses import dataclass

from production.configuration.solving.counting import NotCounted, count_configurations
from production.configuration.solving.guide import Guide


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What a model allows.

    Attributes:
        void: it has no configuration at all.
        core: features that every configuration has, in the model's order.
        dead: features that none has; all of them where it is void.
        false_optional: features that may be left out by the tree, and never are where their parent
            is selected.
        configurations: how many there are; None where counting took too much.
    """

    void: bool
    core: tuple[str, ...]
    dead: tuple[str, ...]
    false_optional: tuple[str, ...]
    configurations: int | None


def audit(guide: Guide) -> Audit:
    """Judge a model."""
    features = guide.encoded.model.features
    names = [feature.name for feature in features]
    if guide.void:
        return Audit(void=True, core=(), dead=tuple(names), false_optional=(), configurations=0)
    try:
        configurations = count_configurations(guide)
    except NotCounted:
        configurations = None
    return Audit(
        void=False,
        core=tuple(name for at, name in enumerate(names, start=1) if at in guide.fixed),
        dead=tuple(name for at, name in enumerate(names, start=1) if -at in guide.fixed),
        false_optional=tuple(names[place] for place in sorted(_false_optional(guide))),
        configurations=configurations,
    )


def _false_optional(guide: Guide) -> set[int]:
    """Places of features that the tree calls optional and that their parent always brings."""
    optional = {
        member: group.parent
        for group in guide.encoded.model.groups
        if group.least < len(group.members)
        for member in group.members
    }
    return {
        member
        for member, parent in optional.items()
        if -member - 1 not in guide.fixed and not guide.possible((parent + 1, -member - 1))
    }

"""From chances to an offer: what is settled, and the configuration that is least to be changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.configuration.learned.decisions import Decisions
from production.configuration.solving.guide import Guide, Status
from production.configuration.solving.heaviest import heaviest

Floats = NDArray[np.float64]

TINY: Final = 1e-12
"""Where no member of an alternative has a chance, none is preferred."""


def settled(decisions: Decisions, status: Status, chances: Floats) -> Floats:
    """Chances after what is forced: 1 and 0, and alternatives shared out over what is left."""
    of = status[decisions.literals]
    found = np.where(of > 0, 1.0, np.where(of < 0, 0.0, chances))
    left = decisions.alternative & (of == 0)
    total = np.bincount(
        decisions.decision[left], found[left], minlength=int(decisions.decision.max(initial=0)) + 1
    )[decisions.decision]
    asked = left & (status[decisions.parents] > 0)
    found[asked] /= np.maximum(total[asked], TINY)
    return found


def least_changed(
    guide: Guide, decisions: Decisions, choices: Iterable[int], chances: Floats
) -> Status:
    """The configuration with these choices that has the most expected unchanged choices.

    A member of an alternative adds its chance. Another option adds its chance where it is on and
    that of its parent being on without it where it is off, so the difference is its weight.

    Args:
        guide: the model.
        decisions: its choices.
        choices: possible ones, as literals.
        chances: (D,) that each option of `decisions` is on.

    Raises:
        Unsatisfiable: the choices are not possible.
    """
    whole = np.ones(guide.encoded.variables + 1)
    whole[decisions.literals] = chances
    weights = np.zeros_like(whole)
    asked = whole[decisions.parents]
    weights[decisions.literals] = np.where(decisions.alternative, chances, 2 * chances - asked)
    return heaviest(guide, choices, weights)

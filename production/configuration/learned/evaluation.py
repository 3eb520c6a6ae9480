"""How many choices a buyer would not have to change, on later configurations than were learned.

Of each later configuration some choices are taken as made, in a random order that is the same for
all methods. Each method completes them; of the choices that were still to be made, the share is
counted that the buyer's own configuration has too. What the rules had settled counts for nobody.

    unchanged   mean share over configurations; intervals by bootstrap over customers
    taken       share of the three likeliest options offered that the buyer's configuration has
    invalid     completions that break a rule, by a checker that knows no solver
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from production.configuration.checking import faults
from production.configuration.configuration import configuration_of
from production.configuration.learned.decisions import Decisions
from production.configuration.learned.fitting import choices_in
from production.configuration.learned.learned import LearnedChoices
from production.configuration.learned.methods import POPULAR, Method, methods_of
from production.configuration.learned.offer import least_changed, settled
from production.configuration.learned.past import PastConfigurations
from production.configuration.solving.guide import Guide, Status
from recsys.evaluation.bootstrap import interval, resampled_means

MADE: Final = (0, 2, 4)
"""Choices that a buyer has made already."""
OFFERED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodFigures:
    """One method's figures after so many choices.

    Attributes:
        made: choices made already.
        method: which.
        configurations: how many were judged: those with anything left to choose.
        unchanged: see above.
        low, high: 95 % interval of it.
        difference: to `popular`'s, paired.
        difference_low, difference_high: 95 % interval of that.
        taken: see above.
        invalid: how many completions.
    """

    made: int
    method: str
    configurations: int
    unchanged: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float
    taken: float
    invalid: int

    def to_json(self) -> dict[str, Any]:
        """Its fields by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A buyer who has made some choices: the literals, and what they leave."""

    row: int
    said: dict[int, bool]
    literals: list[int]
    status: Status


def evaluate_choices(
    learned: LearnedChoices,
    later: PastConfigurations,
    *,
    made: Sequence[int] = MADE,
    seed: int = 0,
    more: Mapping[str, Method] | None = None,
) -> list[MethodFigures]:
    """Every method's figures.

    Args:
        learned: from configurations before all of `later`.
        later: what buyers came to choose.
        made: numbers of choices that are taken as made.
        seed: which choices those are, and what `random` offers.
        more: further methods by name.
    """
    methods = {**methods_of(learned.estimation, seed), **(more or {})}
    found = []
    for count in made:
        asked = _asked(learned, later, count, seed)
        if not asked:
            continue
        judged = {name: _judged(learned, later, asked, one) for name, one in methods.items()}
        found += _figures(count, judged, later.customers[[one.row for one in asked]], seed)
    return found


def _asked(
    learned: LearnedChoices, later: PastConfigurations, count: int, seed: int
) -> list[_Asked]:
    """The buyers with so many choices made, and some left."""
    decisions, guide = learned.decisions, learned.product.guide
    rng = np.random.default_rng(seed)
    found = []
    for row, wanted in enumerate(later.status):
        order = rng.permutation(int(decisions.decision[-1]) + 1)
        said, status = _made(guide, decisions, wanted, order, count)
        literals = _literals(decisions, said)
        if (decisions.open(status) & _is_asked(decisions, wanted)).any():
            found.append(_Asked(row, said, literals, status))
    return found


def _made(
    guide: Guide, decisions: Decisions, wanted: Status, order: NDArray[np.int64], count: int
) -> tuple[dict[int, bool], Status]:
    """The first choices of a buyer, in some order, that are open when they are made."""
    on = (wanted[decisions.literals] > 0).astype(np.uint8)
    is_asked = _is_asked(decisions, wanted)
    said: dict[int, bool] = {}
    status = guide.guidance(()).status
    for decision in order[is_asked[order]]:
        if count == 0:
            break
        if decisions.open(status)[decision]:
            said |= choices_in(on, decisions, [int(decision)])
            status = guide.guidance(_literals(decisions, said)).status
            count -= 1
    return said, status


def _literals(decisions: Decisions, said: Mapping[int, bool]) -> list[int]:
    return [int(decisions.literals[at]) * (1 if on else -1) for at, on in said.items()]


def _is_asked(decisions: Decisions, wanted: Status) -> NDArray[np.bool_]:
    return ~np.isnan(decisions.unchanged(wanted, wanted))


def _judged(
    learned: LearnedChoices, later: PastConfigurations, asked: Sequence[_Asked], method: Method
) -> NDArray[np.float64]:
    """(asked, 3) share unchanged, share taken, and whether the completion is invalid."""
    decisions, guide = learned.decisions, learned.product.guide
    rows = np.zeros((len(asked), 3))
    for at, one in enumerate(asked):
        wanted, customer = later.status[one.row], str(later.customers[one.row]) or None
        chances = settled(decisions, one.status, method(one.said, customer))
        offer = least_changed(guide, decisions, one.literals, chances)
        same = decisions.unchanged(offer, wanted)[decisions.open(one.status)]
        left = np.flatnonzero(
            (one.status[decisions.literals] == 0) & (one.status[decisions.parents] > 0)
        )
        likely = left[np.argsort(-chances[left], kind="stable")][:OFFERED]
        taken = wanted[decisions.literals[likely]] > 0
        whole = configuration_of(guide.encoded, offer)
        rows[at] = (
            np.nanmean(same),
            taken.mean() if len(taken) else np.nan,
            bool(faults(learned.product.model, whole)),
        )
    return rows


def _figures(
    made: int,
    judged: Mapping[str, NDArray[np.float64]],
    customers: NDArray[np.object_],
    seed: int,
) -> list[MethodFigures]:
    """Means and intervals; a buyer nobody knows stands for a customer."""
    names = [str(one) or f"\0{at}" for at, one in enumerate(customers)]
    who, group = np.unique(np.array(names, dtype=object), return_inverse=True)
    shares = np.column_stack([rows[:, 0] for rows in judged.values()])
    sums = np.zeros((len(who), shares.shape[1] + 1))
    np.add.at(sums, group, np.column_stack((shares, np.ones(len(shares)))))
    drawn = resampled_means(sums, seed=seed)
    means = drawn[:, :-1] / drawn[:, -1:]  # (draws, methods)
    reference = list(judged).index(POPULAR)
    found = []
    for at, (name, rows) in enumerate(judged.items()):
        spread, apart = interval(means[:, at]), interval(means[:, at] - means[:, reference])
        found.append(
            MethodFigures(
                made=made,
                method=name,
                configurations=len(rows),
                unchanged=float(rows[:, 0].mean()),
                low=spread.low,
                high=spread.high,
                difference=float((shares[:, at] - shares[:, reference]).mean()),
                difference_low=apart.low,
                difference_high=apart.high,
                taken=float(np.nanmean(rows[:, 1])),
                invalid=int(rows[:, 2].sum()),
            )
        )
    return found

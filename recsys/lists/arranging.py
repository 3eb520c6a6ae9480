"""Arranging: from scores to the places of lists, with boosts, styles and likely variants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.errors import BadRequest
from recsys.interactions import Interactions
from recsys.lists.codes import Groups
from recsys.lists.rules import NO_RULES, Rules
from recsys.lists.selection import select, spread
from recsys.lists.variant_choice import Picked, VariantChoice, pick
from recsys.ranking import Ranked, top

CANDIDATES: Final = 3
"""For each place of a list, so many places are filled without the plan; no variant that scores
below all of them moves up by the plan's bonuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of lists.

    Attributes:
        k: how many variants at most, 1 or more.
        rules: what may be shown, and how it is moved.
        exclude_seen: leave out what the customer has bought.
        basket: the history is what lies in the basket of a visitor nobody knows.
        cold: nothing is known to go by; what is popular is shown.
        style: code of the only style whose variants are listed, all of them in the order in which
            the customer likely takes them; None for all styles.

    Raises:
        BadRequest: k is below 1.
    """

    k: int
    rules: Rules = NO_RULES
    exclude_seen: bool = False
    basket: bool = False
    cold: bool = False
    style: int | None = None

    def __post_init__(self) -> None:
        if self.k < 1:
            raise BadRequest(f"k is {self.k}.", where="k", fix="Ask for 1 or more recommendations.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moves:
    """What is added to scores, in standard deviations; (V,) float32 each, None for nothing.

    Attributes:
        boosts: by the shop.
        bonus: from outside.
        plan: from a plan, to a customer's best candidates only.
    """

    boosts: NDArray[np.float32] | None
    bonus: NDArray[np.float32] | None
    plan: NDArray[np.float32] | None = None

    @property
    def total(self) -> NDArray[np.float32] | None:
        """Boosts and bonus together, which move any variant."""
        if self.boosts is None or self.bonus is None:
            return self.bonus if self.boosts is None else self.boosts
        return self.boosts + self.bonus


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arranged:
    """Lists of several customers, and what put each variant into its place.

    Attributes:
        places: the variants that earned the places, and the places' scores.
        variants: (M,) int32, the variants that are shown there.
        base: (M,) float32, what the score alone says, in deviations from the mean.
        boost: (M,) float32, what the shop's boosts add, in the same unit.
        bonus: (M,) float32, what the bonus from outside adds, likewise.
        plan: (M,) float32, what the plan adds to the variants shown, likewise; 0 for one that
            stands no higher than without.
        picked: how the shown variants were chosen; None where each earned its own place.
    """

    places: Ranked
    variants: NDArray[np.int32]
    base: NDArray[np.float32]
    boost: NDArray[np.float32]
    bonus: NDArray[np.float32]
    plan: NDArray[np.float32]
    picked: Picked | None


def arrange(
    histories: Interactions,
    scores: NDArray[np.float32],
    shown: NDArray[np.bool_],
    *,
    asked: Asked,
    moves: Moves,
    groups: Groups,
    choice: Callable[[], VariantChoice],
) -> Arranged:
    """The places of each list, and who is shown there.

    A score is moved by the standard deviation of the customer's scores over what may be shown,
    times the variant's boosts and bonus. What a plan adds comes after: it moves what scores no less
    than the last of `CANDIDATES` times as many places (in lists of one style, all its variants),
    so it orders what is good enough anew, and lifts nothing else.

    Args:
        histories: the customers' lines.
        scores: (U, V) float32, finite.
        shown: (V,) or (U, V) bool, what may be shown.
        asked: what is asked.
        moves: what is added.
        groups: the variants' styles.
        choice: what everybody takes of each style; asked for only where lists go by style.

    Raises:
        RecsysError: a score is NaN or infinite.
    """
    if moves.plan is None or not moves.plan.any():
        return _arranged(
            histories, scores, shown, asked=asked, moves=moves, groups=groups, choice=choice
        )
    wide = _arranged(
        histories,
        scores,
        shown,
        asked=replace(asked, k=CANDIDATES * asked.k),
        moves=moves,
        groups=groups,
        choice=choice,
    )
    unit = spread(scores, shown)[1]  # (U, 1)
    moved = scores if moves.total is None else scores + unit * moves.total
    part = np.where(moved >= _least(wide, moved, asked), moves.plan, np.float32(0))  # (U, V)
    found = _arranged(
        histories,
        scores,
        shown,
        asked=asked,
        moves=moves,
        groups=groups,
        choice=choice,
        planned=unit * part,
    )
    lifted = part[found.places.customer, found.variants]
    return replace(found, plan=np.where(_risen(found, wide, scores.shape[1]), lifted, 0))


def _least(wide: Arranged, moved: NDArray[np.float32], asked: Asked) -> NDArray[np.float32]:
    """(U, 1) float32: the score that makes a candidate; -inf where all that is listed is one."""
    least = np.full((len(moved), 1), -np.inf, dtype=np.float32)
    if asked.style is None:
        row, earner = wide.places.customer, wide.places.variants
        last = np.append(row[1:] != row[:-1], True) if len(row) else np.zeros(0, dtype=bool)
        least[row[last], 0] = moved[row[last], earner[last]]
    return least


def _risen(found: Arranged, wide: Arranged, variants: int) -> NDArray[np.bool_]:
    """(M,) bool: what stands higher in its list than in the one without the plan."""
    before = wide.places.customer * variants + wide.variants
    now = found.places.customer * variants + found.variants
    order = np.argsort(before, kind="stable")
    if not len(order):
        return np.ones(len(now), dtype=bool)
    place = np.minimum(np.searchsorted(before[order], now), len(order) - 1)
    there = before[order][place] == now
    risen: NDArray[np.bool_] = ~there | (wide.places.rank[order][place] > found.places.rank)
    return risen


def _arranged(
    histories: Interactions,
    scores: NDArray[np.float32],
    shown: NDArray[np.bool_],
    *,
    asked: Asked,
    moves: Moves,
    groups: Groups,
    choice: Callable[[], VariantChoice],
    planned: NDArray[np.float32] | None = None,
) -> Arranged:
    """What `arrange` answers where the plan adds `planned`, (U, V) float32 in scores."""
    per_style, total = asked.rules.per_style, moves.total
    by_style = asked.style is not None or (per_style is not None and not groups.single)
    if total is None and planned is None and not by_style:
        places = top(scores, asked.k, shown)
        none = np.zeros(len(places.variants), dtype=np.float32)
        return Arranged(
            places=places,
            variants=places.variants,
            base=none,
            boost=none,
            bonus=none,
            plan=none,
            picked=None,
        )
    mean, unit = spread(scores, shown)  # (U, 1)
    moved = scores if total is None else scores + unit * total
    moved = moved if planned is None else moved + planned
    picked = None
    if asked.style is not None:
        of_style = shown & (groups.styles.codes == asked.style)
        places = top(moved, int(groups.sizes[asked.style]), of_style)  # all of them, see `pick`
        picked = pick(choice(), histories, places, scores=moved, unit=unit, shown=shown)
        places = Ranked(places.offsets, picked.variants, picked.scores)
        places, picked = _shortened(places, picked, asked.k)
    else:
        places = select(moved, asked.k, shown, groups, per_style)
        if by_style:
            picked = pick(choice(), histories, places, scores=moved, unit=unit, shown=shown)
    row, earner = places.customer, places.variants
    base = (scores[row, earner] - mean[row, 0]) / unit[row, 0]
    return Arranged(
        places=places,
        variants=places.variants if picked is None else picked.variants,
        base=base,
        boost=np.zeros_like(base) if moves.boosts is None else moves.boosts[earner],
        bonus=np.zeros_like(base) if moves.bonus is None else moves.bonus[earner],
        plan=np.zeros_like(base),
        picked=picked,
    )


def _shortened(places: Ranked, picked: Picked, k: int) -> tuple[Ranked, Picked]:
    """The first k of each list."""
    kept = places.rank <= k
    counts = np.minimum(np.diff(places.offsets), k)
    offsets = np.concatenate(([0], np.cumsum(counts)))
    cut = Picked(
        variants=picked.variants[kept],
        scores=picked.scores[kept],
        usual=picked.usual[kept],
        gain=picked.gain[kept],
    )
    return Ranked(offsets, places.variants[kept], places.scores[kept]), cut

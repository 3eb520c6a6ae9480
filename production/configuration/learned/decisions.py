"""What counts as one choice: an alternative, a yes or no, a number; and which can be learned."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from production.configuration.configuration import plainest
from production.configuration.product import Product
from production.configuration.solving.guide import Status


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """The choices that a product leaves.

    A decision is to be made where its parent is on: which member of an alternative, whether an
    optional feature (or member of another group), which number or text.

    Attributes:
        texts: (D,) what a customer says for each learned literal: `M`, `letters=3`.
        literals: (D,) int64, its variable.
        parents: (D,) int64, the variable that must be on for it to be asked.
        decision: (D,) int64, ascending from 0; members of one decision have the same.
        alternative: (D,) bool, one of several members, of which exactly one is on.
    """

    texts: tuple[str, ...]
    literals: NDArray[np.int64]
    parents: NDArray[np.int64]
    decision: NDArray[np.int64]
    alternative: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def place(self) -> dict[int, int]:
        """The place of a learned literal by its variable."""
        return {int(literal): at for at, literal in enumerate(self.literals)}

    def open(self, status: Status) -> NDArray[np.bool_]:
        """(decisions,) whether a decision is still to be made: some member of it is open."""
        count = int(self.decision[-1]) + 1 if len(self) else 0
        undecided = np.zeros(count, dtype=bool)
        np.logical_or.at(undecided, self.decision, status[self.literals] == 0)
        return undecided

    def unchanged(self, proposed: Status, wanted: Status) -> NDArray[np.float64]:
        """(decisions,) 1 where a proposal is what is wanted, 0 where not, NaN where not asked."""
        count = int(self.decision[-1]) + 1 if len(self) else 0
        differs = np.zeros(count, dtype=bool)
        np.logical_or.at(differs, self.decision, proposed[self.literals] != wanted[self.literals])
        asked = np.zeros(count, dtype=bool)
        np.logical_or.at(asked, self.decision, wanted[self.parents] > 0)
        return np.where(asked, 1.0 - differs, np.nan)


def decisions_of(product: Product) -> Decisions:
    """The choices of a product that its rules do not settle from the outset."""
    encoded, fixed = product.guide.encoded, product.guide.fixed
    features = product.model.features
    rows: list[tuple[str, int, int, bool]] = []  # text, literal, parent, alternative
    starts: list[bool] = []

    def add(members: list[tuple[str, int]], parent: int, *, alternative: bool) -> None:
        left = [(text, literal) for text, literal in members if -literal not in fixed]
        left = [one for one in left if one[1] not in fixed]
        for at, (text, literal) in enumerate(left):
            rows.append((text, literal, parent, alternative))
            starts.append(at == 0 or not alternative)

    for group in product.model.groups:
        if group.least == len(group.members):
            continue  # mandatory: no choice
        members = [(features[member].name, member + 1) for member in group.members]
        add(members, group.parent + 1, alternative=group.least == group.most == 1)
    for place, ranges in encoded.ranges.items():
        name = features[place].name
        said = [(f"{name}={_said(plainest(one, ranges))}", one.literal) for one in ranges]
        add(said, place + 1, alternative=True)
    return Decisions(
        texts=tuple(text for text, *_ in rows),
        literals=np.array([literal for _, literal, *_ in rows], dtype=np.int64),
        parents=np.array([parent for *_, parent, _ in rows], dtype=np.int64),
        decision=np.cumsum(np.array(starts, dtype=np.int64)) - 1,
        alternative=np.array([alternative for *_, alternative in rows], dtype=bool),
    )


def _said(value: Fraction | str) -> str:
    """A value as a choice says it, cut to the decimals that one may have."""
    if isinstance(value, str):
        return value
    return f"{float(value):.6f}".rstrip("0").rstrip(".")

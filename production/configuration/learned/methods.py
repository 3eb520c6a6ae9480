"""What learned choices are compared with: chance, the most popular, one's last, like customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.configuration.learned.estimation import Estimation

Floats = NDArray[np.float64]
Method = Callable[[Mapping[int, bool], str | None], Floats]
"""Chances of D options from choices made, by place, and the customer."""

RANDOM: Final = "random"
POPULAR: Final = "popular"
LAST: Final = "own last"
NEIGHBOURS: Final = "neighbours"
PAIRWISE: Final = "pairwise"
LEARNED: Final = "learned"

NEAREST: Final = 20
"""Customers that are asked for their choices."""
PRIOR: Final = 5.0
"""Configurations of the usual customer beside theirs."""


def methods_of(learned: Estimation, seed: int) -> dict[str, Method]:
    """Every method by its name, all knowing the same past configurations.

    random      any configuration: options weighed at random
    popular     each option by its share
    own last    what the customer had last, else popular
    neighbours  what the customers with the likest purchases had
    pairwise    the choices made alone, whoever makes them
    learned     choices, profile and own configurations
    """
    rng = np.random.default_rng(seed)
    usual = replace(learned, penalties=replace(learned.penalties, profile=np.inf, own=np.inf))
    return {
        RANDOM: lambda _, __: rng.random((learned.on.shape[1],)),
        POPULAR: lambda _, __: usual.chances({}),
        LAST: _own_last(learned, usual),
        NEIGHBOURS: _neighbours(learned, usual),
        PAIRWISE: usual.chances,
        LEARNED: learned.chances,
    }


def _own_last(learned: Estimation, usual: Estimation) -> Method:
    last = {str(customer): row for row, customer in enumerate(learned.customers) if customer}

    def chances(_: Mapping[int, bool], customer: str | None) -> Floats:
        row = None if customer is None else last.get(customer)
        return usual.chances({}) if row is None else learned.on[row].astype(np.float64)

    return chances


def _neighbours(learned: Estimation, usual: Estimation) -> Method:
    """Shares among the configurations of the customers whose profiles have the largest cosine."""
    composers = sorted({str(one) for one in learned.customers if one in learned.profiles.row})
    mine = learned.profiles.of(np.array(composers, dtype=object))
    length = np.linalg.norm(mine, axis=1)

    def chances(_: Mapping[int, bool], customer: str | None) -> Floats:
        popular = usual.chances({})
        at = None if customer is None else learned.profiles.row.get(customer)
        if at is None or not composers:
            return popular
        likeness = mine @ learned.profiles.values[at] / np.maximum(length, 1e-12)
        nearest = {composers[i] for i in np.argsort(-likeness, kind="stable")[:NEAREST]}
        rows = np.array([str(one) in nearest for one in learned.customers])
        found: Floats = (PRIOR * popular + learned.on[rows].sum(axis=0)) / (PRIOR + rows.sum())
        return found

    return chances

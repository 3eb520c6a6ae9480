"""The catalogue's columns as features: one for each value that tells variants of a style apart.

Title words are left out: on Online Retail II, where colours stand in titles only, their effects
on the mix of other styles did not hold (they raised the share error of sparse styles by a point).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from data.tables import VARIANTS

MOST_VALUES: Final = 40
"""Values of a column that are told apart: the most frequent ones."""

MOST_TRAITS: Final = 200
"""Features in all: the most frequent ones."""

FEWEST_VARIANTS: Final = 5
"""Variants that a value must have for its effect to be learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Which variant has which value of the catalogue's columns.

    Attributes:
        names: (K,) "column=value".
        has: (V, K) 1 where a variant has the value.
    """

    names: tuple[str, ...]
    has: sparse.csr_matrix[np.float64]

    def take(self, rows: NDArray[np.integer]) -> Traits:
        """The traits of some of the variants."""
        return Traits(names=self.names, has=self.has[rows])


def traits_of(attributes: pd.DataFrame | None, variants: int) -> Traits:
    """The features of a catalogue's columns beyond the canonical ones.

    Args:
        attributes: V rows of the catalogue, or None.
        variants: V.
    """
    found: list[tuple[int, str, NDArray[np.intp]]] = []
    for column in [] if attributes is None else attributes.columns:
        if attributes is not None and column not in VARIANTS.names:
            found += _values(str(column), attributes[column])
    found.sort(key=lambda trait: (-trait[0], trait[1]))
    chosen = sorted(found[:MOST_TRAITS], key=lambda trait: trait[1])
    rows = np.concatenate([rows for _, _, rows in chosen] or [np.array([], dtype=np.intp)])
    columns = np.repeat(np.arange(len(chosen)), [count for count, _, _ in chosen])
    shape = (variants, len(chosen))
    has = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
    return Traits(names=tuple(name for _, name, _ in chosen), has=has)


def _values(column: str, values: pd.Series) -> list[tuple[int, str, NDArray[np.intp]]]:
    """The frequent values of a column: how many variants, its name, and which rows."""
    codes, levels = pd.factorize(values, sort=True)
    count = np.bincount(codes[codes >= 0], minlength=len(levels))
    frequent = np.argsort(-count, kind="stable")[:MOST_VALUES]
    return [
        (int(count[level]), f"{column}={levels[level]}", np.flatnonzero(codes == level))
        for level in frequent.tolist()
        if FEWEST_VARIANTS <= count[level] < len(values)
    ]

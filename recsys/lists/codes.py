"""The catalogue as whole numbers: what rules and selection compare, instead of texts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A column of texts as codes.

    Attributes:
        names: (C,) str, the texts that occur, ascending.
        codes: (V,) int32, position of each variant's text in `names`.
    """

    names: NDArray[np.object_]
    codes: NDArray[np.int32]

    @classmethod
    def of(cls, texts: NDArray[np.object_]) -> Self:
        """The codes of a column."""
        codes, names = pd.factorize(texts, sort=True)
        return cls(names=np.asarray(names, dtype=object), codes=codes.astype(np.int32))

    def code(self, name: str) -> int | None:
        """The code of a text; None where no variant has it."""
        found = int(np.searchsorted(self.names, name))
        return found if found < len(self.names) and self.names[found] == name else None

    def any_of(self, names: Iterable[str]) -> NDArray[np.bool_]:
        """(V,) bool: the variants whose text is one of `names`."""
        chosen = np.zeros(len(self.names), dtype=bool)
        chosen[[code for code in map(self.code, names) if code is not None]] = True
        return chosen[self.codes]


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Variants by style.

    Attributes:
        styles: the style of each variant.
        order: (V,) int64, positions of variants, style by style, ascending within one.
        starts: (S,) int64, where each style begins in `order`.
        sizes: (S,) int64, variants of each style.
        ordered: `order` is ascending as a whole.
    """

    styles: Coded
    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    ordered: bool

    @classmethod
    def of(cls, styles: Coded) -> Self:
        """The groups of a catalogue's styles."""
        order = np.argsort(styles.codes, kind="stable")
        sizes = np.bincount(styles.codes, minlength=len(styles.names))
        return cls(
            styles=styles,
            order=order,
            starts=np.cumsum(sizes) - sizes,
            sizes=sizes,
            ordered=bool((np.diff(order) > 0).all()),
        )

    @property
    def single(self) -> bool:
        """No style has two variants."""
        return bool((self.sizes <= 1).all())

    def members(self, styles: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Each style's variants, one style after the other.

        Returns:
            (E,) int64, the place in `styles`, and (E,) int64, the variant.
        """
        sizes = self.sizes[styles]
        place = np.repeat(np.arange(len(styles)), sizes)
        within = np.arange(len(place)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return place, self.order[self.starts[styles][place] + within]

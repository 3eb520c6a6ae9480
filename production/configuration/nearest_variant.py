"""The variant of a style that is most like what a customer had composed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.catalogue import Catalogue

Candidates = list[tuple[str, int, tuple[str, ...]]]
"""A style's variants: id, units sold, and attribute values in lower case."""


class NearestVariant:
    """Finds the variant of a style whose attribute values are most often among options chosen.

    Of those that have as many, it is the one that sold most, then the first id: an option that no
    attribute names (a monogram) decides nothing. A style without variants is its own. A style is
    laid out once; a question then costs O(its variants).

    Args:
        catalogue: the variants, with their attributes (colour, size, …).
        sold: units by variant id.
    """

    def __init__(self, catalogue: Catalogue, sold: Mapping[str, int]) -> None:
        self._catalogue = catalogue
        self._sold = sold
        self._styles: dict[str, Candidates] = {}

    def of(self, style_id: str, choices: Iterable[str]) -> str:
        """The nearest variant's id.

        Args:
            style_id: the composed product.
            choices: as `Product` takes them; `NAME`, `NAME=VALUE`, or `!NAME` for an option left
                out.
        """
        if style_id not in self._styles:
            self._styles[style_id] = self._laid(style_id)
        chosen = {one.partition("=")[0].casefold() for one in choices if not one.startswith("!")}
        return min(
            (
                (-sum(value in chosen for value in values), -units, name)
                for name, units, values in self._styles[style_id]
            ),
            default=(0, 0, style_id),
        )[2]

    def _laid(self, style_id: str) -> Candidates:
        rows = self._places.get(style_id, np.zeros(0, dtype=np.int64))
        columns = [
            pd.Series(values[rows]).astype("str").str.casefold().tolist()
            for values in self._catalogue.attributes.values()
        ]
        values = list(zip(*columns, strict=True)) if columns else [()] * len(rows)
        ids = [str(name) for name in self._catalogue.variants[rows]]
        return [(name, self._sold.get(name, 0), own) for name, own in zip(ids, values, strict=True)]

    @cached_property
    def _places(self) -> Mapping[str, NDArray[np.int64]]:
        """The rows of each style in the catalogue."""
        styles = pd.Series(self._catalogue.styles)
        found = styles.groupby(styles, sort=False).indices
        return {str(style): np.asarray(rows) for style, rows in found.items()}

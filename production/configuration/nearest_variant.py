"""The variant of a style that is most like what a customer had composed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from recsys.catalogue import Catalogue


def nearest_variant(
    catalogue: Catalogue, style_id: str, choices: Iterable[str], sold: Mapping[str, int]
) -> str:
    """The variant of the style whose attribute values are most often among the options chosen.

    Of those that have as many, the one that sold most, then the first id: an option that no
    attribute names (a monogram) decides nothing. A style without variants is its own.

    Args:
        catalogue: the variants, with their attributes (colour, size, …).
        style_id: the composed product.
        choices: as `Product` takes them; `NAME`, `NAME=VALUE`, or `!NAME` for an option left out.
        sold: units by variant id.
    """
    rows = np.flatnonzero(catalogue.styles == style_id)
    if not len(rows):
        return style_id
    chosen = {one.partition("=")[0].casefold() for one in choices if not one.startswith("!")}
    shared = np.zeros(len(rows), dtype=np.int64)
    for values in catalogue.attributes.values():
        shared += pd.Series(values[rows]).str.casefold().isin(chosen).to_numpy()
    ids = catalogue.variants[rows]
    units = [sold.get(str(name), 0) for name in ids]
    best = min(zip(-shared, [-some for some in units], ids, strict=True))
    return str(best[2])

"""The launched variants most like a variant, by attributes alone.

Titles, styles, codes, prices and attribute columns as `recsys.attributes` encodes them, without
weights of rarity: a rarity counted over variants of next season would let them speak before their
launch.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.attributes import encode
from recsys.catalogue import Catalogue

NEIGHBOURS: Final = 50
BATCH: Final = 512


def nearest(
    attributes: pd.DataFrame,
    asked: NDArray[np.int64],
    pool: NDArray[np.int64],
    reach: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The variants of a pool that are most like each of those asked for.

    O(asked * pool) time, memory of a batch of BATCH rows.

    Args:
        attributes: V rows, columns of the variants table, by variant id.
        asked: (N,) rows of `attributes`.
        pool: (M,) rows of `attributes`.
        reach: (N,) how many of the pool, from its start, each may look at.

    Returns:
        (N, K) positions in `pool`, the most alike first, ties by position; (N, K) likeness from
        0 to 1, and 0 for a variant itself and where there are fewer than K.
    """
    count = min(NEIGHBOURS, len(pool))
    rows = np.unique(np.concatenate([asked, pool]))
    table = attributes.iloc[rows]
    ids = table.index.to_numpy(dtype=object)
    catalogue = Catalogue.of(ids, table.assign(variant_id=ids).reset_index(drop=True))
    order = pd.Index(catalogue.variants).get_indexer(pd.Index(ids))
    features = encode(catalogue, known=np.zeros(len(ids), dtype=bool))[order]
    mine = features[np.searchsorted(rows, asked)]
    theirs = features[np.searchsorted(rows, pool)].T.tocsc()
    place = np.zeros((len(asked), count), dtype=np.int64)
    likeness = np.zeros((len(asked), count))
    for start in range(0, len(asked), BATCH):
        batch = slice(start, start + BATCH)
        alike = (mine[batch] @ theirs).toarray().astype(float)  # (B, M)
        alike[np.arange(len(pool))[None, :] >= reach[batch, None]] = 0.0
        alike[asked[batch, None] == pool[None, :]] = 0.0
        top = np.argsort(-alike, axis=1, kind="stable")[:, :count]
        place[batch], likeness[batch] = top, np.take_along_axis(alike, top, axis=1)
    return place, likeness

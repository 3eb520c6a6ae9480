"""Indices of variants' vectors, by FAISS: those with a large product with a customer's.

An index is never stored: FAISS notices almost no flipped bit of a file. It is built anew from the
model's signed vectors, always the same, on one thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal

import faiss
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Kind = Literal["flat", "ivf", "hnsw"]
"""FAISS's exact search; inverted lists; a graph of neighbours."""

_FAISS: Final[Any] = faiss  # what it adds to itself as it loads has no types

_LINKS: Final = 32
"""Neighbours of each variant in a graph."""


class Index:
    """Finds variants whose vectors have a large product with a customer's.

    A graph is built on distances, with one more coordinate that makes every variant's vector as
    long as the longest: the nearest is then the one of the largest product (Bachrach et al.,
    "Speeding Up the Xbox Recommender System Using a Euclidean Transformation", RecSys 2014).
    """

    def __init__(self, kind: Kind, items: NDArray[np.float32]) -> None:
        """Build it on one thread, always the same from the same vectors.

        Args:
            kind: see `Kind`.
            items: (V, F) float32.
        """
        width = items.shape[1]
        self._kind = kind
        vectors = np.ascontiguousarray(items)
        if kind == "hnsw":
            squares = np.einsum("vf,vf->v", items, items)
            longer = np.sqrt(np.maximum(squares.max() - squares, 0))
            vectors = np.column_stack((items, longer)).astype(np.float32)
            self._index = _FAISS.IndexHNSWFlat(width + 1, _LINKS)
        elif kind == "ivf":
            lists = max(1, int(4 * np.sqrt(len(items))))
            self._index = _FAISS.IndexIVFFlat(
                _FAISS.IndexFlatIP(width), width, lists, _FAISS.METRIC_INNER_PRODUCT
            )
        else:
            self._index = _FAISS.IndexFlatIP(width)
        with _one_thread():
            self._index.train(vectors)
            self._index.add(vectors)

    def near(self, count: int, parameter: int, user: NDArray[np.float32]) -> NDArray[np.int64]:
        """At most so many positions, in no order that counts.

        Args:
            count: how many.
            parameter: nprobe of ivf, efSearch of hnsw; anything else has none.
            user: (F,) float32.
        """
        query, settings = user[None], None
        if self._kind == "hnsw":
            query = np.append(user, np.float32(0))[None]
            settings = _FAISS.SearchParametersHNSW(efSearch=max(parameter, count))
        elif self._kind == "ivf":
            settings = _FAISS.SearchParametersIVF(nprobe=parameter)
        _, found = self._index.search(query, count, params=settings)
        positions: NDArray[np.int64] = found[0][found[0] >= 0]
        return positions


@contextmanager
def _one_thread() -> Iterator[None]:
    """FAISS, and the BLAS that it brings, on one thread."""
    before = _FAISS.omp_get_max_threads()
    _FAISS.omp_set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        _FAISS.omp_set_num_threads(before)

"""Embeddings of short texts, learned from the texts at hand alone.

Latent semantic analysis (Deerwester et al. 1990): counts of words, pairs of Chinese characters and
pieces of words, weighed by how rare they are, projected onto the directions that explain most of
them. Words that stand in the same texts come to lie near each other.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.answers.text import Rarity, pieces, terms

MOST_FEATURES: Final = 50_000
MOST_LEARNED: Final = 2_000
"""Texts that the directions are learned from; of more, evenly spaced ones."""

MOST_DIRECTIONS: Final = 256
PIECE_WEIGHT: Final = 0.5
"""What a piece of a word counts beside a whole one."""

_LEAST: Final = 1e-9


class Embedding:
    """Lays texts into a space in which alike ones are near.

    Args:
        texts: what directions are learned from; always the same from the same ones.
            O(texts² x features), of 2,000 texts at most.
        documents: what the rarity of words is learned from: a word that stands in every way to ask
            one thing is no commoner for it.
    """

    def __init__(self, texts: Sequence[str], documents: Sequence[str]) -> None:
        counts = [Counter(_features(text)) for text in texts]
        self._rarity = Rarity([set(_features(text)) for text in documents])
        seen = Counter(feature for one in counts for feature in one)
        kept = sorted(seen, key=lambda feature: (-seen[feature], feature))[:MOST_FEATURES]
        self._places = {feature: place for place, feature in enumerate(kept)}
        rows = np.unique(np.linspace(0, max(len(texts) - 1, 0), MOST_LEARNED).astype(np.int64))
        matrix = self._weighed([counts[row] for row in rows] if counts else [])  # (T, F)
        # X = U S V': the eigenvectors of the small X X' give V without a matrix of F x F
        squares, left = np.linalg.eigh((matrix @ matrix.T).toarray())
        order = [at for at in np.argsort(-squares, kind="stable") if squares[at] > _LEAST]
        order = order[:MOST_DIRECTIONS]
        found = (matrix.T @ left[:, order]) / np.sqrt(squares[order])
        self._directions: NDArray[np.float32] = found.astype(np.float32)  # (F, D)

    def of(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(T, D) float32: each text's place.

        The shorter than 1, the more of the text is unknown or lies across all directions; so the
        product of two places is the cosine of the whole texts, as far as it is known.
        """
        found = self._weighed([Counter(_features(text)) for text in texts]) @ self._directions
        return np.asarray(found, dtype=np.float32)

    def _weighed(self, counts: Sequence[Counter[str]]) -> sparse.csr_array:
        """(T, F) the texts' features by rarity; of length 1 with those that nobody knows."""
        rows: list[int] = []
        columns: list[int] = []
        values: list[float] = []
        for row, one in enumerate(counts):
            weights = {feature: self._weight(feature, count) for feature, count in one.items()}
            length = max(math.hypot(*weights.values()), _LEAST)
            for feature, weight in weights.items():
                if (place := self._places.get(feature)) is not None:
                    rows.append(row)
                    columns.append(place)
                    values.append(weight / length)
        shape = (len(counts), len(self._places))
        return sparse.csr_array((np.array(values), (rows, columns)), shape=shape)

    def _weight(self, feature: str, count: int) -> float:
        weight = (1 + math.log(count)) * self._rarity.of(feature)
        return weight * PIECE_WEIGHT if feature.startswith("~") else weight


def _features(text: str) -> Iterator[str]:
    for term in terms(text):
        yield term
        yield from (f"~{piece}" for piece in pieces(term))

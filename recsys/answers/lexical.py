"""BM25 as a share of what a text could score at most.

Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009). The plain
score grows with the question's length and says nothing by itself; divided by the score of a text
that holds every word of the question many times it lies between 0 and 1, also where the question
has words that no text knows: they count as the rarest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.answers.text import Rarity, terms

SATURATION: Final = 1.2
"""k1: how soon a word's repetition stops to count."""

LENGTH: Final = 0.5
"""b: how much long texts are held back."""


class Lexical:
    """Scores of texts by the words that they share with a question.

    Args:
        texts: what is searched.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(terms(text)) for text in texts]
        self._rarity = Rarity(counts)
        seen = sorted({term for one in counts for term in one})
        self._places = {term: place for place, term in enumerate(seen)}
        self._texts = len(texts)
        lengths = np.array([one.total() for one in counts], dtype=np.float64)
        held = 1 - LENGTH + LENGTH * lengths / max(lengths.mean(), 1) if len(texts) else lengths
        rows = np.repeat(np.arange(len(texts)), [len(one) for one in counts])
        columns = np.array([self._places[term] for one in counts for term in one], dtype=np.int64)
        times = np.array([count for one in counts for count in one.values()], dtype=np.float64)
        # a word's part of what it could add: 1 where it is repeated without end
        parts = times / (times + SATURATION * held[rows])
        self._parts = sparse.csc_array((parts, (rows, columns)), shape=(len(texts), len(seen)))

    def scores(self, question: str) -> NDArray[np.float64]:
        """(T,) float64 in [0, 1]: each text's part of the best score that there could be."""
        found = np.zeros(self._texts)
        most = 0.0
        for term in dict.fromkeys(terms(question)):
            place = self._places.get(term)
            weight = self._rarity.of(term)
            most += weight
            if place is not None:
                start, end = self._parts.indptr[place : place + 2]
                found[self._parts.indices[start:end]] += weight * self._parts.data[start:end]
        return found / most if most else found

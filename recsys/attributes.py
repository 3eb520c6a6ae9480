"""Attributes as numbers: the title's words and pieces, the style, the columns and the price.

Nothing is learned from sales, so that a variant which nobody has taken yet is encoded like any
other. Every feature is a text such as "word=teapot" or "colour=red", hashed by CRC-32 to one of a
fixed number of columns (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning",
ICML 2009): no vocabulary is kept, and a word of next season has its column already. Pieces are the
character n-grams of fastText (Bojanowski et al., "Enriching Word Vectors with Subword
Information", TACL 2017): they bring "CANDLEHOLDER" near "CANDLE HOLDERS".
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from array import array
from collections.abc import Iterable
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat
from scipy import sparse

from recsys.catalogue import Catalogue
from recsys.model import Search, Settings

PIECES: Final = (3, 4, 5)
"""Lengths of a word's pieces, in characters, its two ends included."""

HEADS: Final = (2, 3, 4)
"""Lengths of the heads of a style's id: shops number what belongs together in a row."""

STEPS_AN_OCTAVE: Final = 2
"""Marks on the scale of prices between a price and its double."""

BUCKETS: Final = 2**18
"""Columns of a block: they cost nothing while empty, and hardly two features of a block meet."""

_WORD = re.compile(r"[^\W_]+")
_LONGEST: Final = 400
"""Characters of a text that are read; a title of a megabyte is not worth the time."""


class AttributeShares(Settings):
    """What each block of features counts in the likeness of two variants."""

    word: NonNegativeFloat = 1.0
    """The title's words."""

    piece: NonNegativeFloat = 2.0
    """Pieces of those words."""

    style: NonNegativeFloat = 0.3
    """Being of one style."""

    code: Annotated[NonNegativeFloat, Search(0.1, 2)] = 1.0
    """Being of styles whose ids begin alike."""

    column: NonNegativeFloat = 1.0
    """The attribute columns (colour, size, ...)."""

    price: Annotated[NonNegativeFloat, Search(0.1, 2)] = 0.6
    """Prices that are close."""


def blocks(
    catalogue: Catalogue, *, buckets: int = BUCKETS
) -> dict[str, sparse.csr_matrix[np.float32]]:
    """Each block of features of a catalogue, unweighted; O(characters of its texts).

    A row depends on its own variant alone: other rows of the catalogue change nothing.

    Args:
        catalogue: V variants.
        buckets: columns of each block, 1 or more; features that share one are taken for the same.

    Returns:
        By the names of `AttributeShares`, (V, buckets) float32 of non-negative counts; a row
        without a value in a block is empty there.
    """
    words = [words_of(title) for title in catalogue.titles]
    return {
        "word": _hashed("word", words, buckets),
        "piece": _hashed("piece", (_pieces(each) for each in words), buckets),
        "style": _hashed("style", ([style] for style in catalogue.styles), buckets),
        "code": _hashed("code", (_heads(style) for style in catalogue.styles), buckets),
        "column": _columns(catalogue, buckets),
        "price": _price_marks(catalogue.prices, buckets),
    }


def encode(
    catalogue: Catalogue,
    *,
    known: NDArray[np.bool_],
    shares: AttributeShares = AttributeShares(),  # noqa: B008  # frozen
    buckets: int = BUCKETS,
) -> sparse.csr_matrix[np.float32]:
    """One row of unit length a variant: its blocks, each of unit length, weighted and side by side.

    Features are weighted by their rarity, log((1 + K) / (1 + n)) + 1 with n of K known variants
    that have it (Spärck Jones 1972, smoothed), so that "SET" and "OF" tell little. The product of
    two rows is the likeness of two variants, from 0 to 1.

    Args:
        catalogue: V variants.
        known: (V,) the variants whose features are counted, so that rows of next season change
            no other row.
        shares: what each block counts.
        buckets: columns of each block.

    Returns:
        (V, F) float32, F the buckets of all blocks.
    """
    parts = [
        _unit_rows(_by_rarity(block, known)) * np.float32(np.sqrt(getattr(shares, name)))
        for name, block in blocks(catalogue, buckets=buckets).items()
    ]
    return _unit_rows(sparse.hstack(parts, format="csr", dtype=np.float32))


def log_prices(
    prices: NDArray[np.float64], known: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Standardised logarithm of each price, and whether it is missing.

    Args:
        prices: (V,) money; NaN, zero and below count as missing.
        known: (V,) the variants whose mean and deviation are taken.

    Returns:
        (V,) float32, 0 where missing, and (V,) float32, 1 where missing.
    """
    priced = np.isfinite(prices) & (prices > 0)
    logs = np.log(np.where(priced, prices, 1.0))
    used = logs[priced & known]
    center = used.mean() if len(used) else 0.0
    spread = (used.std() if len(used) else 0.0) or 1.0
    values = np.where(priced, (logs - center) / spread, 0.0)
    return values.astype(np.float32), (~priced).astype(np.float32)


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, compatibility forms folded.

    >>> words_of("PACK OF 6 Birdy-Tags")
    ['pack', 'of', '6', 'birdy', 'tags']
    """
    return _WORD.findall(unicodedata.normalize("NFKC", str(text)[:_LONGEST]).casefold())


def column_of(feature: str, buckets: int) -> int:
    """The column that a feature is hashed to, the same on every machine and in every run.

    >>> column_of("word=teapot", 1_000)
    544
    """
    return zlib.crc32(feature.encode("utf-8", "surrogatepass")) % buckets


def _pieces(words: Iterable[str]) -> list[str]:
    """Character n-grams of each word between its ends, as fastText cuts them."""
    return [
        piece
        for word in words
        for ended in (f"<{word}>",)
        for size in PIECES
        for piece in (ended[at : at + size] for at in range(len(ended) - size + 1))
    ]


def _heads(style: str) -> list[str]:
    return [f"{length}:{style[:length]}" for length in HEADS if length < len(style)]


def _hashed(
    block: str, features: Iterable[Iterable[str]], buckets: int
) -> sparse.csr_matrix[np.float32]:
    """(V, buckets) float32: how often a row has each feature; holds 8 bytes a feature."""
    column: dict[str, int] = {}
    indices, offsets = array("q"), array("q", [0])
    for row in features:
        for feature in row:
            if feature not in column:
                column[feature] = column_of(f"{block}={feature}", buckets)
            indices.append(column[feature])
        offsets.append(len(indices))
    counts = sparse.csr_matrix(
        (np.ones(len(indices), dtype=np.float32), np.asarray(indices), np.asarray(offsets)),
        shape=(len(offsets) - 1, buckets),
    )
    counts.sum_duplicates()
    return counts


def _columns(catalogue: Catalogue, buckets: int) -> sparse.csr_matrix[np.float32]:
    """(V, buckets) float32: "column=value" of every attribute column with a value."""
    named = sorted(catalogue.attributes.items())
    rows = (
        [
            f"{name}={str(values[row])[:_LONGEST].casefold()}"
            for name, values in named
            if values[row]
        ]
        for row in range(len(catalogue))
    )
    return _hashed("column", rows, buckets)


def _price_marks(prices: NDArray[np.float64], buckets: int) -> sparse.csr_matrix[np.float32]:
    """(V, buckets) float32: how near a price lies to the two marks around it, on a log scale.

    The product of two rows falls to 0 over a step, without a mean or deviation to be learned.
    """
    priced = np.flatnonzero(np.isfinite(prices) & (prices > 0))
    place = np.log2(prices[priced]) * STEPS_AN_OCTAVE
    below = np.floor(place).astype(np.int64)
    share = (place - below).astype(np.float32)
    marks = np.concatenate((below, below + 1))
    names, which = np.unique(marks, return_inverse=True)
    column = np.array([column_of(f"price={mark}", buckets) for mark in names.tolist()], np.int64)
    matrix = sparse.csr_matrix(
        (np.concatenate((1 - share, share)), (np.tile(priced, 2), column[which])),
        shape=(len(prices), buckets),
        dtype=np.float32,
    )
    matrix.sum_duplicates()
    return matrix


def _by_rarity(
    block: sparse.csr_matrix[np.float32], known: NDArray[np.bool_]
) -> sparse.csr_matrix[np.float32]:
    """The block, each feature times its rarity among the known variants."""
    having = np.bincount(block[known].indices, minlength=block.shape[1])
    rarity = np.log((1 + int(known.sum())) / (1 + having)) + 1
    weighted = block.copy()
    weighted.data = block.data * rarity[block.indices].astype(np.float32)
    return weighted


def _unit_rows(matrix: sparse.csr_matrix[np.float32]) -> sparse.csr_matrix[np.float32]:
    """Each row over its length; an empty one stays empty."""
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    lengths[lengths == 0] = 1
    scaled = matrix.copy()
    scaled.data = (matrix.data / np.repeat(lengths, np.diff(matrix.indptr))).astype(np.float32)
    return scaled

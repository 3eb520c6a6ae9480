"""What a text is made of: words, pieces of words, and pairs of Chinese characters.

Nothing is downloaded and no dictionary is needed: scripts that put spaces between words are taken
by word, Chinese, Japanese and Korean by character and pair of characters.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Final

NO_WORD: Final = 0.25
"""What an unknown pair of characters counts."""

_RUN: Final = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
)
_SPACELESS: Final = "\u3040"
PIECES: Final = (3, 4)
"""Letters of a piece of a word, its ends marked."""


def plain(text: str) -> str:
    r"""A text without differences that mean nothing: width, ligatures, case.

    >>> plain("WA\uff33H  wool?")
    'wash  wool?'
    """
    return unicodedata.normalize("NFKC", text).casefold()


def terms(text: str) -> list[str]:
    """The words of a text, in its order; characters and their pairs of a script without spaces.

    A plural's s is dropped, so that shirt and shirts are one word.

    >>> terms("Do the shirts shrink?")
    ['do', 'the', 'shirt', 'shrink']
    >>> terms("退货吗")
    ['退', '货', '吗', '退货', '货吗']
    """
    found: list[str] = []
    for run in _RUN.findall(plain(text)):
        if run[0] < _SPACELESS:
            found.append(_singular(run))
        else:
            found += [*run, *(run[at : at + 2] for at in range(len(run) - 1))]
    return found


def pieces(term: str) -> Iterator[str]:
    """Pieces of a word, so that wash and washing are alike; none of a script without spaces.

    >>> list(pieces("wool"))
    ['<wo', 'woo', 'ool', 'ol>', '<woo', 'wool', 'ool>']
    """
    if term[0] < _SPACELESS:
        marked = f"<{term}>"
        for size in PIECES:
            yield from (marked[at : at + size] for at in range(len(marked) - size + 1))


class Rarity:
    """How rare words are among the texts of their own script.

    A table in two languages is two collections: an English "the" is in every English text, and
    that half of the texts are Chinese makes it no rarer.

    Args:
        texts: the words of each text, in any order.
    """

    def __init__(self, texts: Iterable[Collection[str]]) -> None:
        self._holding: Counter[str] = Counter()
        self._texts: Counter[bool] = Counter()
        for words in texts:
            self._holding.update(set(words))
            self._texts.update({_spaceless(word) for word in words})

    def of(self, word: str) -> float:
        """ln(1 + (N - n + 1/2) / (n + 1/2)), n of the N texts of the script holding the word.

        Less of a pair of characters that no text holds, for most such pairs are no word.
        """
        spaceless, holding = _spaceless(word), self._holding[word]
        rare = math.log(1 + (self._texts[spaceless] - holding + 0.5) / (holding + 0.5))
        return rare * NO_WORD if spaceless and len(word) > 1 and not holding else rare


def _spaceless(word: str) -> bool:
    return word.lstrip("~")[0] >= _SPACELESS


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word

"""A knowledge table that can be asked: embeddings and words, the customer's own styles first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.answers.embedding import Embedding
from recsys.answers.lexical import Lexical
from recsys.index import Index

CANDIDATES: Final = 200
"""Texts that the embedding proposes; those that share words are looked at all."""

SEPARATOR: Final = "|"
"""What stands between two ways to ask, in `also_asked`."""

WORDS: Final = 0.5
"""What shared words count beside the embedding."""

LEAST: Final = 0.2
"""Score below which an entry answers nothing."""

OWN: Final = 0.1
"""What an entry of a style that the customer ordered gains; it lifts none over `LEAST`."""


_COLUMNS: Final = ("answer_id", "question", "answer", "also_asked", "style_id", "language")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One entry that may answer.

    Attributes:
        answer_id: the entry.
        question: as it stands in the table.
        answer: what to tell.
        style_id: the style that it is about; None for none.
        language: its language; None where the table does not say.
        score: 0 to 1.1; how well it fits, the customer's styles included.
        own: whether the customer ordered its style.
    """

    answer_id: str
    question: str
    answer: str
    style_id: str | None
    language: str | None
    score: float
    own: bool


class Knowledge:
    """Finds the entries of a knowledge table that answer a question; safe to share.

    Args:
        table: the canonical table `knowledge`.
        titles: names of styles, by style id; learned from, and part of what an entry is about.
    """

    def __init__(self, table: pd.DataFrame, titles: Mapping[str, str]) -> None:
        ordered = table.sort_values("answer_id", kind="stable", ignore_index=True)
        self._entries = [
            _Entry(*row) for row in zip(*(_texts(ordered, one) for one in _COLUMNS), strict=True)
        ]
        asked = [entry.phrasings(titles.get(entry.style_id or "", "")) for entry in self._entries]
        whole = [" ".join((*p, e.answer)) for p, e in zip(asked, self._entries, strict=True)]
        texts = [text for phrasings in asked for text in phrasings] + whole
        ways = [len(phrasings) for phrasings in asked]
        self._entry_of = np.append(np.repeat(np.arange(len(ways)), ways), np.arange(len(ways)))
        self._embedding = Embedding(texts, [*whole, *sorted(set(titles.values()))])
        self._places = self._embedding.of(texts)  # (T, D)
        self._index = Index("flat", self._places) if self._places.size else None
        self._lexical = Lexical(whole)

    def __len__(self) -> int:
        return len(self._entries)

    def find(
        self,
        question: str,
        k: int,
        *,
        styles: Collection[str] = (),
        language: str | None = None,
        least: float = LEAST,
    ) -> list[Found]:
        """The likeliest entries, best first, ties by answer_id; none where nothing answers.

        Args:
            question: in the words of a customer.
            k: how many at most.
            styles: what the customer ordered.
            language: only entries of it, and those that name none.
            least: score below which an entry answers nothing, whatever the customer ordered.
        """
        scores = self._scores(question)
        found = []
        for place in np.flatnonzero((scores >= least) & (scores > 0)):
            entry = self._entries[place]
            if language is None or entry.language is None or entry.language == language:
                own = entry.style_id is not None and entry.style_id in styles
                found.append(
                    Found(
                        answer_id=entry.answer_id,
                        question=entry.question,
                        answer=entry.answer,
                        style_id=entry.style_id,
                        language=entry.language,
                        score=round(float(scores[place]) + OWN * own, 4),
                        own=own,
                    )
                )
        return sorted(found, key=lambda one: (-one.score, one.answer_id))[:k]

    def _scores(self, question: str) -> NDArray[np.float64]:
        """(A,) float64 in [0, 1]: of each entry, how near its best text is, and words shared."""
        near = np.zeros(len(self))
        if self._index is not None:
            place = self._embedding.of([question])[0]
            rows = self._index.near(CANDIDATES, 0, place)
            np.maximum.at(near, self._entry_of[rows], self._places[rows] @ place)
        return (1 - WORDS) * near + WORDS * self._lexical.scores(question)


class _Entry(NamedTuple):
    """A row of the table."""

    answer_id: str
    question: str
    answer: str
    also_asked: str | None
    style_id: str | None
    language: str | None

    def phrasings(self, about: str) -> list[str]:
        """Every way to ask it, each with the name of the style that it is about."""
        asked = [self.question, *(self.also_asked or "").split(SEPARATOR)]
        named = (one if about in one else f"{one} {about}" for one in asked if one.strip())
        return list(dict.fromkeys(named))


def _texts(table: pd.DataFrame, name: str) -> list[Any]:
    """A column's texts; None where one is missing."""
    if name not in table:
        return [None] * len(table)
    return [None if pd.isna(one) else str(one) for one in table[name]]

"""Answers for customer service: a workspace's knowledge table, and what a customer ordered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any, Final, Generic, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from api.errors import NotReady
from data.store import LiveEvent
from data.tables import KNOWLEDGE, ORDERS, VARIANTS, Table
from data.workspace import Workspace
from recsys.answers.knowledge import Found, Knowledge

MOST_ANSWERS: Final = 20
MOST_LETTERS: Final = 500
"""Letters of a question."""

T = TypeVar("T")


class Desk:
    """Answers questions; its tables are read again whenever they have changed.

    Safe to share between threads.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._knowledge = _Kept(workspace, (KNOWLEDGE, VARIANTS), self._learn)
        self._styles = _Kept(workspace, (VARIANTS,), self._style_of)
        self._orders = _Kept(workspace, (ORDERS, VARIANTS), self._ordered)

    def knowledge(self) -> Knowledge:
        """The knowledge table, ready to be asked.

        Raises:
            NotReady: the workspace has none.
        """
        return self._knowledge.now()

    def answer(
        self,
        question: str,
        k: int,
        *,
        language: str | None = None,
        customer_id: str | None = None,
        live: Sequence[LiveEvent] = (),
    ) -> dict[str, Any]:
        """The likeliest entries as the service and `--json` tell them.

        Args:
            question: in the customer's words.
            k: how many at most.
            language: only entries of it.
            customer_id: whose orders count; None for nobody's.
            live: the customer's events since the tables.

        Raises:
            NotReady: the workspace has no knowledge table.
        """
        styles = set() if customer_id is None else self.styles_of(customer_id, live)
        found = self.knowledge().find(question, k, styles=styles, language=language)
        return {
            "answers": [_line(rank, one) for rank, one in enumerate(found, start=1)],
            "notes": [] if found else [NOTHING],
        }

    def styles_of(self, customer_id: str, live: Sequence[LiveEvent] = ()) -> set[str]:
        """The styles that a customer ordered; empty where nobody knows them."""
        customers, styles = self._orders.now()
        start, end = np.searchsorted(customers, [customer_id, customer_id + "\0"])
        style_of = self._styles.now()
        ordered = {style_of.get(event.variant_id) for event in live if event.kind == "order"}
        return {str(style) for style in styles[start:end]} | {one for one in ordered if one}

    def _learn(self) -> Knowledge:
        if not self._workspace.has(KNOWLEDGE):
            raise NotReady(
                "The workspace has no knowledge table.",
                where="table knowledge",
                fix="Import a file whose mapping feeds the table 'knowledge'.",
            )
        return Knowledge(self._workspace.read(KNOWLEDGE), self._titles())

    def _titles(self) -> dict[str, str]:
        """The name of each style: what its variants' titles begin with."""
        if not self._workspace.has(VARIANTS):
            return {}
        variants = self._workspace.read(VARIANTS)
        if "title" not in variants:
            return {}
        named = variants.dropna(subset="title").groupby("style_id", sort=True)["title"]
        return {str(style): _common(titles) for style, titles in named}

    def _style_of(self) -> dict[str, str]:
        if not self._workspace.has(VARIANTS):
            return {}
        variants = self._workspace.read(VARIANTS)
        return dict(zip(variants["variant_id"], variants["style_id"], strict=True))

    def _ordered(self) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
        """(N,) customers, ascending, and (N,) styles that they ordered."""
        if not self._workspace.has(ORDERS):
            return np.array([], dtype=object), np.array([], dtype=object)
        orders = self._workspace.read(ORDERS)
        bought = orders.loc[orders["quantity"] > 0, ["customer_id", "variant_id"]]
        bought["style_id"] = bought["variant_id"].map(self._styles.now())
        lines = bought.dropna().drop_duplicates(["customer_id", "style_id"])
        lines = lines.sort_values("customer_id", kind="stable")
        columns = (lines[name].to_numpy(dtype=object) for name in ("customer_id", "style_id"))
        customers, styles = columns
        return customers, styles


NOTHING: Final = {
    "code": "empty.no_answer",
    "text": "No entry answers this question; hand it to a person.",
}


class _Kept(Generic[T]):
    """What is made of some tables, made again once one of them is another."""

    def __init__(
        self, workspace: Workspace, tables: Sequence[Table], make: Callable[[], T]
    ) -> None:
        self._paths = [workspace.path(table) for table in tables]
        self._make = make
        self._held: tuple[object, T] | None = None
        self._making = threading.Lock()

    def now(self) -> T:
        with self._making:
            stamps = [path.stat() if path.is_file() else None for path in self._paths]
            version = [one and (one.st_mtime_ns, one.st_size, one.st_ino) for one in stamps]
            if self._held is None or self._held[0] != version:
                self._held = version, self._make()
            return self._held[1]


def _common(titles: pd.Series) -> str:
    """What the titles of a style's variants begin with, whole words of it."""
    ordered = sorted(titles.astype(str).unique())
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*ordered, strict=False))
    shared = "".join(letters[0] for letters in alike)
    if len(ordered) > 1 and shared and shared[-1].isalnum():
        shared = shared.rpartition(" ")[0]
    return shared.strip(" ,;:-/")


def _line(rank: int, found: Found) -> dict[str, Any]:
    return {
        "rank": rank,
        "answer_id": found.answer_id,
        "question": found.question,
        "answer": found.answer,
        "style_id": found.style_id,
        "language": found.language,
        "score": found.score,
        "own": found.own,
    }

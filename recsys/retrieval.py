"""Retrieval: the best of very many variants for one customer, by an index if it earns its place.

Candidates are measured at the training on a sample of the customers; `chosen` then decides from
the figures alone. An approximate index is used only where it finds at least `LEAST_RECALL` of the
true best 20 and takes at most half of the exact search's time. The figures go to the manifest; the
index is built anew when the model is loaded (see `recsys.index`), and is the one measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from time import process_time
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recsys.index import Index, Kind
from recsys.interactions import Interactions
from recsys.model import Factorized, Model, Run, put_last
from recsys.ranked import Ranked
from recsys.ranking import top

LEAST_RECALL: Final = 0.99
"""Recall@20 against exact search that an index must reach."""

LEAST_GAIN: Final = 2.0
"""How many times faster than exact search an index must be: less is not worth its memory."""

SMALL: Final = 20_000
"""Variants up to which nothing is measured: exact search takes less than half a millisecond."""

MEASURED_AT: Final = 20
"""Length of the lists that recall is measured on."""

SAMPLE: Final = 256
"""Customers that a measurement takes."""

TRIED: Final[Mapping[Kind, Sequence[int]]] = {
    "flat": (0,),
    "ivf": (8, 16, 32, 64, 128),
    "hnsw": (64, 128, 256),
}
"""Kinds of index, and the parameters of each that are measured."""

_MOST_GRAPH: Final = 200_000
"""Variants up to which a graph is tried; one core links a few thousand a second."""

_MOST_FETCHED: Final = 0.05
"""Part of the catalogue beyond which exact search costs less than fetching from an index."""

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One way to search, as measured.

    Attributes:
        kind: exact: one product and `top`; flat: FAISS's own; ivf: inverted lists; hnsw: a graph.
        parameter: nprobe of ivf, efSearch of hnsw; 0 where there is none.
        recall: part of the true best 20 that it found, mean over the sample.
        milliseconds: CPU time of a query, one at a time on one thread.
    """

    kind: Kind | Literal["exact"]
    parameter: int
    recall: float
    milliseconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """How a model's variants are searched, and why.

    Attributes:
        used: the way chosen.
        measured: all that were measured, exact first; empty where nothing was.
        queries: customers that the measurement took.
        reason: the decision in a sentence.
    """

    used: Measured
    measured: tuple[Measured, ...]
    queries: int
    reason: str

    def to_json(self) -> dict[str, Any]:
        """For the manifest; `from_json` reads it back."""
        return asdict(self) | {"measured": [asdict(each) for each in self.measured]}

    @classmethod
    def from_json(cls, columns: Mapping[str, Any]) -> Self:
        """The retrieval that `to_json` wrote."""
        return cls(
            used=Measured(**columns["used"]),
            measured=tuple(Measured(**each) for each in columns["measured"]),
            queries=columns["queries"],
            reason=columns["reason"],
        )


EXACT: Final = Measured(kind="exact", parameter=0, recall=1.0, milliseconds=0.0)


def chosen(measured: Sequence[Measured], queries: int) -> Retrieval:
    """The fastest way that finds enough and is worthwhile; else the exact one.

    Args:
        measured: the exact search first, then the others.
        queries: customers that the measurement took.
    """
    exact = measured[0]
    able = [each for each in measured[1:] if each.recall >= LEAST_RECALL]
    best = min(able, key=lambda each: each.milliseconds, default=exact)
    if best.milliseconds * LEAST_GAIN <= exact.milliseconds and best is not exact:
        reason = (
            f"{best.kind} found {best.recall:.1%} of the best {MEASURED_AT} in "
            f"{best.milliseconds:.2f} ms, where exact took {exact.milliseconds:.2f} ms."
        )
        return Retrieval(used=best, measured=tuple(measured), queries=queries, reason=reason)
    reason = (
        f"No index found {LEAST_RECALL:.0%} of the best {MEASURED_AT} at least {LEAST_GAIN:g} "
        f"times faster than exact search's {exact.milliseconds:.2f} ms."
    )
    return Retrieval(used=exact, measured=tuple(measured), queries=queries, reason=reason)


def measure(
    users: NDArray[np.float32],
    items: NDArray[np.float32],
    *,
    small: int = SMALL,
    clock: Clock = process_time,
) -> Retrieval:
    """Measure every way to search on a sample of customers and choose one.

    Args:
        users: (Q, F) float32, the customers' vectors, at least one; `SAMPLE` of them are plenty.
        items: (V, F) float32, vectors of the variants that are known.
        small: variants up to which exact search is chosen without a measurement.
        clock: seconds of CPU; only differences count.
    """
    if len(items) <= small:
        reason = f"{len(items):,} variants are few enough to look at each."
        return Retrieval(used=EXACT, measured=(), queries=0, reason=reason)
    k, known = min(MEASURED_AT, len(items)), np.ones(len(items), dtype=bool)
    truth, exact = _timed(Retriever(items, known), users, k, clock)
    measured = [Measured(kind="exact", parameter=0, recall=1.0, milliseconds=exact)]
    for kind, parameters in TRIED.items():
        if kind == "hnsw" and len(items) > _MOST_GRAPH:
            continue
        index = Index(kind, items)
        for parameter in parameters:
            found, milliseconds = _timed(Retriever(items, known, index, parameter), users, k, clock)
            hits = [len(np.intersect1d(*pair)) for pair in zip(truth, found, strict=True)]
            recall = float(np.mean(hits)) / k
            measured.append(
                Measured(kind=kind, parameter=parameter, recall=recall, milliseconds=milliseconds)
            )
    return chosen(measured, len(users))


def retrieval_of(model: Model, interactions: Interactions, run: Run) -> Retrieval | None:
    """How a fitted model's variants are best searched, measured on customers drawn by the seed.

    Args:
        model: fitted; one whose score is no product of two vectors is always searched exactly.
        interactions: what it was fitted on.
        run: the seed of the draw.

    Returns:
        None where there is nothing to choose.
    """
    if not isinstance(model, Factorized) or not model.known.any():
        return None
    customers = len(interactions.customers)
    drawn = np.random.default_rng(run.seed).permutation(customers)[:SAMPLE]
    histories = interactions.take(np.sort(drawn))
    return measure(model.vectors(histories), model.variant_vectors()[model.known])


class Retriever:
    """The best variants for one customer's vector, in the way that was chosen.

    Args:
        items: (V, F) float32, every variant's vector.
        known: (V,) bool, see `recsys.model.Factorized.known`.
        index: an index of the known variants' vectors; without it, every search is exact.
        parameter: the index's, see `Measured`.
    """

    def __init__(
        self,
        items: NDArray[np.float32],
        known: NDArray[np.bool_],
        index: Index | None = None,
        parameter: int = 0,
    ) -> None:
        self._items = items
        self._known = known
        self._columns = np.flatnonzero(known)
        self._index = index
        self._parameter = parameter

    @classmethod
    def of(cls, items: NDArray[np.float32], known: NDArray[np.bool_], retrieval: Retrieval) -> Self:
        """The way that was chosen when the model was trained; builds its index."""
        kind = retrieval.used.kind
        index = None if kind == "exact" else Index(kind, items[known])
        return cls(items, known, index, retrieval.used.parameter)

    def best(
        self, user: NDArray[np.float32], k: int, shown: NDArray[np.bool_] | None = None
    ) -> Ranked:
        """One list: k variants that may be shown wherever k exist.

        More are fetched from an index than are asked for, the more the fewer may be shown; where
        too few of them may be, the answer is that of exact search.

        Args:
            user: (F,) float32.
            k: how many at most, 1 or more.
            shown: (V,) bool, what may be shown to this customer; without it, every variant.

        Raises:
            BadRequest: k is below 1.
            RecsysError: a score is NaN or infinite.
        """
        fetched = self._fetched(user, k, shown)
        if fetched is not None:
            ranked = top((self._items[fetched] @ user)[None], k)
            variants = fetched[ranked.variants].astype(np.int32)
            return Ranked(ranked.offsets, variants, ranked.scores)
        scores = (self._items @ user)[None]
        put_last(scores, self._known)
        return top(scores, k, shown)

    def _fetched(
        self, user: NDArray[np.float32], k: int, shown: NDArray[np.bool_] | None
    ) -> NDArray[np.int64] | None:
        """Positions of k or more variants that may be shown, ascending; None if exact is due."""
        if self._index is None or k < 1:
            return None
        room = len(self._columns) if shown is None else int(shown[self._columns].sum())
        count = 2 * k * len(self._columns) // max(room, 1)
        if count > _MOST_FETCHED * len(self._columns):
            return None
        found = self._columns[self._index.near(count, self._parameter, user)]
        found = np.sort(found if shown is None else found[shown[found]])
        return found if len(found) >= k else None


def _timed(
    retriever: Retriever, users: NDArray[np.float32], k: int, clock: Clock
) -> tuple[list[NDArray[np.int32]], float]:
    """The variants of each customer's list, and the milliseconds that one took."""
    with threadpool_limits(1, user_api="blas"):
        begun = clock()
        found = [retriever.best(user, k).variants for user in users]
        return found, (clock() - begun) / len(users) * 1e3

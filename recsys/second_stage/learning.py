"""Learning to rank: trees on the examples of past origins, tried on customers held back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.bootstrap import interval, resampled_means
from recsys.evaluation.metrics import ndcg
from recsys.model import Run
from recsys.second_stage.examples import Examples
from recsys.second_stage.trees import Trees, TreesSettings

K: Final = 20
"""Length of the lists that the trial judges by."""

HELD_BACK: Final = 4
"""One of so many customers is held back from the trial's trees."""

FEWEST: Final = 30
"""Customers held back with a purchase below which a trial says nothing."""

SHOWN: Final = 8
"""Features that a fit's facts name."""

UNTAKEN: Final = 4
"""One of so many candidates that were not taken is learned from, and counts for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How the second stage did on customers that it had not learned from.

    Attributes:
        customers: how many, with a purchase in the horizon of the latest origin.
        first: mean NDCG@20 of the first stage alone.
        second: mean NDCG@20 of the second stage on the same candidates.
        low: where the mean difference lies at least, with 95 % (paired bootstrap over customers).
        high: where it lies at most.
    """

    customers: int
    first: float
    second: float
    low: float
    high: float

    @property
    def won(self) -> bool:
        """Whether the second stage is better beyond doubt; only then does it rank."""
        return self.low > 0

    def to_json(self) -> dict[str, object]:
        """The trial as JSON would hold it."""
        return {**asdict(self), "won": self.won}


def grow(
    examples: Sequence[Examples],
    settings: TreesSettings,
    run: Run,
    *,
    without: NDArray[np.bool_] | None = None,
) -> Trees:
    """Trees on all examples, or without those of some customers.

    Args:
        examples: of each origin.
        settings: hyperparameters of the trees.
        run: seed and threads.
        without: (U,) bool, customers to leave out.
    """
    random = np.random.default_rng(run.seed)
    features, taken = [], []
    for each in examples:
        keep = each.taken | (random.random(len(each.taken)) < 1 / UNTAKEN)
        if without is not None:
            keep &= ~without[each.customer]
        features.append(each.features[keep])
        taken.append(each.taken[keep])
    said = np.concatenate(taken)
    weight = np.where(said, 1, UNTAKEN).astype(np.float32)
    return Trees.grow(np.concatenate(features), said, weight, settings, run)


def try_out(
    examples: Sequence[Examples], settings: TreesSettings, run: Run, *, origin: int
) -> Trial | None:
    """A trial at one origin, on customers whose examples no tree of it has seen at any origin.

    Args:
        examples: of each origin.
        settings: hyperparameters of the trees.
        run: seed and threads.
        origin: which of the examples is judged on.

    Returns:
        None where too few customers are left to say anything.
    """
    customers = len(examples[origin].wanted)
    held_back = np.random.default_rng(run.seed).integers(HELD_BACK, size=customers) == 0
    judged = examples[origin]
    mine = held_back[judged.customer]
    if len(np.unique(judged.customer[mine])) < FEWEST or not any(
        each.taken[~held_back[each.customer]].any() for each in examples
    ):
        return None
    trees = grow(examples, settings, run, without=held_back)
    customer, taken = judged.customer[mine], judged.taken[mine]
    wanted = judged.wanted[np.unique(customer)]
    first = ndcg_of(judged.blend[mine], customer, taken, wanted)
    second = ndcg_of(trees.score(judged.features[mine]), customer, taken, wanted)
    spread = interval(resampled_means((second - first)[:, None], seed=run.seed)[:, 0])
    return Trial(
        customers=len(wanted),
        first=float(first.mean()),
        second=float(second.mean()),
        low=spread.low,
        high=spread.high,
    )


def ndcg_of(
    score: NDArray[np.float32],
    customer: NDArray[np.int64],
    taken: NDArray[np.bool_],
    wanted: NDArray[np.int64],
) -> NDArray[np.float64]:
    """(n,) NDCG@20 of each customer's candidates; what is no candidate is never found.

    Args:
        score: (M,) by which they are ranked; ties by position.
        customer: (M,) whose, ascending.
        taken: (M,) whether it was bought.
        wanted: (n,) how many variants each customer bought, candidates or not; 1 or more.
    """
    order = np.lexsort((-score, customer))
    _, row, counts = np.unique(customer, return_inverse=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    hits = np.zeros((len(counts), K), dtype=bool)
    shown = place < K
    hits[row[shown], place[shown]] = taken[order][shown]
    return ndcg(hits, wanted)


def told(trees: Trees | None, trial: Trial | None, names: Sequence[str]) -> Mapping[str, object]:
    """What a person should know: whether the second stage ranks, the trial, the chief features.

    Args:
        trees: what ranks; None where the first stage stands alone.
        trial: how they did; None where there was none.
        names: (F,) of the features.
    """
    facts: dict[str, object] = {
        "second_stage": trees is not None and trial is not None,
        "trial": None if trial is None else trial.to_json(),
    }
    if trees is not None and trial is not None:
        gains = trees.gains()
        largest = np.argsort(-gains, kind="stable")[:SHOWN]
        facts["features"] = {names[n]: round(float(gains[n]), 3) for n in largest}
    return facts


def trial_state(trial: Trial | None) -> NDArray[np.generic]:
    """A trial, or that there was none, as bytes of JSON."""
    told = None if trial is None else trial.to_json()
    return np.frombuffer(json.dumps(told).encode(), dtype=np.uint8)


def restored_trial(state: NDArray[np.generic]) -> Trial | None:
    """The trial of `trial_state`."""
    told = json.loads(state.astype(np.uint8).tobytes())
    if told is None:
        return None
    del told["won"]  # it follows from the rest
    return Trial(**told)

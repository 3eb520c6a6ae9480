"""The reward model: what a variant earns at a place, by ridge regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.evaluation.policy.log import Places, Task

SHRINKAGE: Final = 20.0
"""The ridge: a place or variant seen so often stands half-way between the mean and its own."""

FOLDS: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class RewardModel:
    """reward = mean + effect of the place + effect of the variant.

    Attributes:
        mean: of all rewards.
        place: (P,) float64, each place's effect, from 0.
        variant: (V,) float64, each variant's effect.
    """

    mean: float
    place: NDArray[np.float64]
    variant: NDArray[np.float64]

    def predict(self, places: Places) -> NDArray[np.float64]:
        """(n,) float64: what each place is expected to earn."""
        found = self.mean + self.place[places.position - 1] + self.variant[places.variant]
        return np.asarray(found, dtype=np.float64)


def fit_rewards(
    places: Places, reward: NDArray[np.float64], *, positions: int, variants: int
) -> RewardModel:
    """The least squares with a ridge on both effects.

    The variants' block of the normal equations is diagonal, so what remains is one dense system
    as large as a list is long (its Schur complement): O(n + positions² · variants).

    Args:
        places: n places that were shown, at least 1.
        reward: (n,) what each earned.
        positions: P, places of the longest list.
        variants: V, how many variants there are.
    """
    mean = float(reward.mean())
    apart, row = reward - mean, places.position - 1
    ones = np.ones(len(row))
    shared = sparse.csr_array((ones, (row, places.variant)), shape=(positions, variants))
    by_place = np.bincount(row, minlength=positions) + SHRINKAGE
    by_variant = np.bincount(places.variant, minlength=variants) + SHRINKAGE
    sum_place = np.bincount(row, weights=apart, minlength=positions)
    sum_variant = np.bincount(places.variant, weights=apart, minlength=variants)
    scaled = shared @ sparse.diags_array(1 / by_variant)  # (P, V)
    left = np.diag(by_place) - (scaled @ shared.T).toarray()
    right = sum_place - scaled @ sum_variant
    place = np.linalg.solve(left, right).astype(np.float64)
    variant = (sum_variant - shared.T @ place) / by_variant
    return RewardModel(mean, place, variant)


def cross_fitted(task: Task) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What is expected of the places, by models that saw none of the same customers' lists.

    Returns:
        (M,) float64 for what was shown, and (T,) float64 for the policy.
    """
    positions = int(max(task.logged.position.max(), task.judged.position.max()))
    variants = int(max(task.logged.variant.max(), task.judged.variant.max())) + 1
    fold = task.customer % FOLDS
    of_logged, of_judged = fold[task.logged.of], fold[task.judged.of]
    logged, judged = np.empty(len(task.logged)), np.empty(len(task.judged))
    for held in np.unique(fold).tolist():
        others = of_logged != held
        seen = others if others.any() else ~others  # of one fold alone
        model = fit_rewards(
            _taken(task.logged, seen), task.reward[seen], positions=positions, variants=variants
        )
        here, there = of_logged == held, of_judged == held
        logged[here] = model.predict(_taken(task.logged, here))
        judged[there] = model.predict(_taken(task.judged, there))
    return logged, judged


def _taken(places: Places, mask: NDArray[np.bool_]) -> Places:
    return Places(of=places.of[mask], position=places.position[mask], variant=places.variant[mask])

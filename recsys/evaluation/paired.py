"""Models over the same customers: means with intervals, and each one's difference to another.

The customers of several origins overlap, so a customer who is drawn is drawn at every origin at
which they bought (a cluster bootstrap; Field and Welsh 2007), and a customer's differences change
sign together in the randomisation test. At one origin this is the plain paired bootstrap and test.
The intervals say how far the customers' luck reaches; that other weeks might differ more than
these origins do they cannot know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.accuracy import FIGURES, Measured
from recsys.evaluation.bootstrap import Interval, interval, resampled_means, sign_flip_p

PAIRED: Final = ("recall", "ndcg")
"""The figures of which differences are told."""

_NOTHING: Final = 1e-12  # less than one hit among any number of customers; no ratio to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """One figure of a model beside another's, over the same customers.

    Attributes:
        difference: the model's mean less the other's.
        interval: where it lies.
        ratio: the model's mean over the other's; None where the other's is 0.
        ratio_interval: where it lies; None with the ratio.
        p: two-sided p-value of the paired sign-flip test (`bootstrap.sign_flip_p`).
    """

    difference: float
    interval: Interval
    ratio: float | None
    ratio_interval: Interval | None
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far a model lies above the reference.

    Attributes:
        reference: the other model. Where none was asked for it is the best but the default by
            NDCG in this slice; it is chosen on these very customers, which flatters it, so that
            a difference to it is rather too small than too large.
        figures: by name of the figure (`recall`, `ndcg`).
    """

    reference: str
    figures: Mapping[str, Paired]

    @property
    def recall(self) -> float:
        """Mean difference of recall."""
        return self.figures["recall"].difference

    @property
    def recall_interval(self) -> Interval:
        """Where the difference of recall lies."""
        return self.figures["recall"].interval

    @property
    def ndcg(self) -> float:
        """Mean difference of NDCG."""
        return self.figures["ndcg"].difference

    @property
    def ndcg_interval(self) -> Interval:
        """Where the difference of NDCG lies."""
        return self.figures["ndcg"].interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """Mean figures of several models over the origins, each origin weighing the same.

    Attributes:
        models: (m,) names.
        means: (m, figures) float64, the columns as in `FIGURES`.
        draws: (draws, m, figures) float64, the same of resampled customers.
        parts: (n, m, figures) float64, what each customer adds to the means.
        seed: of the draws, and of the signs.
    """

    models: tuple[str, ...]
    means: NDArray[np.float64]
    draws: NDArray[np.float64]
    parts: NDArray[np.float64]
    seed: int

    @classmethod
    def of(cls, measured: Sequence[Measured], *, seed: int) -> Self:
        """The means over one slice of one or more origins; the models are those of all.

        Args:
            measured: the slice at each origin, at least one.
            seed: of the draws; all models share them.
        """
        models = tuple(
            name for name in measured[0].values if all(name in each.values for each in measured)
        )
        shape = (len(models), len(FIGURES))
        people = np.unique(np.concatenate([each.customers for each in measured]))
        origins = [_placed(each, models, people) for each in measured]  # (n, 1 + m · figures) each
        width = origins[0].shape[1]
        drawn = resampled_means(np.hstack(origins), seed=seed).reshape(-1, len(measured), width)
        there = drawn[:, :, :1]  # the share of the drawn customers who bought at each origin
        shares = np.divide(
            drawn[:, :, 1:],
            there,
            out=np.full((len(drawn), len(measured), width - 1), np.nan),
            where=there > 0,
        )
        weights = [1.0 / (len(each.customers) * len(measured)) for each in measured]
        parts = np.sum(
            [weight * rows[:, 1:] for weight, rows in zip(weights, origins, strict=True)], axis=0
        )
        means = [np.stack([each.values[name].mean(axis=0) for name in models]) for each in measured]
        return cls(
            models=models,
            means=np.mean(means, axis=0),
            draws=shares.mean(axis=1).reshape(-1, *shape),
            parts=parts.reshape(-1, *shape),
            seed=seed,
        )

    def figures(self, model: str) -> dict[str, float]:
        """The means of one model, by figure."""
        return dict(zip(FIGURES, self.means[self.models.index(model)].tolist(), strict=True))

    def intervals(self, model: str) -> dict[str, Interval]:
        """Where they lie, by figure."""
        drawn = self.draws[:, self.models.index(model)]
        return {name: interval(drawn[:, place]) for place, name in enumerate(FIGURES)}

    def best_but(self, without: str) -> str | None:
        """The model with the highest NDCG apart from one; None where there is no other."""
        ndcg = self.means[:, FIGURES.index("ndcg")]
        others = [
            (float(value), name)
            for name, value in zip(self.models, ndcg, strict=True)
            if name != without
        ]
        return max(others)[1] if others else None

    def differences(self, reference: str) -> dict[str, Difference]:
        """By model, each other model less the reference."""
        against = self.models.index(reference)
        chosen = [FIGURES.index(name) for name in PAIRED]
        parts = (self.parts - self.parts[:, [against]])[:, :, chosen]
        p = sign_flip_p(parts.reshape(len(parts), -1), seed=self.seed).reshape(parts.shape[1:])
        return {
            name: Difference(
                reference=reference,
                figures={
                    figure: self._paired(place, against, column, float(p[place, number]))
                    for number, (figure, column) in enumerate(zip(PAIRED, chosen, strict=True))
                },
            )
            for place, name in enumerate(self.models)
            if name != reference
        }

    def _paired(self, model: int, reference: int, figure: int, p: float) -> Paired:
        mine, other = self.means[model, figure], self.means[reference, figure]
        drawn, others = self.draws[:, model, figure], self.draws[:, reference, figure]
        some = bool((others > _NOTHING).any()) and other > _NOTHING
        ratios = np.divide(drawn, others, out=np.full_like(drawn, np.nan), where=others > _NOTHING)
        return Paired(
            difference=float(mine - other),
            interval=interval(drawn - others),
            ratio=float(mine / other) if some else None,
            ratio_interval=interval(ratios) if some else None,
            p=p,
        )


def _placed(
    measured: Measured, models: Sequence[str], people: NDArray[np.object_]
) -> NDArray[np.float64]:
    """(n, 1 + m · figures) float64: 1 and all figures of who bought at this origin, 0 elsewhere."""
    rows = np.zeros((len(people), 1 + len(models) * len(FIGURES)))
    place = np.searchsorted(people, measured.customers)
    rows[place, 0] = 1.0
    rows[place, 1:] = np.hstack([measured.values[name] for name in models])
    return rows

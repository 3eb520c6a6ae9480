"""How much the bad tail weighs, and what that makes of a loss in N equally likely draws.

The value of losses l is (1 - w) E[l] + w CVaR_a[l], where the conditional value at risk at the
level a is the mean of the worst 1 - a of them (Rockafellar and Uryasev 2000). It is also the most
that q'l can be over draws' weights q (Artzner et al. 1999; Rockafellar and Uryasev 2002), each
between (1 - w) / N and (1 - w) / N + w / ((1 - a) N), which sum to one: the envelope.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HALVINGS: Final = 60
"""Times that the place of a projection is halved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aversion:
    """How much the bad tail weighs.

    Attributes:
        weight: of the tail against the mean, 0 to 1.
        level: the tail is the worst 1 - level of the draws; at least 0, below 1.
    """

    weight: float
    level: float

    def bounds(self, count: int) -> tuple[float, float]:
        """The least and the most that one of `count` draws can weigh."""
        least = (1.0 - self.weight) / count
        return least, min(least + self.weight / ((1.0 - self.level) * count), 1.0)

    def value(self, losses: Floats) -> float:
        """(1 - w) mean + w CVaR of (N,) losses.

        >>> Aversion(weight=0.5, level=0.5).value(np.array([0.0, 2.0, 4.0, 6.0]))
        4.0
        """
        tail = tail_mean(losses, self.level)
        return (1.0 - self.weight) * float(losses.mean()) + self.weight * tail

    def worst(self, losses: Floats) -> Floats:
        """(N,) the weights of the envelope under which (N,) losses are worth most."""
        least, _ = self.bounds(len(losses))
        return least + self.weight * tail_weights(losses, self.level)

    def nearest(self, weights: Floats) -> Floats:
        """(N,) the weights of the envelope nearest to any (N,) weights."""
        least, most = self.bounds(len(weights))
        low, high = float(weights.min()) - most, float(weights.max()) - least
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if np.clip(weights - middle, least, most).sum() > 1.0:
                low = middle
            else:
                high = middle
        found = np.clip(weights - (low + high) / 2, least, most)
        nearest: Floats = found / found.sum()
        return nearest


def tail_weights(losses: Floats, level: float) -> Floats:
    """(N,) weights, summing to one, of the worst 1 - level of (N,) losses; ties by place.

    The last draw of the tail counts in part where 1 - level of the draws is no whole number.
    """
    size = round((1.0 - level) * len(losses), 9)
    order = np.argsort(-losses, kind="stable")
    within = np.clip(size - np.arange(len(losses)), 0.0, 1.0)
    weights = np.zeros(len(losses))
    weights[order] = within / within.sum()
    return weights


def tail_mean(losses: Floats, level: float) -> float:
    """The mean of the worst 1 - level of (N,) losses.

    >>> round(tail_mean(np.arange(10.0), 0.75), 9)  # of 9, 8 and half of 7
    8.2
    """
    return float(tail_weights(losses, level) @ losses)


def tail_mean_error(losses: Floats, level: float) -> float:
    """Standard error of `tail_mean` for independent draws (Trindade et al. 2007).

    The spread of t + (l - t)+ / (1 - level), t the value at risk, over the root of N.
    """
    at = float(np.quantile(losses, level))
    above = np.maximum(losses - at, 0.0) / (1.0 - level)
    return float(above.std() / np.sqrt(len(losses)))

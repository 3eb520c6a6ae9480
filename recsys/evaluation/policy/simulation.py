"""Simulated logs of served lists, of a market whose answers are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.policy.log import Places, Task

Floats = NDArray[np.float64]

GROUPS: Final = 3
PLACES: Final = 4
VARIANTS: Final = 12
LISTS_EACH: Final = 2
_LIVELY: Final = (0.6, 1.4)  # how much more or less than others a customer responds, evenly drawn


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shop:
    """Customers of several groups who respond to what a place shows.

    Attributes:
        reward: (G, P, V) float64, chance of a response, of a customer as lively as the mean.
        logging: (G, P, V) float64, chance that the logging policy shows a variant at a place.
        judged: (G, P, V) float64, the same for the policy to be judged.
    """

    reward: Floats
    logging: Floats
    judged: Floats

    @property
    def truth(self) -> float:
        """What the judged policy earns, a list."""
        return float((self.judged * self.reward).sum() / GROUPS)

    def log(
        self,
        customers: int,
        random: np.random.Generator,
        *,
        stated: Floats | None = None,
    ) -> Task:
        """A log of `LISTS_EACH` lists for each customer, beside the policy to be judged.

        Args:
            customers: how many, at least 2.
            random: the only source of randomness.
            stated: (G, P, V) the propensities that are logged; without them, the true ones.
        """
        customer = np.repeat(np.arange(customers), LISTS_EACH)
        group = random.integers(GROUPS, size=customers)[customer]
        lively = random.uniform(*_LIVELY, size=customers)[customer]
        lists = len(customer)
        chances = self.logging[group].cumsum(axis=2)  # (L, P, V)
        drawn = random.random((lists, PLACES, 1)) * chances[:, :, -1:]
        variant = (drawn > chances).sum(axis=2)  # (L, P)
        of, place = np.divmod(np.arange(lists * PLACES), PLACES)
        at = (group[of], place, variant.ravel())
        responded = random.random(len(of)) < self.reward[at] * lively[of]
        row, column, shown = np.nonzero(self.judged[group])
        return Task(
            customer=customer,
            logged=Places(of=of, position=place + 1, variant=variant.ravel()),
            propensity=(self.logging if stated is None else stated)[at],
            reward=responded.astype(np.float64),
            judged=Places(of=row, position=column + 1, variant=shown),
            probability=self.judged[group][row, column, shown],
        )


def shop(seed: int, *, additive: bool) -> Shop:
    """A market drawn from a seed.

    Args:
        seed: the only source of randomness.
        additive: a response depends on the place and the variant alone, as the reward model has
            it; otherwise each group likes other variants.
    """
    random = np.random.default_rng(seed)
    place = np.linspace(0.1, 0.0, PLACES)[None, :, None]
    liked = random.uniform(0.02, 0.3, size=(1 if additive else GROUPS, 1, VARIANTS))
    reward = np.broadcast_to(0.02 + place + liked, (GROUPS, PLACES, VARIANTS))
    ranked = random.normal(size=(GROUPS, 1, VARIANTS)) + np.zeros((1, PLACES, 1))
    wanted = random.normal(size=(GROUPS, PLACES, VARIANTS))
    return Shop(
        reward=np.ascontiguousarray(reward),
        logging=_chances(ranked, even=0.2),
        judged=_chances(2 * wanted, even=0.0),
    )


def _chances(utility: Floats, *, even: float) -> Floats:
    """(G, P, V) a softmax over variants, mixed with even chances."""
    likely: Floats = np.exp(utility)
    chances: Floats = (1 - even) * likely / likely.sum(axis=2, keepdims=True)
    chances += even / utility.shape[2]
    return chances

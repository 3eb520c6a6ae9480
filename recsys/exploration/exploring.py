"""Exploring: a ranked list whose drawn places show candidates from below it.

Which places explore is drawn evenly from those that may, and which candidates they show by
`recsys.exploration.thompson`; every other place shows what the ranking puts there. So each place
has one law, written down with what was shown: of A places that may explore E do, the ranking's
variant keeps its place with the chance 1 - E/A, and a candidate stands at any one of the places
with its chance to be tried over A.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.exploration.beliefs import Beliefs
from recsys.exploration.settings import ExploreSettings
from recsys.exploration.thompson import pick
from recsys.lists.recommendation import Note, Recommendation, RecommendationList

POLICY: Final = "thompson"
"""Name of the policy in the log of served lists."""

_ROUNDING: Final = 1e-9  # .2 of 15 places are 3, although the product of floats is below


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explored:
    """A list as it is shown, and by which chances.

    Attributes:
        found: the list.
        propensity: (n,) float64, each place's chance to show what it shows.
        tried: ranks of the places that explore, ascending.
    """

    found: RecommendationList
    propensity: NDArray[np.float64]
    tried: tuple[int, ...]


def random_of(seed: int, customer_id: str, number: str) -> np.random.Generator:
    """The randomness of one list: the same for the same seed, customer and list number."""
    text = f"{seed}\x1f{customer_id}\x1f{number}".encode("utf-8", "surrogatepass")
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text).digest(), "big"))


def wide(k: int, settings: ExploreSettings) -> int:
    """How long a ranking must be asked for, so that a list of k has candidates below it."""
    return k * (1 + settings.candidates) if settings.share > 0 else k


def explore(
    ranking: RecommendationList,
    k: int,
    *,
    beliefs: Beliefs,
    settings: ExploreSettings,
    random: np.random.Generator,
) -> Explored:
    """The list of k places that is shown.

    Args:
        ranking: the model's ranking, as long as `wide` says where so many may be shown.
        k: places of the list, 1 or more.
        beliefs: what is known of responses.
        settings: how much explores.
        random: the only source of randomness, see `random_of`.
    """
    shown = list(ranking.recommendations[:k])
    candidates = ranking.recommendations[k:]
    may = np.arange(0 if settings.first else 1, len(shown))
    size = min(int(settings.share * len(shown) + _ROUNDING), len(candidates), len(may))
    propensity = np.ones(len(shown))
    if size < 1:
        return Explored(
            found=replace(ranking, recommendations=tuple(shown)), propensity=propensity, tried=()
        )
    propensity[may] = 1 - size / len(may)
    names = [one.variant_id for one in candidates]
    alpha, beta = beliefs.posterior(names, np.array([one.score for one in candidates]))
    picked, chances = pick(alpha, beta, size, uniform=settings.uniform, random=random)
    places = np.sort(random.choice(may, size, replace=False))
    for place, candidate in zip(places.tolist(), picked.tolist(), strict=True):
        shown[place] = _at(candidates[candidate], place + 1)
        propensity[place] = chances[candidate] / len(may)
    ranks = tuple(place + 1 for place in places.tolist())
    found = replace(ranking, recommendations=tuple(shown), notes=(*ranking.notes, _told(ranks)))
    return Explored(found=found, propensity=propensity, tried=ranks)


def _at(one: Recommendation, rank: int) -> Recommendation:
    return replace(one, rank=rank)


def _told(ranks: tuple[int, ...]) -> Note:
    places = ", ".join(map(str, ranks))
    text = f"These places try what little is known of: {places}."
    return Note(code="explored", text=text)

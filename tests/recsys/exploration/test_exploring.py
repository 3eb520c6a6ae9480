"""Exploration: lists that try something, and the chances that are written down."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from recsys.exploration.beliefs import NO_BELIEFS, PRIOR_RATE, Beliefs
from recsys.exploration.exploring import Explored, explore, random_of, wide
from recsys.exploration.settings import ExploreSettings
from recsys.exploration.thompson import pick
from recsys.lists.recommendation import Recommendation, RecommendationList

K = 10
SETTINGS = ExploreSettings(share=0.2, candidates=2)


def ranking(length: int = K * 3) -> RecommendationList:
    return RecommendationList(
        customer_id="c",
        model="blend",
        fallback=None,
        as_of=np.datetime64("2025-01-01", "us"),
        recommendations=tuple(
            Recommendation(
                rank=rank,
                variant_id=f"v{rank:02}",
                style_id=f"s{rank:02}",
                title="",
                score=1 / rank,
                reasons=(),
            )
            for rank in range(1, length + 1)
        ),
    )


def explored(
    number: int, settings: ExploreSettings = SETTINGS, beliefs: Beliefs = NO_BELIEFS
) -> Explored:
    random = random_of(0, "c", str(number))
    return explore(ranking(), K, beliefs=beliefs, settings=settings, random=random)


def shown(found: Explored) -> list[str]:
    return [one.variant_id for one in found.found.recommendations]


def test_lists_explore_no_more_than_their_share_and_never_the_first_place() -> None:
    assert wide(K, SETTINGS) == 30
    for number in range(50):
        found = explored(number)
        names = shown(found)
        changed = [rank for rank, name in enumerate(names, 1) if name != f"v{rank:02}"]
        assert tuple(changed) == found.tried
        assert len(changed) == 2
        assert 1 not in changed
        assert len(set(names)) == K
        assert [one.rank for one in found.found.recommendations] == list(range(1, K + 1))
        assert found.found.notes[-1].code == "explored"
    first = [explored(n, ExploreSettings(share=0.5, first=True)).tried[0] for n in range(30)]
    assert 1 in first


def test_without_a_share_or_candidates_the_list_is_the_models() -> None:
    assert wide(K, ExploreSettings()) == K
    for settings, length in ((ExploreSettings(), 30), (SETTINGS, K), (SETTINGS, 3)):
        found = explore(
            ranking(length),
            K,
            beliefs=NO_BELIEFS,
            settings=settings,
            random=random_of(0, "c", "1"),
        )
        assert found.found.recommendations == ranking(length).recommendations[:K]
        assert found.found.notes == ()
        assert (found.propensity == 1).all()
        assert found.tried == ()


def test_a_list_follows_from_seed_customer_and_number() -> None:
    one, again, other = explored(1), explored(1), explored(2)
    assert one.found == again.found
    assert (one.propensity == again.propensity).all()
    assert one.found != other.found
    assert random_of(0, "c", "1").random() != random_of(1, "c", "1").random()
    assert random_of(0, "c", "1").random() != random_of(0, "d", "1").random()


def test_the_chances_of_a_place_sum_to_one() -> None:
    alpha, beta = NO_BELIEFS.posterior([f"v{n}" for n in range(20)], np.linspace(1, 0, 20))
    picked, chances = pick(alpha, beta, 3, uniform=0.1, random=np.random.default_rng(0))
    assert chances.sum() == pytest.approx(3)
    assert chances.min() >= 0.1 * 3 / 20 - 1e-12
    assert chances.max() <= 1
    assert len(set(picked.tolist())) == 3


def test_inverse_propensities_count_every_variant_at_every_place_once() -> None:
    """E[1{v at p} / propensity] is 1 for each that may stand there: so IPS is unbiased."""
    numbers, settings = 3_000, ExploreSettings(share=0.2, candidates=1)
    sums: Counter[tuple[int, str]] = Counter()
    squares: Counter[tuple[int, str]] = Counter()
    for number in range(numbers):
        found = explored(number, settings)
        for place, (name, chance) in enumerate(zip(shown(found), found.propensity, strict=True)):
            sums[place, name] += 1 / chance
            squares[place, name] += 1 / chance**2
    assert len(sums) > 90  # of 1 + 9 · (1 + 10) that may stand somewhere
    for key, total in sums.items():
        mean = total / numbers
        error = np.sqrt(max(squares[key] / numbers - mean**2, 1e-12) / numbers)
        assert abs(mean - 1) < 4.5 * error + 1e-9, key


def test_what_is_responded_to_is_tried_more_often() -> None:
    served = pd.DataFrame(
        {
            "variant_id": np.repeat(["v01", "v25", "v26"], [6000, 300, 300]),
            "position": np.tile([4, 5], 3300),
            "reward": np.r_[np.zeros(6000, int), np.tile([1, 0, 0, 1], 75), np.zeros(300, int)],
        }
    )
    beliefs = Beliefs.of(served)
    found = Counter(name for n in range(200) for name in shown(explored(n, beliefs=beliefs))[1:])
    assert found["v25"] > 150
    assert found["v26"] < 10


def test_beliefs_start_from_the_models_word() -> None:
    assert Beliefs.of(pd.DataFrame({"variant_id": [], "position": [], "reward": []})) is NO_BELIEFS
    alpha, beta = NO_BELIEFS.posterior(["a", "b"], np.array([2.0, 1.0]))
    mean = alpha / (alpha + beta)
    assert mean.mean() == pytest.approx(PRIOR_RATE)
    assert mean[0] > mean[1]
    alike, _ = NO_BELIEFS.posterior(["a", "b"], np.array([1.0, 1.0]))
    assert alike[0] == alike[1]


def test_a_place_at_the_top_is_no_merit() -> None:
    """Of two variants with the same responses, the one that stood lower is thought better."""
    rows = []
    for number in range(400):
        rows.append(("top", 1, number % 4 == 0))
        rows.append(("low", 2, number % 10 == 0))
    rows += [("filler", 1, number % 4 == 0) for number in range(400)]
    frame = pd.DataFrame(rows, columns=["variant_id", "position", "reward"])
    beliefs = Beliefs.of(frame)
    servings = beliefs.counts["servings"]
    assert servings["top"] > servings["low"]
    alpha, beta = beliefs.posterior(["top", "low"], np.array([1.0, 1.0]))
    naive = (100 + 1) / (400 + 1), (40 + 1) / (400 + 1)
    mean = alpha / (alpha + beta)
    assert mean[1] / mean[0] > 2 * naive[1] / naive[0]

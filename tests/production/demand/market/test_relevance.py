from __future__ import annotations

import numpy as np

from production.demand.market.relevance import chances, relevant

WEEKS = 104


def parts(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forty slow and quick factors without any effect, a season, and one that moves demand."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=(WEEKS, 40))
    noise[:, :20] = noise[:, :20].cumsum(axis=0)
    season = np.sin(2 * np.pi * np.arange(WEEKS) / 52)[:, None]
    real = random.normal(size=(WEEKS, 1))
    units = 500 * np.exp(0.3 * season[:, 0] + 0.15 * real[:, 0] + random.normal(0, 0.1, WEEKS))
    return np.hstack([noise, real]), units[None], season


def test_what_moves_demand_is_found_and_little_else() -> None:
    false, found = [], []
    for seed in range(12):
        factors, totals, season = parts(seed)
        kept = relevant(chances(factors, totals, season, np.ones((1, 41), dtype=bool)))
        found.append(kept[-1])
        false.append(kept[:-1].sum())
    assert all(found)
    assert np.mean(false) < 1.5  # of forty


def test_a_seasonal_factor_without_a_say_of_its_own_is_not_chosen() -> None:
    chosen = 0
    for seed in range(10):
        _, totals, season = parts(seed)
        random = np.random.default_rng(100 + seed)
        warmth = season + random.normal(0, 0.1, size=season.shape)
        chance = chances(warmth, totals, season, np.ones((1, 1), dtype=bool))
        chosen += int(chance[0] < 0.05)
    assert chosen <= 2


def test_an_effect_through_the_square_is_found() -> None:
    random = np.random.default_rng(3)
    heat = random.normal(size=(WEEKS, 1))
    units = 300 * np.exp(-0.2 * heat[:, 0] ** 2 + random.normal(0, 0.1, WEEKS))
    empty = np.zeros((WEEKS, 1))
    assert chances(heat, units[None], empty, np.ones((1, 1), dtype=bool))[0] < 0.01


def test_a_factor_is_judged_on_the_groups_that_it_speaks_of() -> None:
    factors, totals, season = parts(2)
    still = np.full_like(totals, 100.0)
    both = np.vstack([totals, still])
    mine = chances(factors[:, -1:], both, season, np.array([[True], [False]]))
    other = chances(factors[:, -1:], both, season, np.array([[False], [True]]))
    assert mine[0] < 0.01
    assert other[0] == 1.0


def test_nothing_to_choose_from_is_fine() -> None:
    assert relevant(np.array([])).tolist() == []

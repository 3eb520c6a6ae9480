from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from production.demand.market.components import learn_components


def correlated(columns: int = 12, rows: int = 80, seed: int = 1) -> np.ndarray:
    """Columns that follow two hidden factors, with a little noise."""
    random = np.random.default_rng(seed)
    hidden = random.normal(size=(rows, 2)) * [1.0, 0.5]
    return hidden @ random.normal(size=(2, columns)) + random.normal(0, 0.05, (rows, columns))


def test_as_many_scores_as_explain_the_share() -> None:
    found = learn_components(correlated(), "auto", 0.95)
    assert found.loadings.shape == (12, 2)
    assert found.explained.sum() > 0.95
    assert learn_components(correlated(), 1, 0.95).loadings.shape == (12, 1)


@given(count=st.integers(1, 12), seed=st.integers(0, 20))
def test_scores_of_the_past_are_uncorrelated_and_say_what_they_explain(
    count: int, seed: int
) -> None:
    past = correlated(seed=seed)
    found = learn_components(past, count, 0.9)
    scores = found.scores(past)
    cross = scores.T @ scores / len(past)
    np.testing.assert_allclose(cross, np.diag(np.diag(cross)), atol=1e-8)
    np.testing.assert_allclose(np.diag(cross) / 12, found.explained, atol=1e-9)


def test_signs_do_not_depend_on_the_machine() -> None:
    past = correlated()
    found = learn_components(past, 3, 0.9)
    again = learn_components(past[::-1], 3, 0.9)
    np.testing.assert_allclose(found.loadings, again.loadings, atol=1e-9)


def test_columns_that_never_move_have_no_score() -> None:
    assert learn_components(np.ones((9, 3)), "auto", 0.9).loadings.shape == (3, 0)
    with_one = np.column_stack([np.ones(9), np.arange(9.0)])
    found = learn_components(with_one, 5, 0.9)
    assert found.loadings.shape == (2, 1)
    assert found.explained[0] == pytest.approx(1.0)

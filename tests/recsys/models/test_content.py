from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.attributes import encode
from recsys.errors import TooManyVariants
from recsys.models.content import Content, carried_over
from recsys.models.ease import Ease
from tests.recsys.conformance import ModelTests, empty_history, fit, with_line
from tests.recsys.models.goods import two_themes


class TestContent(ModelTests):
    model = Content
    # no attributes in the suite's catalogue, and few customers
    settings: ClassVar[dict[str, object]] = {
        "ease": {"regularization": 20},
        "shares": {"code": 0},
        "popularity": 1e-5,
    }
    batch_tolerance = 1e-6

    def test_a_launch_goes_to_those_who_take_its_like(self) -> None:
        lines, catalogue = two_themes()
        scores = fit(Content(), lines, catalogue=catalogue).score(lines)
        garden, kitchen = catalogue.position("z-garden"), catalogue.position("z-kitchen")
        gain = scores[:, garden] - scores[:, kitchen]
        assert (gain[::2] > 0).all()
        assert (gain[1::2] < 0).all()

    def test_weights_are_those_of_the_ridge_regression(self) -> None:
        lines, catalogue = two_themes()
        settings = {"regularization": 0.7, "likeness": 0.3, "popularity": 0.02}
        content = fit(Content.build(settings), lines, catalogue=catalogue)
        ease = fit(Ease(content.settings.ease), lines)
        known = ease.known
        features = encode(catalogue, known=known, shares=content.settings.shares)
        rows = features[:, np.unique(features.indices)].toarray().astype(float)
        weights = ease.state()["weights"].astype(np.float64)[np.ix_(known, known)]
        targets: NDArray[np.float64] = weights + 0.3 * np.eye(known.sum())
        popular = np.log1p(lines.recent(30).toarray().sum(axis=0))[known]
        targets = targets + 0.02 * (popular - popular.mean())
        # the primal form: one regression of each row of weights on the features
        gram = rows[known].T @ rows[known]
        learned = np.linalg.solve(gram + 0.7 * np.eye(len(gram)), rows[known].T @ targets.T)
        expected = (rows @ learned).T
        learned_weights = content.state()["weights"].astype(np.float64)
        np.testing.assert_allclose(learned_weights[known], expected, atol=1e-5)

    def test_the_purchase_that_carried_a_launch_is_named(self) -> None:
        lines, catalogue = two_themes()
        content = fit(Content(), lines, catalogue=catalogue)
        history = empty_history(lines.variants)
        for variant in (0, 1):  # a garden pot, a kitchen pot
            history = with_line(history, variant=variant)
        launched = np.array([catalogue.position("z-garden"), catalogue.position("z-kitchen")])
        shares = content.contributions(history, launched)
        np.testing.assert_allclose(shares.sum(axis=1), content.score(history)[0, launched], 1e-5)
        assert shares[0, 0] > shares[0, 1]
        assert shares[1, 1] > shares[1, 0]


def test_a_catalogue_beyond_the_limit_is_refused_with_the_limit() -> None:
    lines, catalogue = two_themes()
    tight = Content.build({"ease": {"most_gigabytes": 5e-6}})  # enough for EASE itself
    with pytest.raises(TooManyVariants, match="5e-06 GB are allowed") as caught:
        fit(tight, lines, catalogue=catalogue)
    assert caught.value.where == "content.ease.most_gigabytes"


def test_a_launch_stands_where_the_regression_line_puts_it() -> None:
    draw = np.random.default_rng(0)
    content = draw.normal(size=(3, 50)).astype(np.float32)
    known = np.arange(50) < 40
    first = content * np.array([[2.0], [0.0], [-1.0]], dtype=np.float32) + 5
    scores = carried_over(np.where(known, first, np.float32(-99)), content, known)
    np.testing.assert_array_equal(scores[:, known], first[:, known])
    np.testing.assert_allclose(scores[0, ~known], first[0, ~known], rtol=1e-5)
    # nothing explained, or the contrary: in the middle, in no order
    np.testing.assert_allclose(
        scores[1:, ~known], first[1:, known].mean(axis=1)[:, None] * np.ones(10), rtol=1e-5
    )


def test_with_every_variant_known_or_none_nothing_is_carried_over() -> None:
    first = np.array([[1.0, 2.0]], dtype=np.float32)
    for known in (True, False):
        kept = carried_over(first, -first, np.array([known, known]))
        np.testing.assert_array_equal(kept, first)

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from recsys.errors import TooManyVariants
from recsys.interactions import Interactions
from recsys.models.chebyshev import Chebyshev, ChebyshevSettings
from recsys.models.linear_filter import LinearFilter, LinearFilterSettings
from recsys.models.low_pass import LowPass, LowPassSettings
from recsys.ranking import rank, top
from recsys.spectrum import LEAST_SUM, leading, power_of, scaled
from tests.recsys.conformance import ModelTests, fit, interactions_of, random_lines


def powers(sums: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """Of positive sums; 0 where nobody took anything."""
    return np.where(sums > 0, np.where(sums > 0, sums, 1.0) ** exponent, 0.0)


def scaled_by_hand(rows: NDArray[np.float64], a: float, b: float) -> NDArray[np.float64]:
    return powers(rows.sum(1), -a)[:, None] * rows * powers(rows.sum(0), -b)


def untimed(lines: Interactions) -> Interactions:
    lines.age[:] = 0
    return lines


class TestLinearFilter(ModelTests):
    model = LinearFilter

    def test_scores_are_the_formula(self) -> None:
        lines = random_lines()
        chosen = LinearFilterSettings(
            recency_days=70,
            customer_exponent=0.8,
            sharpness=1.3,
            history_exponent=0.7,
            score_exponent=0.4,
        )
        rows = lines.recent(70).toarray().astype(float)
        together = (rows * powers(rows.sum(1), -0.8)[:, None]).T @ rows
        weights = (
            powers(rows.sum(0), -0.7)[:, None] * together**1.3 * powers(rows.sum(0), -0.4)[None]
        )
        np.fill_diagonal(weights, 0)
        found = fit(LinearFilter(chosen), lines)
        np.testing.assert_allclose(found.score(lines)[:, :30], (rows @ weights)[:, :30], rtol=2e-4)
        np.testing.assert_allclose(np.delete(found.similar(6), 6), np.delete(weights[6], 6), 1e-4)

    def test_with_turbo_cfs_exponents_it_is_turbo_cf(self) -> None:
        """X (P∘s) with P from D_u^-a R D_i^-(1-a), but for what was taken itself."""
        lines, a, s = untimed(random_lines()), 0.6, 0.7
        chosen = LinearFilterSettings(
            customer_exponent=2 * a,
            sharpness=s,
            history_exponent=(1 - a) * s,
            score_exponent=(1 - a) * s,
        )
        rows = lines.recent(90).toarray().astype(float)
        half = scaled_by_hand(rows, a, 1 - a)
        graph = (half.T @ half) ** s
        np.fill_diagonal(graph, 0)
        scores = fit(LinearFilter(chosen), lines).score(lines)
        np.testing.assert_allclose(scores[:, :30], (rows @ graph)[:, :30], rtol=2e-4)

    def test_a_matrix_beyond_the_limit_is_refused_with_the_limit(self) -> None:
        tight = LinearFilter(LinearFilterSettings(most_gigabytes=1e-6))
        with pytest.raises(TooManyVariants, match="1e-06 GB are allowed"):
            fit(tight, random_lines())


class TestLowPass(ModelTests):
    model = LowPass
    settings: ClassVar = {"most_share": 0.3}  # of ten variants one taste is not enough
    batch_tolerance = 1e-5

    def test_the_checkerboard_is_completed(self) -> None:
        """By its two tastes: which one comes third, of equals, would be the machine's choice."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(self), "settings", {"most_share": 0.2})
            super().test_the_checkerboard_is_completed()

    def test_scores_are_the_projection_on_the_leading_eigenvectors(self) -> None:
        lines = random_lines()
        chosen = LowPassSettings(
            recency_days=70,
            rank=4,
            most_share=1,
            customer_exponent=0.3,
            variant_exponent=0.6,
            history_exponent=0.5,
            score_exponent=-0.25,
        )
        rows = lines.recent(70).toarray().astype(float)
        half = scaled_by_hand(rows, 0.3, 0.6)
        values, vectors = np.linalg.eigh(half.T @ half)
        first = vectors[:, np.argsort(-values)[:4]]
        inward = rows * powers(rows.sum(0), -0.5)
        expected = inward @ first @ first.T * powers(rows.sum(0), 0.25)
        scores = fit(LowPass(chosen), lines).score(lines)
        np.testing.assert_allclose(scores[:, :30], expected[:, :30], atol=1e-4)

    def test_with_every_taste_a_history_scores_itself(self) -> None:
        lines = random_lines()
        whole = LowPassSettings(rank=1000, most_share=1, score_exponent=-0.2)
        scores = fit(LowPass(whole), lines).score(lines)
        held = lines.recent(whole.recency_days).toarray()
        np.testing.assert_allclose(scores[:, :30], held[:, :30], atol=1e-4)

    def test_ranking_by_vectors_gives_the_lists_of_the_scores(self) -> None:
        lines = random_lines()
        found = fit(LowPass(LowPassSettings(most_share=0.3)), lines)
        listed = top(found.score(lines), 7)
        np.testing.assert_array_equal(rank(found, lines, 7).variants, listed.variants)

    def test_at_most_a_share_counts_as_tastes(self) -> None:
        found = fit(LowPass(LowPassSettings(most_share=0.2)), random_lines())
        assert found.variant_vectors().shape == (32, 6)


class TestChebyshev(ModelTests):
    model = Chebyshev
    batch_tolerance = 1e-5

    @pytest.mark.parametrize("response", ["step", "plateau"])
    @pytest.mark.parametrize("order", [1, 2, 5, 12])
    def test_scores_are_the_response_to_the_eigenvalues(self, response: str, order: int) -> None:
        """T_k(I - 2P) = V T_k(1 - 2p) V', so the recurrence equals the eigendecomposition."""
        lines = random_lines()
        found = fit(
            Chebyshev.build(
                {
                    "response": response,
                    "order": order,
                    "low_pass_weight": 0.3,
                    "rank": 4,
                    "most_share": 1,
                    "customer_exponent": 0.5,
                    "variant_exponent": 0.4,
                    "history_exponent": 0.3,
                    "score_exponent": -0.2,
                }
            ),
            lines,
        )
        rows = lines.recent(90).toarray().astype(float)
        half = scaled_by_hand(rows, 0.5, 0.4)
        values, vectors = np.linalg.eigh(half.T @ half)
        values = values / values.max()
        points = np.cos(np.pi * (np.arange(order + 1) + 0.5) / (order + 1))
        wanted = (
            1 / (1 + (0.1 / ((1 - points) / 2)) ** 6)
            if response == "step"
            else (1 - np.sign(points) * np.abs(points) ** 1.5) / 2
        )
        polynomial = np.polynomial.Polynomial.fit(points, wanted, order)  # through all points
        passed = polynomial(1 - 2 * values) + 0.3 * (np.argsort(np.argsort(-values)) < 4)
        inward = rows * powers(rows.sum(0), -0.3)
        expected = inward @ (vectors * passed) @ vectors.T * powers(rows.sum(0), 0.2)
        np.testing.assert_allclose(found.score(lines)[:, :30], expected[:, :30], atol=2e-4)

    def test_as_published_it_needs_no_more_than_settings(self) -> None:
        """ChebyCF: half, half, and D^b around the sum."""
        lines = untimed(random_lines())
        published = ChebyshevSettings(
            response="plateau",
            order=8,
            low_pass_weight=0.2,
            customer_exponent=0.5,
            variant_exponent=0.5,
            history_exponent=0.4,
            score_exponent=-0.4,
        )
        rows = lines.recent(90).toarray().astype(float)
        half = scaled_by_hand(rows, 0.5, 0.5)
        assert np.linalg.norm(half, 2) == pytest.approx(1)  # so nothing is divided
        found = fit(Chebyshev(published), lines)
        np.testing.assert_allclose(found.state()["values"].max(), half.max(), rtol=1e-5)

    def test_more_lines_than_a_block_score_alike(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lines = random_lines()
        found = fit(Chebyshev(), lines)
        scores, history = found.score(lines), lines.take(np.array([3]))
        carried = found.contributions(history, np.arange(30))
        monkeypatch.setattr("recsys.models.chebyshev.BLOCK", 7)
        np.testing.assert_allclose(found.score(lines), scores, atol=1e-6)
        np.testing.assert_allclose(found.contributions(history, np.arange(30)), carried, atol=1e-6)

    def test_contributions_are_alike_from_either_side(self) -> None:
        """The filter is symmetric: few scored variants are asked instead of many held."""
        lines = random_lines()
        found, history = fit(Chebyshev(), lines), lines.take(np.array([3]))
        many = found.contributions(history, np.arange(30))
        few = found.contributions(history, np.array([8]))
        np.testing.assert_allclose(few, many[[8]], atol=1e-6)


@pytest.mark.parametrize("model", [LinearFilter, LowPass, Chebyshev])
class TestEveryFilter:
    def test_it_is_linear_in_the_history(
        self, model: type[LinearFilter | LowPass | Chebyshev]
    ) -> None:
        """Two histories joined score as the sum of both."""
        lines = random_lines()
        found = fit(model(), lines)
        one, other = lines.take(np.array([2])), lines.take(np.array([9]))
        apart = found.score(one) + found.score(other)
        np.testing.assert_allclose(found.score(one.joined(other))[:, :30], apart[:, :30], atol=1e-4)

    def test_lines_of_ages_ago_leave_every_score_finite(
        self, model: type[LinearFilter | LowPass | Chebyshev]
    ) -> None:
        """exp(-4000) is 0 in single precision, and 0 to a negative power is not finite."""
        lines = random_lines()
        lines.age[lines.variant < 9] = 4000
        found = fit(model.build({"recency_days": 1.0}), lines)
        assert np.isfinite(found.score(lines)).all()
        lines.age[:] = 4000
        found = fit(model.build({"recency_days": 1.0}), lines)
        assert np.isfinite(found.score(lines)).all()


def test_the_scaled_matrix_is_the_formula() -> None:
    rows = random_lines().recent(90)
    expected = scaled_by_hand(rows.toarray().astype(float), 0.3, 0.7)
    np.testing.assert_allclose(scaled(rows, 0.3, 0.7).toarray(), expected, rtol=1e-5)


def test_powers_are_finite_and_none_of_nothing() -> None:
    found = power_of(np.array([4.0, 0.0, 1e-30]), -0.5)
    np.testing.assert_allclose(found, [0.5, 0, LEAST_SUM**-0.5])


@pytest.mark.parametrize(("customers", "variants"), [(300, 200), (200, 300)])
@pytest.mark.parametrize("most_exact", [0, 1000])
def test_leading_directions_are_those_of_the_singular_value_decomposition(
    monkeypatch: pytest.MonkeyPatch, customers: int, variants: int, most_exact: int
) -> None:
    monkeypatch.setattr("recsys.spectrum.MOST_EXACT", most_exact)
    draw = np.random.default_rng(5)
    tastes = (
        draw.random((customers, 8)) @ np.diag(2.0 ** -np.arange(8)) @ draw.random((8, variants))
    )
    dense = (tastes + 1e-3 * draw.random((customers, variants))).astype(np.float32)
    dense[:, 11] = 0
    values, vectors = leading(sparse.csr_matrix(dense), 5, seed=0)
    _, expected, directions = np.linalg.svd(dense.astype(float))
    np.testing.assert_allclose(values, expected[:5], rtol=1e-4)
    np.testing.assert_allclose(vectors @ vectors.T, directions[:5].T @ directions[:5], atol=1e-3)
    assert not vectors[11].any()


def test_no_more_directions_come_back_than_there_are() -> None:
    values, vectors = leading(sparse.csr_matrix(np.ones((4, 3), dtype=np.float32)), 3, seed=0)
    assert values.tolist() == pytest.approx([np.sqrt(12)])
    np.testing.assert_allclose(np.abs(vectors), np.full((3, 1), 1 / np.sqrt(3)), rtol=1e-5)


def test_one_hop_beats_what_only_others_took() -> None:
    lines = interactions_of(
        [("a", "x", 1), ("a", "y", 1), ("b", "x", 1), ("b", "y", 1), ("c", "z", 1), ("d", "x", 1)]
    )
    for model in (LinearFilter(), LowPass(LowPassSettings(most_share=0.5)), Chebyshev()):
        scores = fit(model, lines).score(lines)[3]  # d, who took x alone
        assert scores[1] > scores[2]

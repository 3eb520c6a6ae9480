"""What every preference model honours; a model joins by inheriting `ModelTests`."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import ClassVar, TypeVar

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import rankdata

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Factorized, Model, Run
from recsys.ranking import top

M = TypeVar("M", bound=Model)
AS_OF = np.datetime64("2024-06-01", "us")


def interactions_of(
    lines: Sequence[tuple[str, str, float]], variants: list[str] | None = None
) -> Interactions:
    """Interactions of (customer, variant, days before AS_OF) lines."""
    frame = pd.DataFrame(lines, columns=["customer_id", "variant_id", "days"])
    frame["ordered_at"] = pd.Timestamp(AS_OF) - pd.to_timedelta(frame["days"], unit="D")
    return Interactions.from_lines(frame, as_of=AS_OF, variants=variants)


def empty_history(variants: NDArray[np.object_]) -> Interactions:
    none = np.zeros(0)
    return Interactions.from_arrays(
        customers=np.array(["nobody"], dtype=object),
        variants=variants,
        customer=none.astype(int),
        variant=none.astype(int),
        age=none,
        quantity=none,
        weight=none,
        as_of=AS_OF,
    )


def random_lines(seed: int = 7, customers: int = 60, variants: int = 30) -> Interactions:
    """Lines of two tastes: even customers take mostly even variants, odd ones odd variants."""
    draw = np.random.default_rng(seed)
    lines = []
    for customer in range(customers):
        for _ in range(int(draw.integers(3, 15))):
            variant = 2 * int(draw.integers(variants // 2)) + customer % 2
            if draw.random() < 0.15:
                variant = int(draw.integers(variants))
            lines.append((f"c{customer:03}", f"v{variant:03}", float(draw.integers(1, 400))))
    return interactions_of(lines, [f"v{variant:03}" for variant in range(variants + 2)])


def with_line(
    lines: Interactions, *, variant: int, customer: int = 0, weight: float = 1.0
) -> Interactions:
    """The lines and one more, of this very moment."""
    return Interactions.from_arrays(
        customers=lines.customers,
        variants=lines.variants,
        customer=np.append(lines.customer, customer),
        variant=np.append(lines.variant, variant),
        age=np.append(lines.age, 0),
        quantity=np.append(lines.quantity, 1),
        weight=np.append(lines.weight, weight),
        as_of=AS_OF,
    )


def fit(
    model: M, lines: Interactions, run: Run | None = None, catalogue: Catalogue | None = None
) -> M:
    """The model, fitted on the lines; without a catalogue nothing is known but the ids."""
    return model.fit(lines, catalogue or Catalogue.of(lines.variants), run or Run())


def rank_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Spearman's; 1 where both are all alike."""
    first, second = (rankdata(scores) - (len(scores) + 1) / 2 for scores in (one, other))
    product = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / product if product else float(first.any() == second.any())


class ModelTests:
    """Inherit, and name the model; the fixtures do the rest."""

    model: ClassVar[type[Model]]
    settings: ClassVar[dict[str, object]] = {}
    """Settings to fit it with, where its defaults suit larger data or would take seconds."""
    batch_tolerance: ClassVar[float] = 0.0
    """How far a batch's scores may lie from those of one by one; 0 for equal bits."""
    thread_tolerance: ClassVar[float] = 1e-4
    """How far scores may move with the number of threads: the order of sums in BLAS."""
    collaborative: ClassVar[bool] = True
    """Whether it finds what goes with a history, beyond what the history holds."""
    personal: ClassVar[bool] = True
    """Whether a customer's history moves their scores at all."""
    uncarried: ClassVar[float | None] = 1e-3
    """Most of a score that no line carries, beyond a part that is the same for all variants;
    None where the model is not linear in the history."""

    fold_in: ClassVar[float] = 0.8
    """Least rank correlation, over the variants that anybody took, between the scores of a history
    with a new order line by the old fit and by one that learned from the line; mean of two."""

    @pytest.fixture(scope="class")
    @classmethod
    def lines(cls) -> Interactions:
        return random_lines()

    @pytest.fixture(scope="class")
    @classmethod
    def fitted(cls, lines: Interactions) -> Model:
        return fit(cls.model.build(cls.settings), lines)

    def test_two_fits_with_one_seed_score_alike(self, fitted: Model, lines: Interactions) -> None:
        again = fit(self.model.build(self.settings), lines)
        np.testing.assert_array_equal(again.score(lines), fitted.score(lines))

    def test_two_threads_score_as_one(self, fitted: Model, lines: Interactions) -> None:
        threaded = fit(self.model.build(self.settings), lines, Run(threads=2))
        np.testing.assert_allclose(
            threaded.score(lines), fitted.score(lines), atol=self.thread_tolerance
        )

    def test_scores_are_finite_float32_of_customers_by_variants(
        self, fitted: Model, lines: Interactions
    ) -> None:
        scores = fitted.score(lines)
        assert scores.shape == lines.shape
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()

    def test_a_batch_scores_as_one_by_one(self, fitted: Model, lines: Interactions) -> None:
        batch = fitted.score(lines)
        single = np.concatenate(
            [fitted.score(lines.take(np.array([row]))) for row in range(lines.shape[0])]
        )
        np.testing.assert_allclose(single, batch, rtol=0, atol=self.batch_tolerance)

    def test_a_restored_model_scores_and_likens_as_the_fitted_one(
        self, fitted: Model, lines: Interactions
    ) -> None:
        settings = fitted.settings.model_dump(mode="json")
        restored = self.model.build(settings).restore(dict(fitted.state()))
        np.testing.assert_array_equal(restored.score(lines), fitted.score(lines))
        np.testing.assert_array_equal(restored.similar(3), fitted.similar(3))

    def test_the_order_of_customers_does_not_matter(
        self, fitted: Model, lines: Interactions
    ) -> None:
        turned = Interactions.from_arrays(
            customers=lines.customers[::-1],
            variants=lines.variants,
            customer=len(lines.customers) - 1 - lines.customer,
            variant=lines.variant,
            age=lines.age,
            quantity=lines.quantity,
            weight=lines.weight,
            as_of=AS_OF,
        )
        np.testing.assert_allclose(
            fitted.score(turned)[::-1], fitted.score(lines), rtol=0, atol=self.batch_tolerance
        )

    def test_a_new_event_changes_only_that_customers_scores(
        self, fitted: Model, lines: Interactions
    ) -> None:
        before = fitted.score(lines)
        after = fitted.score(with_line(lines, customer=4, variant=9))
        others = np.arange(lines.shape[0]) != 4
        np.testing.assert_allclose(after[others], before[others], rtol=0, atol=self.batch_tolerance)
        assert np.array_equal(after[4], before[4]) != self.personal

    def test_a_folded_in_line_says_what_a_refit_with_it_would(
        self, fitted: Model, lines: Interactions
    ) -> None:
        known = lines
        rows = np.array([0, 11])  # one of each taste, each with a line of their own taste's
        for row in rows.tolist():
            held, taken = lines.take(np.array([row])).held(), lines.held()
            fresh = np.setdiff1d(taken[taken % 2 == row % 2], held)
            known = with_line(known, variant=int(fresh[0]), customer=row)
        refit = fit(self.model.build(self.settings), known).score(known.take(rows))
        folded, unfolded = fitted.score(known.take(rows)), fitted.score(lines.take(rows))
        alike, before = (
            np.mean([rank_correlation(*pair) for pair in zip(old, refit[:, taken], strict=True)])
            for old in (folded[:, taken], unfolded[:, taken])
        )
        assert alike >= self.fold_in
        assert alike >= before - 0.02  # folding in brings a list no further from the refit's

    def test_a_view_says_less_than_an_order(self, fitted: Model, lines: Interactions) -> None:
        history = lines.take(np.array([4]))
        before = fitted.score(history)
        order, view = (
            np.abs(fitted.score(with_line(history, variant=9, weight=weight)) - before).max()
            for weight in (1.0, 0.1)
        )
        assert view < order if self.personal else view == order == 0

    def test_neither_fit_nor_score_changes_the_lines(self, lines: Interactions) -> None:
        kept = {field.name: np.copy(getattr(lines, field.name)) for field in fields(lines)}
        fit(self.model.build(self.settings), lines).score(lines)
        for name, values in kept.items():
            np.testing.assert_array_equal(getattr(lines, name), values)

    def test_what_nobody_took_moves_no_others_score(
        self, fitted: Model, lines: Interactions
    ) -> None:
        """A catalogue's rows of next season, between and behind the others, change nothing."""
        names = sorted([*lines.variants, *[f"{name}-next" for name in lines.variants[::2]]])
        places = np.searchsorted(names, lines.variants.astype(str))
        wider = replace(
            lines,
            variants=np.array(names, dtype=object),
            variant=places[lines.variant].astype(np.int32),
        )
        again = fit(self.model.build(self.settings), wider)
        np.testing.assert_allclose(again.score(wider)[:, places], fitted.score(lines), atol=1e-3)

    def test_an_empty_history_has_finite_scores(self, fitted: Model, lines: Interactions) -> None:
        nobody = empty_history(lines.variants)
        scores = fitted.score(nobody)
        assert scores.shape == (1, lines.shape[1])
        assert np.isfinite(scores).all()
        assert fitted.contributions(nobody, np.arange(3)).shape == (3, 0)

    def test_a_history_of_long_ago_has_finite_scores_and_reasons(
        self, fitted: Model, lines: Interactions
    ) -> None:
        """So long that in float32 nothing is left of its recency."""
        taken = [("old", "v004", 20_000.0), ("old", "v009", 20_001.0)]
        old = interactions_of(taken, lines.variants.tolist())
        assert not old.recent(90).data.any()
        assert np.isfinite(fitted.score(old)).all()
        assert np.isfinite(fitted.contributions(old, np.arange(5))).all()

    def test_a_customer_with_a_hundred_thousand_lines_is_answered_in_bounded_memory(
        self, fitted: Model, lines: Interactions
    ) -> None:
        count, taken = 100_000, lines.held()
        history = Interactions.from_arrays(
            customers=np.array(["wholesaler"], dtype=object),
            variants=lines.variants,
            customer=np.zeros(count, dtype=int),
            variant=np.resize(taken, count),
            age=np.linspace(1, 700, count),
            quantity=np.ones(count),
            weight=np.ones(count),
            as_of=AS_OF,
        )
        tracemalloc.start()
        try:
            scores = fitted.score(history)
            carried = fitted.contributions(history, np.arange(3))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 500 * count  # bytes
        assert np.isfinite(scores).all()
        assert np.isfinite(carried).all()
        assert carried.shape == (3, len(taken))

    def test_vectors_give_the_scores_of_what_was_taken(
        self, fitted: Model, lines: Interactions
    ) -> None:
        if not isinstance(fitted, Factorized):
            pytest.skip("the model's score is no product of two vectors")
        products = fitted.vectors(lines) @ fitted.variant_vectors().T
        scores, known = fitted.score(lines), fitted.known
        np.testing.assert_allclose(products[:, known], scores[:, known], rtol=0, atol=1e-5)
        assert known[lines.held()].all()

    def test_a_catalogue_of_one_is_legal(self) -> None:
        lines = interactions_of([("a", "only", 1), ("b", "only", 30)])
        fitted = fit(self.model.build(self.settings), lines)
        assert np.isfinite(fitted.score(lines)).all()
        assert fitted.similar(0).tolist() == [-np.inf]

    def test_a_variant_nobody_took_comes_last(self, fitted: Model, lines: Interactions) -> None:
        if self.model.cold:
            pytest.skip("the model scores by attributes")
        scores = fitted.score(lines)
        untaken = np.setdiff1d(np.arange(lines.shape[1]), lines.held())
        assert len(untaken) == 2
        assert (scores[:, untaken] <= scores.min(axis=1, keepdims=True)).all()
        ranked = top(scores, lines.shape[1])
        np.testing.assert_array_equal(ranked.of(0)[0][-2:], untaken)

    def test_a_variant_is_least_like_itself(self, fitted: Model, lines: Interactions) -> None:
        likeness = fitted.similar(5)
        assert likeness.shape == (lines.shape[1],)
        assert likeness.dtype == np.float32
        assert likeness[5] == -np.inf
        assert np.isfinite(np.delete(likeness, 5)).all()

    def test_its_like_are_those_taken_together(self, fitted: Model, lines: Interactions) -> None:
        if not self.collaborative:
            pytest.skip("the model knows no likeness")
        taken = lines.held()
        for variant in (4, 7):
            likeness, others = fitted.similar(variant), taken[taken != variant]
            same = others % 2 == variant % 2
            assert likeness[others[same]].mean() > likeness[others[~same]].mean()

    @pytest.mark.parametrize(("even", "odd"), [(4, 9), (20, 3)])
    def test_a_score_is_carried_by_what_goes_with_it(
        self, fitted: Model, lines: Interactions, even: int, odd: int
    ) -> None:
        if not self.collaborative:
            pytest.skip("the model does not look beyond the customer's own history")
        history = with_line(empty_history(lines.variants), variant=even)
        history = with_line(history, variant=odd)
        scored = np.setdiff1d(lines.held(), [even, odd])
        carried = dict(zip(history.held(), fitted.contributions(history, scored).T, strict=True))
        more, of_even = carried[even] - carried[odd], scored % 2 == 0
        assert more[of_even].mean() > more[~of_even].mean()

    def test_contributions_add_up_to_the_score(self, fitted: Model, lines: Interactions) -> None:
        if self.uncarried is None:
            pytest.skip("the model is not linear in the history")
        taken = lines.held()
        for row in (0, 11):
            history = lines.take(np.array([row]))
            carried = fitted.contributions(history, taken)
            assert carried.shape == (len(taken), len(history.held()))
            rest = fitted.score(history)[0, taken] - carried.sum(axis=1)
            assert np.ptp(rest) <= self.uncarried

    def test_the_checkerboard_is_completed(self) -> None:
        """Customers of one colour take that colour's squares but one: theirs is the next."""
        if not self.collaborative:
            pytest.skip("the model does not look beyond the customer's own history")
        size = 10
        board = [
            (f"c{row:02}", f"v{column:02}", 5.0)
            for row in range(size)
            for column in range(size)
            if (row + column) % 2 == 0 and row != column
        ]
        lines = interactions_of(board, [f"v{column:02}" for column in range(size)])
        fitted = fit(self.model.build(self.settings), lines)
        unseen = lines.matrix().toarray() == 0
        best = top(fitted.score(lines), 1, unseen)
        np.testing.assert_array_equal(best.variants, np.arange(size))

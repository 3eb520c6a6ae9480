from __future__ import annotations

import numpy as np
import pytest
from implicit.nearest_neighbours import (
    BM25Recommender,
    CosineRecommender,
    ItemItemRecommender,
    TFIDFRecommender,
)

from recsys.models.item_item import ItemItem, ItemItemSettings
from tests.recsys.conformance import ModelTests, fit, interactions_of, random_lines


class TestItemItem(ModelTests):
    model = ItemItem

    @pytest.mark.filterwarnings("ignore:Method expects CSR")  # of the peer's own matrix
    @pytest.mark.parametrize(
        ("settings", "peer"),
        [
            (ItemItemSettings(likeness="cosine", neighbours=7), CosineRecommender(K=7)),
            (ItemItemSettings(likeness="tfidf", neighbours=7), TFIDFRecommender(K=7)),
            (
                ItemItemSettings(likeness="bm25", neighbours=7, saturation=2.0, length_norm=0.3),
                BM25Recommender(K=7, K1=2.0, B=0.3),
            ),
        ],
        ids=lambda given: getattr(given, "likeness", ""),
    )
    def test_it_scores_as_implicit_does(
        self, settings: ItemItemSettings, peer: ItemItemRecommender
    ) -> None:
        lines = random_lines()
        found = fit(ItemItem(settings.model_copy(update={"own_weight": 1.0})), lines).score(lines)
        recent = lines.recent(settings.recency_days)[:, :30]
        peer.fit(recent, show_progress=False)
        np.testing.assert_allclose(found[:, :30], (recent @ peer.similarity).toarray(), atol=1e-5)

    def test_cosine_of_two_columns(self) -> None:
        lines = interactions_of([("a", "x", 90), ("a", "y", 0.001), ("b", "y", 0.001)])
        found = fit(ItemItem(ItemItemSettings(likeness="cosine", recency_days=90)), lines)
        assert found.similar(0)[1] == pytest.approx(1 / np.sqrt(2), abs=1e-4)

    def test_a_variant_likes_itself_as_much_as_is_asked(self) -> None:
        lines = interactions_of([("a", "x", 90), ("b", "y", 90)])
        found = fit(ItemItem(ItemItemSettings(likeness="cosine", own_weight=5)), lines)
        np.testing.assert_allclose(
            found.score(lines), 5 * np.exp(-1) * np.eye(2), rtol=1e-4, atol=1e-5
        )

    def test_only_the_nearest_are_kept(self) -> None:
        lines = random_lines()
        few = fit(ItemItem(ItemItemSettings(neighbours=4)), lines)
        assert len(few.state()["likeness"]) == 4 * 30

    def test_a_customer_who_takes_most_of_all_tells_nothing(self) -> None:
        """Of 3 variants a took 2: a rarity of ln 3 - ln 3, by which y's column is all zeros."""
        lines = interactions_of([("a", "x", 1), ("a", "y", 1), ("b", "x", 1), ("c", "z", 1)])
        for likeness in ("tfidf", "bm25"):
            scores = fit(ItemItem(ItemItemSettings(likeness=likeness)), lines).score(lines)
            assert np.isfinite(scores).all()
            np.testing.assert_allclose(scores[:, 1], 0, atol=1e-5)

    def test_what_no_neighbour_reaches_is_ordered_by_popularity(self) -> None:
        lines = interactions_of([("a", "w", 1), ("b", "x", 9), ("c", "y", 1), ("d", "y", 1)])
        scores = fit(ItemItem(ItemItemSettings(likeness="cosine")), lines).score(lines)[0]
        assert scores[0] > scores[2] > scores[1] > 0

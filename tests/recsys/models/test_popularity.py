from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys.interactions import Interactions
from recsys.models.popularity import Popularity
from tests.recsys.conformance import AS_OF, ModelTests, fit, interactions_of


class TestPopularity(ModelTests):
    model = Popularity
    collaborative = False
    personal = False
    uncarried = None

    def test_recent_lines_count_more(self) -> None:
        lines = interactions_of([("a", "old", 90), ("b", "old", 90), ("c", "new", 1)])
        assert fit(Popularity(), lines).score(lines)[0].argmax() == 0  # "new"

    def test_lines_count_and_units_do_not(self) -> None:
        lines = interactions_of([("a", "x", 5), ("b", "x", 5), ("c", "y", 5)])
        lines.quantity[lines.variant == 1] = 10_000
        scores = fit(Popularity(), lines).score(lines)[0]
        assert scores[0] == pytest.approx(2 * scores[1])

    def test_a_regions_shares_are_shrunk_towards_the_wholes(self) -> None:
        lines = in_regions({"a": "north", "b": "north", "c": "south"})
        fitted = fit(Popularity.build({"region_prior": 2.0}), lines)
        north, south, nowhere = fitted.score(asked_from("north", "south", "")).tolist()
        # two lines of "x" in the north, one of "y" in the south; A = 2
        assert nowhere == pytest.approx([2, 1])
        assert north == pytest.approx([3 * (2 + 2 * 2 / 3) / 4, 3 * (0 + 2 / 3) / 4])
        assert south == pytest.approx([3 * (0 + 2 * 2 / 3) / 3, 3 * (1 + 2 / 3) / 3])
        assert fitted.knows("north")
        assert not fitted.knows("east")
        assert not fitted.knows("")

    def test_a_region_where_nobody_bought_has_the_wholes_popularity(self) -> None:
        fitted = fit(Popularity(), in_regions({"a": "north", "b": "", "c": "south"}))
        scores = fitted.score(asked_from("east", ""))
        np.testing.assert_array_equal(scores[0], scores[1])

    def test_regions_are_restored(self) -> None:
        fitted = fit(Popularity(), in_regions({"a": "Zürich", "b": "Oslo\nwest", "c": "x"}))
        restored = Popularity().restore(dict(fitted.state()))
        asked = asked_from("Zürich", "Oslo\nwest", "x", "")
        np.testing.assert_array_equal(restored.score(asked), fitted.score(asked))

    def test_a_state_of_before_there_were_regions_is_taken_up(self) -> None:
        lines = in_regions({"a": "north", "b": "north", "c": "south"})
        state = {"popularity": fit(Popularity(), lines).popularity}
        restored = Popularity().restore(state)
        assert not restored.knows("north")
        np.testing.assert_array_equal(restored.score(asked_from("north"))[0], state["popularity"])


def in_regions(regions: dict[str, str]) -> Interactions:
    """Customers a and b take x, c takes y, all at no age."""
    lines = interactions_of([("a", "x", 1), ("b", "x", 1), ("c", "y", 1)])
    lines.age[:] = 0
    return replace(lines, regions=np.array([regions[name] for name in "abc"], dtype=object))


def asked_from(*regions: str) -> Interactions:
    """Customers of regions, of whom nothing else is known."""
    none = np.zeros(0)
    return Interactions.from_arrays(
        customers=np.array([f"n{place}" for place in range(len(regions))], dtype=object),
        variants=np.array(["x", "y"], dtype=object),
        customer=none.astype(int),
        variant=none.astype(int),
        age=none,
        quantity=none,
        weight=none,
        as_of=AS_OF,
        regions=np.array(regions, dtype=object),
    )

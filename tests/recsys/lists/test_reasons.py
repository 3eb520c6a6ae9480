from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.lists.reasons import MOST_REASONS, PREFERRED, PROMOTED, Reason, combined, plain, usual


def told(*shares: float) -> list[Reason]:
    return [
        plain("together", f"number {place}").shared(share) for place, share in enumerate(shares)
    ]


def test_without_anything_beside_the_models_reasons_stay() -> None:
    assert combined(told(0.7, 0.3), 2.0, []) == tuple(told(0.7, 0.3))
    assert combined(told(0.7, 0.3), 2.0, [(PROMOTED, 0.0), (PREFERRED, -3.0)]) == tuple(
        told(0.7, 0.3)
    )


def test_a_boost_has_the_share_of_what_it_adds() -> None:
    first, second, third = combined(told(0.75, 0.25), 3.0, [(PROMOTED, 1.0)])
    assert [first.share, second.share, third.share] == pytest.approx([0.5625, 0.25, 0.1875])
    assert second.kind == "promoted"


def test_what_the_model_says_nothing_for_is_the_shops_alone() -> None:
    (only,) = combined(told(1.0), -0.4, [(PROMOTED, 2.0)])
    assert (only.kind, only.share) == ("promoted", 1.0)


def test_an_attribute_is_said_in_words() -> None:
    assert usual("size", "M").sentence == "It is in your usual size M."
    assert usual("heel_height", "low", alone=True).sentence == "You usually take heel height low."
    assert (usual("size", "M").attribute, usual("size", "M").value) == ("size", "M")


weights = st.floats(-3, 50)


@given(
    shares=st.lists(st.floats(0.01, 0.33), max_size=3),
    base=st.floats(-5, 40),
    boost=weights,
    bonus=weights,
    gain=st.floats(0, 9),
)
def test_shares_sum_to_one_at_most_and_what_the_shop_wants_is_always_told(
    shares: list[float], base: float, boost: float, bonus: float, gain: float
) -> None:
    added = [(PROMOTED, boost), (PREFERRED, bonus), (usual("size", "M"), gain)]
    found = combined(told(*sorted(shares, reverse=True)), base, added)
    assert len(found) <= MOST_REASONS
    assert sum(one.share for one in found) <= 1.000001
    assert list(found) == sorted(found, key=lambda one: -one.share)
    kinds = {one.kind for one in found}
    assert ("promoted" in kinds) is (boost > 0)
    assert ("preferred" in kinds) is (bonus > 0)

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import NotAcceptable
from api.service.negotiation import choose

OFFERS = ("application/json", "text/csv", "text/html")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "text/html"),
        ("TEXT/CSV", "text/csv"),
        ("text/*", "text/csv"),
        ("text/*;q=0.5, text/html", "text/html"),
        ("text/csv;q=0.2, text/html;q=0.8, */*;q=0.1", "text/html"),
        ("*/*, application/json;q=0", "text/csv"),
        ("text/html;charset=utf-8;q=0.9, text/csv;q=0.8", "text/html"),
        ("text/html;q=2, text/csv", "text/csv"),
        ("nonsense, text/csv", "text/csv"),
        # what a browser sends
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
    ],
)
def test_the_heaviest_offer_wins_and_the_most_specific_range_weighs(
    accept: str, chosen: str
) -> None:
    assert choose(accept, OFFERS) == chosen


@pytest.mark.parametrize("accept", ["image/png", "text/html;q=0", "*/*;q=0", "text", ";;", "a/b/c"])
def test_what_no_offer_fits_is_refused_with_the_offers(accept: str) -> None:
    with pytest.raises(NotAcceptable) as refusal:
        choose(accept, OFFERS)
    assert "text/html" in refusal.value.fix


@given(st.text(max_size=80))
def test_any_header_gets_an_offer_or_a_refusal(accept: str) -> None:
    with suppress(NotAcceptable):
        assert choose(accept, OFFERS) in OFFERS


@given(st.permutations(["text/csv;q=0.3", "text/html;q=0.7", "application/json;q=0.5"]))
def test_the_order_of_ranges_does_not_matter(ranges: list[str]) -> None:
    assert choose(", ".join(ranges), OFFERS) == "text/html"

"""Which representation a client wants (RFC 9110, section 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from api.errors import NotAcceptable

_RANGE: Final = re.compile(r"[!#$%&'*+.^_`|~\w-]+/[!#$%&'*+.^_`|~\w-]+", re.ASCII)
_WEIGHT: Final = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.ASCII)


def choose(accept: str, offers: Sequence[str]) -> str:
    """The media type to answer with.

    Of the ranges that match an offer the most specific one gives its weight; the heaviest offer
    wins, and between equals the one offered first.

    Args:
        accept: the Accept header; empty accepts anything.
        offers: media types such as "text/html", the preferred first.

    Raises:
        NotAcceptable: every offer has weight 0 or matches no range.

    >>> choose("text/html,application/json;q=0.9,*/*;q=0.1", ["application/json", "text/html"])
    'text/html'
    >>> choose("text/*, text/html;q=0", ["text/html", "text/csv"])
    'text/csv'
    """
    if not accept.strip():
        return offers[0]
    ranges = [parsed for part in accept.split(",") if (parsed := _parse(part)) is not None]
    weights = [_weight(offer, ranges) for offer in offers]
    best = max(weights)
    if best == 0:
        raise NotAcceptable(
            "This resource has no representation that the request accepts.",
            where="header Accept",
            fix=f"Accept one of {', '.join(offers)}.",
        )
    return offers[weights.index(best)]


def _parse(part: str) -> tuple[str, float] | None:
    """A media range and its weight; None where the part is no such thing."""
    name, *parameters = (piece.strip() for piece in part.split(";"))
    weight = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            if not _WEIGHT.fullmatch(value.strip()):
                return None
            weight = float(value)
    return (name.lower(), weight) if _RANGE.fullmatch(name) else None


def _weight(offer: str, ranges: Sequence[tuple[str, float]]) -> float:
    kind = offer.split("/", maxsplit=1)[0]
    for pattern in (offer, f"{kind}/*", "*/*"):
        found = [weight for name, weight in ranges if name == pattern]
        if found:
            return max(found)
    return 0.0

"""The name that was most likely meant, for every error that answers a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, names: Iterable[str], *, alike: float = 0.6) -> str | None:
    """The name that was most likely meant, without regard to case; None where none is near.

    Args:
        name: as it was written.
        names: what there is.
        alike: how like the two must be, from 0 to 1 (difflib's ratio).
    """
    known = {candidate.casefold(): candidate for candidate in names}
    near = get_close_matches(name.casefold(), known, n=1, cutoff=alike)
    return known[near[0]] if near else None


def hint(name: str, names: Iterable[str]) -> str:
    """The question whether the nearest name was meant, to stand before the choices; or nothing."""
    near = nearest(name, names)
    return f"Did you mean '{near}'? " if near else ""

"""Bounds of what an evaluation or a search may be asked for."""

from __future__ import annotations

from typing import Final

from recsys.errors import BadRequest

MOST_K: Final = 1_000
MOST_TEST_DAYS: Final = 3_660


def check_between(name: str, value: int, most: int) -> None:
    """Refuse a number that is not from 1 to `most`.

    Raises:
        BadRequest: it is not; names it.
    """
    if not 1 <= value <= most:
        raise BadRequest(f"{name} is {value}.", where=name, fix=f"Give 1 to {most:,}.")

"""What came back: a preference is lower for it only where the reason was one of taste."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from recsys.behaviour import preference_lines
from recsys.interactions import Interactions
from recsys.returns import of_taste, plain_reason

LATER = np.datetime64("2026-02-01")


def orders(*rows: tuple[str, str, int, str, str | None]) -> pd.DataFrame:
    """Customer, variant, units, day of January and reason of each line."""
    return pd.DataFrame(
        {
            "customer_id": [row[0] for row in rows],
            "variant_id": [row[1] for row in rows],
            "quantity": [row[2] for row in rows],
            "ordered_at": pd.to_datetime([f"2026-01-{row[3]}" for row in rows]),
            "reason": pd.Series([row[4] for row in rows], dtype="str"),
        }
    )


def kept(lines: pd.DataFrame, until: np.datetime64 = LATER) -> list[tuple[str, str, float]]:
    found = Interactions.from_lines(preference_lines(lines, None, until), as_of=until)
    return [
        (found.customers[customer], found.variants[variant], float(units))
        for customer, variant, units in zip(
            found.customer, found.variant, found.quantity, strict=True
        )
    ]


def test_what_did_not_please_is_no_preference() -> None:
    lines = orders(
        ("ann", "shirt", 1, "02", None),
        ("ann", "coat", 3, "02", None),
        ("ann", "shirt", -1, "09", "too small"),
        ("ann", "coat", -2, "09", "not the colour I expected"),
        ("ben", "shirt", 1, "02", None),
    )
    assert kept(lines) == [("ann", "coat", 1.0), ("ben", "shirt", 1.0)]


@pytest.mark.parametrize("reason", ["arrived too late", "Damaged in transit", "wrong item", None])
def test_a_return_that_is_nobodys_taste_lowers_nothing(reason: str | None) -> None:
    lines = orders(("ann", "shirt", 1, "02", None), ("ann", "shirt", -1, "09", reason))
    assert kept(lines) == [("ann", "shirt", 1.0)]


def test_a_return_that_is_still_to_come_is_not_known_yet() -> None:
    lines = orders(("ann", "shirt", 1, "02", None), ("ann", "shirt", -1, "09", "too small"))
    assert kept(lines, np.datetime64("2026-01-09")) == [("ann", "shirt", 1.0)]
    bought_again = pd.concat([lines, orders(("ann", "shirt", 1, "20", None))])
    assert kept(bought_again) == [("ann", "shirt", 1.0)]


def test_a_word_within_another_is_not_that_word() -> None:
    reasons = pd.Series(["the collar is translated badly", "late", "unbroken", "broken zip"])
    assert of_taste(reasons).tolist() == [True, False, True, False]
    assert plain_reason(" It was Too  small! ") == "it was too small"

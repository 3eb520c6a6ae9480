"""Which variant a composed product counts as."""

from __future__ import annotations

import pandas as pd

from production.configuration.nearest_variant import NearestVariant
from recsys.catalogue import Catalogue

CATALOGUE = Catalogue.of(
    (),
    pd.DataFrame(
        {
            "variant_id": ["A-blue-M", "A-blue-S", "A-red-M", "B-blue-M"],
            "style_id": ["A", "A", "A", "B"],
            "colour": ["Blue", "Blue", "Red", "Blue"],
            "size": ["M", "S", "M", "M"],
        }
    ),
)
SOLD = {"A-blue-M": 1, "A-blue-S": 5, "A-red-M": 5, "B-blue-M": 99}

NEAREST = NearestVariant(CATALOGUE, SOLD)


def near(*choices: str, style: str = "A") -> str:
    return NEAREST.of(style, choices)


def test_the_most_attributes_in_common_decide_then_sales_then_ids() -> None:
    assert near("blue", "m", "monogram", "letters=3") == "A-blue-M"
    assert near("blue") == "A-blue-S"  # it sold more than the other blue one
    assert near("M", "!blue") == "A-red-M"
    assert near("monogram") == "A-blue-S"  # of those that sold most, the first id


def test_a_style_without_variants_is_its_own() -> None:
    assert near("blue", style="C") == "C"

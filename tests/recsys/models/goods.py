"""A small catalogue with titles, for models that score by attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from tests.recsys.conformance import interactions_of

THEMES = ("garden", "kitchen")


def goods(titles: Mapping[str, str], **columns: Sequence[object]) -> Catalogue:
    """A catalogue of variants by id, each a style of its own, and more columns in their order."""
    table = pd.DataFrame({"variant_id": list(titles), "title": list(titles.values())} | columns)
    return Catalogue.of(titles, table)


def two_themes(customers: int = 40) -> tuple[Interactions, Catalogue]:
    """Half of the customers take garden goods, half kitchen goods; one of each is just launched."""
    things = ("pot", "tray", "lamp", "basket", "sign", "clock")
    titles = {
        f"v{2 * number + side:02}": f"{theme} {thing}"
        for number, thing in enumerate(things)
        for side, theme in enumerate(THEMES)
    }
    lines = [
        (
            f"c{customer:02}",
            f"v{2 * number + customer % 2:02}",
            1.0 + 30 * ((customer + number) % 5),
        )
        for customer in range(customers)
        for number in range(len(things))
        if (customer // 2 + number) % 3
    ]
    titles |= {"z-garden": "garden bench", "z-kitchen": "kitchen bench"}
    catalogue = goods(titles)
    return interactions_of(lines, catalogue.variants.tolist()), catalogue

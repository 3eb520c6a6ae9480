"""Customers whose tastes and rhythms are known: three circles, each with wares of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from data.workspace import Workspace

START = np.datetime64("2024-01-01", "D")
DAYS = 364
WARES = {"tea": 4.0, "garden": 30.0, "winter": 12.0}
"""Circles, and what a line of theirs costs a unit."""

REGIONS = {"tea": "north", "garden": "south", "winter": "east"}


def orders(customers: int = 120, seed: int = 0) -> pd.DataFrame:
    """Two in three customers order every other week; the others stop at some time."""
    random = np.random.default_rng(seed)
    lines: list[tuple[object, ...]] = []
    for number in range(customers):
        circle = list(WARES)[number % 3]
        stops = DAYS if (number // 3) % 3 else int(random.integers(90, 340))
        for day in range(int(random.integers(14)), stops, 14):
            at = START + day + int(random.integers(0, 5))
            if at >= START + DAYS:
                continue
            for ware in random.choice(6, 3, replace=False):
                own = random.random() < 0.9
                name = circle if own else list(WARES)[int(random.integers(3))]
                lines.append(
                    (f"o{number}-{day}", f"c{number:03}", f"{name}{ware}",
                     int(random.integers(1, 5)), WARES[name],
                     pd.Timestamp(at) + pd.Timedelta(hours=10), REGIONS[circle])
                )  # fmt: skip
    names = ["order_id", "customer_id", "variant_id", "quantity", "unit_price", "ordered_at",
             "region"]  # fmt: skip
    frame = pd.DataFrame(lines, columns=names)
    guest = frame.iloc[:40].assign(customer_id=None, order_id="guest")
    frame = pd.concat([frame, guest], ignore_index=True)
    frame["customer_id"] = frame["customer_id"].astype("str")
    frame["ordered_at"] = frame["ordered_at"].astype("datetime64[us]")
    return frame


def variants() -> pd.DataFrame:
    """Six wares of each circle, named for it."""
    ids = [f"{name}{number}" for name in WARES for number in range(6)]
    return pd.DataFrame(
        {
            "variant_id": ids,
            "style_id": [one[:-1] for one in ids],
            "title": [f"{one[:-1].title()} thing {one[-1]}" for one in ids],
            "range": [one[:-1] for one in ids],
        }
    )


def shop(root: Path, **options: int) -> Workspace:
    workspace = Workspace.create(root)
    workspace.write({"orders": orders(**options), "variants": variants()})
    return workspace

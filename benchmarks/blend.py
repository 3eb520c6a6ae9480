"""Why the default blend has its settings: its parts and its neighbours, on early origins alone.

Prints the table of docs/decisions/0004: mean NDCG@20 over the origins, over all purchases with
bought variants kept, and over new ones with bought variants left out. The origins lie before
every origin that docs/results.md reports.

    python benchmarks/blend.py --workspace retail
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from data.tables import ORDERS, VARIANTS
from data.workspace import Workspace
from recsys.evaluation.comparison import compare
from recsys.evaluation.evaluate import recommend
from recsys.evaluation.splits import Split, split_at
from recsys.model import Run
from recsys.registry import build

ORIGINS: Final = ("2010-06-07", "2010-07-05", "2010-08-02")
TEST_DAYS: Final = 28
K: Final = 20


def _ease(regularization: float) -> dict[str, object]:
    return {"recency_days": 90.0, "regularization": regularization}


CANDIDATES: Final[Mapping[str, tuple[str, dict[str, object]]]] = {
    "personal frequency, 200 days": ("personal", {"recency_days": 200.0}),
    "implicit ALS": ("als", {}),
    "EASE, λ 100": ("ease", _ease(100.0)),
    "EASE, λ 400": ("ease", _ease(400.0)),
    "personal + EASE λ 200": ("blend", {"ease": _ease(200.0)}),
    "personal + EASE λ 400 (default)": ("blend", {}),
}


def measure(split: Split, name: str, settings: dict[str, object]) -> tuple[float, float]:
    """NDCG over all purchases, and over new ones with bought variants left out."""
    found = []
    for wanted, exclude_seen in (("all", False), ("new", True)):
        lists = recommend(build(name, settings), split, k=K, exclude_seen=exclude_seen, run=Run())
        rows = compare(split, {name: lists}, k=K, seed=0)
        found.append(next(row.ndcg for row in rows if row.slice == wanted))
    return found[0], found[1]


def main() -> None:
    """Measure every candidate at every origin and print the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workspace", type=Path, required=True, help="of Online Retail II")
    workspace = Workspace.open(parser.parse_args().workspace)
    orders, variants = workspace.read(ORDERS), workspace.read(VARIANTS)
    splits = [
        split_at(orders, variants, origin=pd.Timestamp(origin), test_days=TEST_DAYS)
        for origin in ORIGINS
    ]
    table = Table("model", "all", "new", title=f"Mean NDCG@{K} over {', '.join(ORIGINS)}")
    for title, (name, settings) in CANDIDATES.items():
        mean = np.mean([measure(split, name, settings) for split in splits], axis=0)
        table.add_row(title, *(f"{figure:.3f}" for figure in mean))
    Console().print(table)


if __name__ == "__main__":
    main()

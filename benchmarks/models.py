"""Every model at its defaults, side by side on early origins alone.

Prints mean NDCG@20 over the origins, over all purchases with bought variants kept, and over new
ones with bought variants left out, and the seconds of a fit. Defaults were chosen on these origins,
so they show what they were chosen by and not how good a model is: they lie before every origin
that docs/results.md reports.

    python benchmarks/models.py --workspace retail
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from data.tables import EVENTS, ORDERS, VARIANTS
from data.workspace import Workspace
from recsys.evaluation.comparison import compare
from recsys.evaluation.evaluate import recommend
from recsys.evaluation.splits import Split, split_at
from recsys.model import Run
from recsys.registry import MODELS, build

ORIGINS: Final = ("2010-06-07", "2010-07-05", "2010-08-02")
TEST_DAYS: Final = 28
K: Final = 20


def measure(split: Split, name: str) -> tuple[float, float, float]:
    """NDCG over all purchases, over new ones with bought variants left out, seconds of a fit."""
    figures, seconds = [], 0.0
    for wanted, exclude_seen in (("all", False), ("new", True)):
        lists = recommend(build(name), split, k=K, exclude_seen=exclude_seen, run=Run())
        rows = compare(split, {name: lists}, k=K, seed=0)
        figures.append(next(row.ndcg for row in rows if row.slice == wanted))
        seconds = lists.fit_seconds
    return figures[0], figures[1], seconds


def main() -> None:
    """Measure every model at every origin and print the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workspace", type=Path, required=True, help="of Online Retail II")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), help="of them")
    asked = parser.parse_args()
    workspace = Workspace.open(asked.workspace)
    orders, variants = workspace.read(ORDERS), workspace.read(VARIANTS)
    events = workspace.read(EVENTS) if workspace.has(EVENTS) else None
    splits = [
        split_at(orders, variants, events, origin=pd.Timestamp(origin), test_days=TEST_DAYS)
        for origin in ORIGINS
    ]
    title = f"Mean NDCG@{K} over {', '.join(ORIGINS)}"
    table = Table("model", "all", "new", "fit, s", title=title)
    for name in asked.models:
        mean = np.mean([measure(split, name) for split in splits], axis=0)
        table.add_row(name, f"{mean[0]:.4f}", f"{mean[1]:.4f}", f"{mean[2]:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()

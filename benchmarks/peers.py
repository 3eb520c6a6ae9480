"""RecTools and LensKit beside our models: one split, the same figures, one table.

The peers hold back numpy and pandas, so they run in an environment of their own, which `make
bench-peers` makes. They learn from the distinct pairs of customer and variant before the origin,
at their own defaults (64 factors, as ours), and their lists come back as a file; all figures are
computed here. Our models run at their defaults too, which were chosen on the origin that is
measured unless another is named: an origin after them is the fairer one.

    python benchmarks/peers.py --workspace retail --peers .venv-peers/bin/python
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Iterator
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
from recsys.evaluation.lists import Lists
from recsys.evaluation.splits import Split, split_at
from recsys.interactions import DAY
from recsys.model import Run
from recsys.registry import build

OURS: Final = ("atelier", "ease", "als", "item_item", "popularity")
PEERS: Final = Path(__file__).with_name("peers_lists.py")
TEST_DAYS: Final = 28
K: Final = 20
MOST_SECONDS: Final = 1800
"""Time that all peers together may take."""


def export(split: Split, folder: Path) -> None:
    """What the peers learn from, for whom they rank, and what they may show."""
    train = split.train
    lines = pd.DataFrame(
        {
            "customer": train.customers[train.customer],
            "variant": train.variants[train.variant],
            "at": train.as_of - (train.age * (DAY / np.timedelta64(1, "us"))).astype("m8[us]"),
        }
    )
    pairs = lines.drop_duplicates(["customer", "variant"], keep="last")
    pairs.to_csv(folder / "train.csv", index=False)
    customers = pd.Series(train.customers[split.customers], name="customer")
    customers.to_csv(folder / "customers.csv", index=False)
    shown = pd.Series(train.variants[split.on_sale], name="variant")
    shown.to_csv(folder / "variants.csv", index=False)


def peers_lists(split: Split, python: Path) -> Iterator[tuple[str, bool, Lists]]:
    """Each peer's name, whether bought variants were left out, and its lists."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        export(split, folder)
        subprocess.run([python, PEERS, folder, str(K)], check=True, timeout=MOST_SECONDS)
        for told in json.loads((folder / "models.json").read_text()):
            yield told["model"], told["exclude_seen"], imported(split, folder, told)


def imported(split: Split, folder: Path, told: dict[str, object]) -> Lists:
    """A peer's lists, as ours."""
    lists = pd.read_csv(folder / str(told["file"]), dtype={"customer": str, "variant": str})
    people = pd.Index(split.train.customers[split.customers])
    row = people.get_indexer(pd.Index(lists["customer"]))
    variant = pd.Index(split.train.variants).get_indexer(pd.Index(lists["variant"]))
    rank = lists["rank"].to_numpy()
    order = np.lexsort((rank, row))
    return Lists(
        row=row[order],
        variant=variant[order],
        rank=rank[order],
        score=-rank[order].astype(np.float32),
        fit_seconds=float(str(told["fit_seconds"])),
        score_seconds=float(str(told["score_seconds"])),
    )


def our_lists(split: Split) -> Iterator[tuple[str, bool, Lists]]:
    """The same of our models."""
    for name in OURS:
        for exclude_seen in (False, True):
            yield (
                f"atelier {name}",
                exclude_seen,
                recommend(build(name), split, k=K, exclude_seen=exclude_seen, run=Run(threads=1)),
            )


def main() -> None:
    """Run the peers and ours, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--peers", type=Path, required=True, help="Python of their environment")
    parser.add_argument("--origin", default="2010-08-02", help="first day of the test window")
    asked = parser.parse_args()
    workspace = Workspace.open(asked.workspace)
    events = workspace.read(EVENTS) if workspace.has(EVENTS) else None
    split = split_at(
        workspace.read(ORDERS),
        workspace.read(VARIANTS) if workspace.has(VARIANTS) else pd.DataFrame(),
        events,
        origin=pd.Timestamp(asked.origin),
        test_days=TEST_DAYS,
    )
    table = Table(
        "model", title=f"NDCG@{K}, {len(split.customers):,} customers from {asked.origin} on"
    )
    for heading in ("all", "new, bought left out", "fit s", "rank s"):
        table.add_column(heading, justify="right")
    found: dict[str, dict[bool, Lists]] = {}
    for source in (our_lists(split), peers_lists(split, asked.peers.absolute())):
        for name, exclude_seen, lists in source:
            found.setdefault(name, {})[exclude_seen] = lists
    for name, lists in found.items():
        figures = [
            next(
                row.ndcg
                for row in compare(split, {name: lists[exclude_seen]}, k=K, seed=0)
                if row.slice == wanted
            )
            for wanted, exclude_seen in (("all", False), ("new", True))
        ]
        seconds = (lists[False].fit_seconds, lists[False].score_seconds)
        table.add_row(name, *(f"{x:.4f}" for x in figures), *(f"{x:.2f}" for x in seconds))
    Console().print(table)


if __name__ == "__main__":
    main()

"""What lists showed: the log's cost, the figures of a workspace, and how often they mislead.

With `--workspace`, on a copy of it that logs every plain list: each of its customers asks for a
list, and 60 visitors whom nobody knows, every third of them twice. Printed are what the log costs
(to put a list aside, to write it, bytes of the store) and what was shown.

With `--logs`, simulated logs that treat all groups alike, two figures each (lists with a response,
exposure of a category): how often the interval of the lowest over the highest group holds 1, by
the interval that allows for all pairs, and by the percentile interval of the same two groups.

    python benchmarks/shown.py --workspace workspace
    PYTHONPATH=. python benchmarks/shown.py --logs 1000
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Final

import httpx
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy import sparse
from threadpoolctl import threadpool_limits

from api.cli.app import app as program
from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.settings import load_settings
from data.store.served import served_lists
from data.tables import ORDERS
from recsys.evaluation.bootstrap import interval
from recsys.evaluation.groups import ENOUGH
from recsys.evaluation.shown.differences import Rates, greatest_gap, resampled_rates
from tests.recsys.evaluation.shown.logs import drawn

VISITORS: Final = 60
GROUPS: Final = {
    "2 of 60 customers": [60, 60],
    "5 of 40 to 80": [40, 50, 60, 70, 80],
    "10 of 35": [35] * 10,
}


async def asked(engine: Engine, customers: Sequence[str]) -> bytes:
    """Each customer's list, one after the other, through the whole application; the last one."""
    transport = httpx.ASGITransport(create_app(engine))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        for customer in customers:
            answer = await client.get(f"/v1/customers/{customer}/recommendations")
            answer.raise_for_status()
    return answer.content


def costs(engine: Engine, folder: Path) -> Table:
    """What the log costs a list: put aside, written, and kept."""
    customers = engine.snapshot().recommender.interactions.customers.tolist()
    body = asyncio.run(asked(engine, customers[:1]))
    engine.plain_log.flush()
    count = 4_000
    began = process_time()
    for place in range(count):
        engine.plain_log.put(customers[place % len(customers)], body)
    put = (process_time() - began) / count
    before, began = size(folder), process_time()
    engine.plain_log.flush()
    written = (process_time() - began) / count
    table = Table("a plain list in the log", "", title=f"{count:,} lists of {len(body):,} bytes")
    table.add_row("to put aside, µs of CPU", f"{put * 1e6:.1f}")
    table.add_row("to write, µs of CPU", f"{written * 1e6:.0f}")
    table.add_row("in the store, bytes", f"{(size(folder) - before) / count:,.0f}")
    with engine.store.database.engine.begin() as connection:
        connection.execute(served_lists.delete())
    return table


def size(folder: Path) -> int:
    """Bytes of the store's file, once all is in it."""
    with open_engine(folder, load_settings(folder)) as other:
        raw = other.store.database.engine.raw_connection()
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()
    return (folder / "atelier.db").stat().st_size


def of_workspace(workspace: Path, console: Console) -> None:
    """Costs and figures of a copy that logs every list."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(shutil.copytree(workspace, Path(folder) / "workspace"))
        settings = load_settings(root, log_lists=1.0)
        with open_engine(root, settings) as engine:
            console.print(costs(engine, root))
            known = sorted(engine.workspace.read(ORDERS)["customer_id"].dropna().unique().tolist())
            visitors = [f"visitor {number}" for number in range(VISITORS)]
            every = [*known, *visitors]
            asyncio.run(asked(engine, [*every, *every[::3]]))
            engine.plain_log.flush()
        program(["evaluate", "shown", "--by", "fallback", "--by", "region",
                 "--workspace", str(root)], standalone_mode=False)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counted:
    """What counts for a rate: (N,) each row's group, customer, and part of both sums."""

    group: NDArray[np.integer]
    customer: NDArray[np.integer]
    above: NDArray[np.float64]
    below: NDArray[np.float64]

    def rates(self, groups: int, *, seed: int) -> Rates:
        """Each group's quotient of sums, by customers drawn."""
        shape = (groups, int(self.customer.max()) + 1)
        place = (self.group, self.customer)
        above, below = (sparse.csr_array((one, place), shape=shape)
                        for one in (self.above, self.below))  # fmt: skip
        return resampled_rates(above, below, seed=seed)


def held(groups: Sequence[int], logs: int) -> tuple[float, float]:
    """Shares of figures of fair logs of which either interval holds 1."""
    by_pairs, by_percentile = [], []
    sizes, names = np.array(groups), tuple(f"g{place}" for place in range(len(groups)))
    alike = len(groups)
    for seed in range(logs):
        shown, by, kinds = drawn(seed, groups=groups, chances=[0.4] * alike, respond=[0.3] * alike)
        first = (kinds.code[shown.variant] == 0) * shown.discount
        for counted in (
            Counted(by.code, shown.customer, shown.responded, np.ones(len(shown.customer))),
            Counted(by.code[shown.row], shown.customer[shown.row], first, shown.discount),
        ):
            rates = counted.rates(alike, seed=seed)
            gap = greatest_gap("rate", names, rates, sizes, ENOUGH)
            if gap is None:
                continue
            low, high = names.index(gap.lowest), names.index(gap.highest)
            by_pairs.append((gap.ratio.high or np.inf) >= 1)
            by_percentile.append(interval(rates.draws[:, low] / rates.draws[:, high]).high >= 1)
    return float(np.mean(by_pairs)), float(np.mean(by_percentile))


def fair_logs(logs: int) -> Table:
    """How often either interval is right of logs that treat all groups alike."""
    table = Table("groups", "all pairs at once", "percentile", title=f"{2 * logs:,} figures each")
    for name, groups in GROUPS.items():
        by_pairs, by_percentile = held(groups, logs)
        table.add_row(name, f"{by_pairs:.1%}", f"{by_percentile:.1%}")
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--workspace", type=Path, help="trained, with orders; it is copied")
    parser.add_argument("--logs", type=int, default=0)
    chosen = parser.parse_args()
    console = Console(width=110)
    with threadpool_limits(1):
        if chosen.workspace:
            of_workspace(chosen.workspace, console)
        if chosen.logs:
            console.print(fair_logs(chosen.logs))


if __name__ == "__main__":
    main()

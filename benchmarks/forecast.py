"""How long the default forecast takes: many variants, and AutoETS of statsforecast beside it.

Draws weekly orders of two years: intermittent, seasonal, some variants launched on the way, in
styles and categories with colours and prices. No customers are drawn, so preferences play no part.
Prints CPU seconds, those a series, and the peak of memory. With --peer it also runs AutoETS
(Hyndman et al. 2002; three intervals and the mean) on some of the same series, in an environment of
its own, after one series that lets it compile; all CPU seconds are of one run on one thread.

    python benchmarks/forecast.py --variants 100000
    python benchmarks/forecast.py --variants 10000 --peer .venv-forecasters/bin/python
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from production.demand.forecasters import DEFAULT, make_forecaster
from production.demand.history import DemandPanel
from production.demand.settings import DemandSettings

WEEKS = 104
HORIZON = 4
PEER = Path(__file__).with_name("forecast_peer.py")
MOST_SECONDS = 1800
"""Time that the peer may take."""


def drawn(variants: int, seed: int = 0) -> DemandPanel:
    """A panel of generated orders; O(variants x WEEKS)."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"v{place:07d}" for place in range(variants)], dtype=object)
    style = np.sort(rng.integers(0, max(1, variants // 3), variants)).astype(np.int32)
    category = rng.integers(0, 12, variants)
    first = np.where(rng.random(variants) < 0.3, rng.integers(0, WEEKS - 2, variants), 0)
    pace = np.exp(rng.normal(-0.3, 1.2, variants))  # lines a week
    season = 1 + 0.4 * np.sin(2 * np.pi * (np.arange(WEEKS) / 52 + category[:, None] / 12))
    lines = rng.poisson(pace[:, None] * season).astype(float)
    lines[np.arange(WEEKS) < first[:, None]] = 0
    lines[np.arange(variants), first] += 1
    units = np.where(lines > 0, rng.negative_binomial(1.5 * np.maximum(lines, 1), 0.2) + lines, 0.0)
    price = np.round(np.exp(rng.normal(2.5, 0.6, variants)), 2)
    colours = np.array(["red", "blue", "green", "black", "white"], dtype=object)
    names = np.array([f"category {place}" for place in range(12)], dtype=object)
    start = np.datetime64("2023-01-02")
    return DemandPanel(
        variants=ids,
        style=style,
        styles=np.array([f"s{place:07d}" for place in range(style.max() + 1)], dtype=object),
        group=category.astype(np.int32),
        groups=names,
        periods=start + 7 * np.arange(WEEKS),
        units=units,
        lines=lines,
        price=np.repeat(price[:, None], WEEKS, axis=1),
        first_period=first.astype(np.int32),
        market=None,
        settings=DemandSettings(),
        attributes=pd.DataFrame(
            {
                "style_id": np.array([f"s{place:07d}" for place in style], dtype=object),
                "price": price,
                "category": names[category],
                "colour": colours[rng.integers(0, 5, variants)],
            },
            index=pd.Index(ids, name="variant_id"),
        ),
    )


def peer_seconds(panel: DemandPanel, python: str, count: int) -> list[dict[str, float]]:
    """Season, series and CPU seconds of each run of AutoETS on some of the series."""
    with tempfile.TemporaryDirectory() as folder:
        some = np.sort(np.random.default_rng(1).permutation(len(panel.variants))[:count])
        pd.DataFrame(panel.units[some]).to_csv(Path(folder) / "units.csv", index=False)
        done = subprocess.run(
            [python, str(PEER), folder, str(HORIZON)],
            check=True, capture_output=True, text=True, timeout=MOST_SECONDS,
            env={**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
        )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    """Draw, forecast, and print the table."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked.add_argument("--variants", type=int, default=10_000)
    asked.add_argument("--peer", metavar="PYTHON", help="a Python that has statsforecast")
    asked.add_argument("--peer-series", type=int, default=200)
    told = asked.parse_args()
    panel = drawn(told.variants)
    book = panel.backtest(horizon=HORIZON)
    wall, cpu = perf_counter(), process_time()
    with threadpool_limits(1):
        found = book.forecast(make_forecaster(DEFAULT), panel.end)
    wall, cpu = perf_counter() - wall, process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    table = Table("method", "series", "CPU s", "ms a series", "ratio")
    own = 1000 * cpu / len(found.variants)
    table.add_row(DEFAULT, f"{len(found.variants):,}", f"{cpu:.1f}", f"{own:.2f}", "1")
    if told.peer:
        for run in peer_seconds(panel, told.peer, told.peer_series):
            theirs = 1000 * run["cpu_seconds"] / run["series"]
            table.add_row(f"AutoETS, season {run['season']}", f"{run['series']:,}",
                          f"{run['cpu_seconds']:.1f}", f"{theirs:.2f}",
                          f"{theirs / own:.1f}")  # fmt: skip
    console = Console()
    console.print(table)
    console.print(f"{wall:.0f} s by the clock, {peak:.2f} GiB at most")


if __name__ == "__main__":
    main()

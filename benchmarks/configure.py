"""Models of products: reading beside flamapy, every choice's answer, and random customers.

For each model: seconds to read it and to compile it, which here finds core and dead features too;
how long a choice takes to be answered in full; and random customers, who choose until nothing is
open (or for --most-choices) and whose completed products are checked by an evaluator that knows no
solver. With --peer, flamapy reads and judges the same model in the same run, in an environment of
its own. Models of the test data, by their file names, are taken from --models.

    python benchmarks/configure.py --models ../shared/data/feature_models
    python benchmarks/configure.py --models … --peer .venv-configurators/bin/python
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from production.configuration.audit import audit
from production.configuration.checking import faults
from production.configuration.product import Product
from production.configuration.solving.counting import decimal_logarithm

PEER = Path(__file__).with_name("configure_peer.py")
COMPARED = ("automotive02_01.uvl", "busybox.uvl", "uClibc.uvl")
"""Models that the peer reads too: those without numbers and texts, of a size that takes time."""
MOST_SECONDS = 1800
"""Time that the peer may take."""


@dataclass(frozen=True)
class Walks:
    """What random customers met.

    Attributes:
        seconds: of every answer to a choice, by the clock.
        cpu: likewise, of the processor.
        dead_ends: choices that had been called open and were then impossible.
        invalid: completed products that break their model.
        sessions: how many customers.
    """

    seconds: list[float]
    cpu: list[float]
    dead_ends: int
    invalid: int
    sessions: int


def walks(product: Product, sessions: int, most_choices: int, seed: int) -> Walks:
    """Random customers: each takes or rules out one open option after the other."""
    rng = random.Random(seed)  # noqa: S311  # nothing here is secret
    seconds, cpu, dead_ends, invalid = [], [], 0, 0
    for _ in range(sessions):
        choices: list[str] = []
        for _ in range(most_choices):
            began, worked = perf_counter(), process_time()
            state = product.state(product.choices(choices))
            if choices:
                seconds.append(perf_counter() - began)
                cpu.append(process_time() - worked)
            dead_ends += not state.valid
            if not state.open or not state.valid:
                break
            choices.append(rng.choice(("", "!")) + rng.choice(state.open))
        said = product.choices(choices)
        whole = product.complete(said)
        kept = all((one.literal > 0) == (one.feature in whole.selected) for one in said)
        invalid += bool(faults(product.model, whole)) or not kept
    return Walks(seconds, cpu, dead_ends, invalid, sessions)


def peer_figures(python: str, path: Path) -> dict[str, Any]:
    """What flamapy says of a model."""
    done = subprocess.run(
        [python, str(PEER), str(path)],
        check=True, capture_output=True, text=True, timeout=MOST_SECONDS,
    )  # fmt: skip
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Measure every model of the folder and print the tables."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked.add_argument("--models", type=Path, required=True, metavar="DIR")
    asked.add_argument("--sessions", type=int, default=2_000, help="over all models together")
    asked.add_argument("--most-choices", type=int, default=60)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--peer", metavar="PYTHON", help="a Python that has flamapy")
    told = asked.parse_args()
    paths = sorted(told.models.glob("*.uvl"))
    if not paths:
        sys.exit(f"No models in {told.models}.")
    read = Table("model", "features", "seconds", "CPU s", "core", "dead", "configurations",
                 "count s", "flamapy CPU s", "ratio", "equal")  # fmt: skip
    chosen = Table("model", "customers", "answers", "p50 ms", "p95 ms", "p95 CPU ms", "most ms",
                   "dead ends", "invalid")  # fmt: skip
    for place, path in enumerate(paths):
        began, worked = perf_counter(), process_time()
        product = Product.read(path)
        seconds, worked = perf_counter() - began, process_time() - worked
        judged = audit(product.guide)
        counted = perf_counter() - began - seconds
        peer = ["", "", ""]
        if told.peer and path.name in COMPARED:
            theirs = peer_figures(told.peer, path)
            total = theirs["read"] + theirs["compile"] + theirs["judge"]
            same = sorted(judged.core) == theirs["core"] and sorted(judged.dead) == theirs["dead"]
            peer = [f"{total:.1f}", f"{total / worked:.0f}", "yes" if same else "NO"]
        count = judged.configurations
        shown = "not counted" if count is None else f"10^{decimal_logarithm(count):.2f}"
        read.add_row(path.name, f"{len(product.model.features):,}", f"{seconds:.3f}",
                     f"{worked:.3f}", f"{len(judged.core):,}", str(len(judged.dead)), shown,
                     f"{counted:.2f}", *peer)  # fmt: skip
        share = told.sessions // len(paths) + (place < told.sessions % len(paths))
        met = walks(product, share, told.most_choices, told.seed)
        p50, p95, most = 1000 * np.percentile(met.seconds, [50, 95, 100])
        cpu = 1000 * np.percentile(met.cpu, 95)
        chosen.add_row(path.name, f"{share:,}", f"{len(met.seconds):,}", f"{p50:.2f}",
                       f"{p95:.2f}", f"{cpu:.2f}", f"{most:.1f}", str(met.dead_ends),
                       str(met.invalid))  # fmt: skip
    console = Console(width=140)
    console.print(read)
    console.print(chosen)


if __name__ == "__main__":
    main()

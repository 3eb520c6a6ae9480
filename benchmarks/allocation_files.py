"""The whole command `atelier plan --demand …` on generated files: CPU, wall clock and memory.

python benchmarks/allocation_files.py --variants 100000 --resources 20
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from pathlib import Path
from subprocess import run
from time import perf_counter

import numpy as np
import pandas as pd
from allocation_cases import drawn

LEVELS = range(5, 100, 5)


def write(folder: Path, variants: int, resources: int) -> list[str]:
    """Four files in which every variant takes of every resource, and the flags that name them."""
    random = np.random.default_rng(1)
    task = drawn(variants, resources)
    quantiles = np.sort(random.lognormal(3.0, 0.7, (variants, len(LEVELS))), axis=1).round(3)
    demand = pd.DataFrame(quantiles, columns=[f"q{level:02d}" for level in LEVELS])
    demand.insert(0, "variant_id", task.variants)
    demand["underage_cost"] = task.underage.round(2) + 0.01
    demand["overage_cost"] = task.overage.round(2) + 0.01
    amount = random.uniform(0.2, 2.0, (variants, resources)).round(4)
    usage = pd.DataFrame(
        {
            "variant_id": np.repeat(task.variants, resources),
            "resource_id": np.tile(task.resources.ids, variants),
            "amount": amount.ravel(),
        }
    )
    capacity = 0.9 * (amount * quantiles.mean(axis=1)[:, None]).sum(axis=0)
    lots = pd.DataFrame(
        {
            "variant_id": task.variants,
            "minimum": random.integers(0, 3, variants),
            "multiple": random.choice([1, 2, 5], variants),
            "maximum": random.integers(50, 200, variants),
            "on_hand": random.integers(0, 5, variants),
        }
    )
    tables = {
        "demand": demand,
        "resources": pd.DataFrame({"resource_id": task.resources.ids, "capacity": capacity}),
        "usage": usage,
        "lots": lots,
    }
    flags = []
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
        flags += [f"--{name}", str(folder / f"{name}.csv")]
    return flags


def main() -> None:
    """Write the files, run the command once, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variants", type=int, default=100_000)
    parser.add_argument("--resources", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        flags = write(folder, asked.variants, asked.resources)
        program = "import sys; from api.cli import main; main(sys.argv[1:])"
        outputs = ["--out", str(folder / "plan.csv"), "--json", str(folder / "summary.json")]
        began = perf_counter()
        run([sys.executable, "-c", program, "plan", *flags, *outputs], check=True)
        wall = perf_counter() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    print(
        f"{asked.variants:,} x {asked.resources}: {wall:.1f} s, "
        f"{used.ru_utime + used.ru_stime:.1f} s of CPU, {used.ru_maxrss / 1024:,.0f} MB, "
        f"gap {summary['gap']:.1e}, {summary['status']}"
    )


if __name__ == "__main__":
    main()

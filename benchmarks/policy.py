"""Estimates of a policy from simulated logs whose answer is known.

Draws many logs of one market and estimates the same policy from each: how far the mean lies from
the truth, how much the estimates vary, and how often their 95 % intervals hold the truth. Then one
long log with wrong propensities and one with a wrong reward model.

    python benchmarks/policy.py --logs 2000
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from recsys.evaluation.policy.estimates import METHODS, PolicyValue, estimate
from recsys.evaluation.policy.simulation import LISTS_EACH, Shop, shop


def main() -> None:
    """Print a table of many logs and one of two long logs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=2000)
    parser.add_argument("--customers", type=int, default=250)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    market, random = shop(options.seed, additive=False), np.random.default_rng(options.seed)
    found = [estimate(market.log(options.customers, random)) for _ in range(options.logs)]
    console = Console(width=110)
    console.print(_many(market, found, options.customers * LISTS_EACH))
    console.print(_long(options.seed))


def _many(market: Shop, found: Sequence[PolicyValue], lists: int) -> Table:
    table = Table(title=f"{len(found)} logs of {lists} lists, truth {market.truth:.4f} a list")
    for name in ("estimate", "mean", "bias", "spread", "95 % interval holds the truth"):
        table.add_column(name, justify="right")
    for method in METHODS:
        rows = [one.estimates[method] for one in found]
        middle = np.array([one.value for one in rows])
        held = np.mean(
            [one.interval.low <= market.truth <= one.interval.high for one in rows], dtype=float
        )
        bias, error = middle.mean() - market.truth, middle.std() / np.sqrt(len(rows))
        table.add_row(
            method,
            f"{middle.mean():.4f}",
            f"{bias:+.4f} ± {2 * error:.4f}",
            f"{middle.std():.4f}",
            f"{held:.3f}",
        )
    return table


def _long(seed: int) -> Table:
    table = Table(title="One log of 40,000 lists: value less truth")
    for name in ("estimate", "wrong propensities", "wrong reward model"):
        table.add_column(name, justify="right")
    errors = []
    for additive in (True, False):
        market = shop(seed, additive=additive)
        stated = 0.5 * market.logging + 0.5 / market.logging.shape[2] if additive else None
        task = market.log(20_000, np.random.default_rng(seed), stated=stated)
        errors.append((market.truth, estimate(task)))
    for method in METHODS:
        cells = (found.estimates[method].value - truth for truth, found in errors)
        table.add_row(method, *(f"{cell:+.4f}" for cell in cells))
    return table


if __name__ == "__main__":
    main()

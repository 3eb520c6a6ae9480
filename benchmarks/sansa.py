"""SANSA at catalogues where EASE's matrix does not fit: seconds and memory of a fit.

Customers are random but not alike: each has a theme of 100 variants, where most of their lines
lie, and takes the rest from the whole catalogue; within both few variants are taken much
(Zipf's law). A fit is one process on one thread, so the memory is that of the whole process at its
peak, with the lines and their ids.

    python benchmarks/sansa.py --variants 200000 --variants 1000000
"""

from __future__ import annotations

import argparse
import resource
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from time import perf_counter, process_time
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.model import Run
from recsys.models.sansa import Sansa

THEME: Final = 100
"""Variants of a theme."""

OWN_SHARE: Final = 0.7
"""Part of a customer's lines that lie in their theme."""

EXPONENT: Final = 0.8
"""Of Zipf's law: the variant at place r is taken in proportion to r^-EXPONENT."""

REQUESTS: Final = 20
"""Customers that are scored one by one."""


class Measured(NamedTuple):
    """What one fit took."""

    fit_seconds: float
    fit_cpu_seconds: float
    request_milliseconds: float
    weights: int
    mended: int
    peak_gigabytes: float


def by_zipf(count: int, size: int, random: np.random.Generator) -> NDArray[np.int64]:
    """(size,) int64: places from 0 to count, the first ones drawn the most."""
    heights = np.cumsum(np.arange(1, count + 1) ** -EXPONENT)
    places: NDArray[np.int64] = np.searchsorted(heights, random.random(size) * heights[-1])
    return places


def make_lines(variants: int, customers: int, lines: int, seed: int) -> Interactions:
    """So many lines of each customer, within a year."""
    random = np.random.default_rng(seed)
    customer = np.repeat(np.arange(customers), lines)
    themes = -(-variants // THEME)
    theme = random.integers(themes, size=customers)[customer]
    own = np.minimum(theme + themes * by_zipf(THEME, len(customer), random), variants - 1)
    any_of_all = by_zipf(variants, len(customer), random)
    ones = np.ones(len(customer))
    return Interactions.from_arrays(
        customers=np.array([f"c{place:07}" for place in range(customers)], dtype=object),
        variants=np.array([f"v{place:07}" for place in range(variants)], dtype=object),
        customer=customer,
        variant=np.where(random.random(len(customer)) < OWN_SHARE, own, any_of_all),
        age=random.uniform(0, 365, len(customer)),
        quantity=ones,
        weight=ones,
        as_of=np.datetime64("2024-06-01", "us"),
    )


def measure(variants: int, asked: argparse.Namespace) -> Measured:
    """Fit once and answer some requests."""
    lines = make_lines(variants, int(variants * asked.customers), asked.lines, asked.seed)
    catalogue = Catalogue.of(lines.variants)
    settings = {"neighbours": asked.neighbours, "width": asked.width}
    begun, worked = perf_counter(), process_time()
    sansa = Sansa.build(settings).fit(lines, catalogue, Run(threads=1))
    fitted, cpu = perf_counter(), process_time() - worked
    histories = [lines.take(np.array([customer])) for customer in range(REQUESTS)]
    taken = perf_counter()
    for history in histories:
        sansa.score(history)
    answered = perf_counter()
    state = sansa.state()
    return Measured(
        fitted - begun,
        cpu,
        (answered - taken) / REQUESTS * 1e3,
        len(state["weights"]),
        int(state["mended"][0]),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--variants", type=int, action="append")
    parser.add_argument("--customers", type=float, default=0.5, help="for each variant")
    parser.add_argument("--lines", type=int, default=20, help="of each customer")
    parser.add_argument("--neighbours", type=int, default=40)
    parser.add_argument("--width", type=int, default=80)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    asked.variants = asked.variants or [20_000, 200_000]
    return asked


def main() -> None:
    """Measure every size in a process of its own, and print a table."""
    asked = arguments()
    table = Table(title=f"SANSA, {asked.neighbours} neighbours of {asked.width}, one thread")
    for heading in (
        "variants",
        "lines",
        "weights",
        "mended",
        "fit, s",
        "CPU, s",
        "request, ms",
        "peak, GB",
    ):
        table.add_column(heading, justify="right")
    for variants in asked.variants:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            found = alone.submit(measure, variants, asked).result()
        table.add_row(
            f"{variants:,}",
            f"{int(variants * asked.customers) * asked.lines:,}",
            f"{found.weights:,}",
            f"{found.mended:,}",
            f"{found.fit_seconds:.1f}",
            f"{found.fit_cpu_seconds:.1f}",
            f"{found.request_milliseconds:.1f}",
            f"{found.peak_gigabytes:.2f}",
        )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()

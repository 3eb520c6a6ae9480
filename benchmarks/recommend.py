"""Batch recommendation: our ranking beside implicit's, and beside what the machine can do at all.

Both rank the same factors for the same customers and leave out what each has bought. The bound
is the matrix product alone, in blocks as large as ours, into memory that is already there:
nothing that scores every variant can be faster. The three take turns, and each one's best time
counts, so that what disturbs the machine disturbs all alike.

    python benchmarks/recommend.py --size 20000x50000x128 --threads 2
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from recsys.interactions import Interactions
from recsys.products import best_products, block_rows

SIZES = ("10000x5000x64", "10000x20000x64", "8000x50000x128")

NEAR = 1e-5
"""Two variants whose scores differ by less, as a part of the score, may change places: float32
rounds a product by about as much, and blocks of another size round it otherwise."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is ranked.

    Attributes:
        users: (U, F) float32.
        items: (V, F) float32.
        histories: what each customer has bought.
        k: length of a list.
        threads: threads that each contender may use.
    """

    users: NDArray[np.float32]
    items: NDArray[np.float32]
    histories: Interactions
    k: int
    threads: int

    @classmethod
    def of(cls, size: str, chosen: argparse.Namespace) -> Case:
        """Random factors and histories of a size, written customers x variants x factors."""
        customers, variants, factors = map(int, size.split("x"))
        random = np.random.default_rng(chosen.seed)
        return cls(
            users=random.normal(size=(customers, factors)).astype(np.float32),
            items=random.normal(size=(variants, factors)).astype(np.float32),
            histories=make_histories(customers, variants, chosen.lines, chosen.seed),
            k=chosen.k,
            threads=chosen.threads,
        )


def make_histories(customers: int, variants: int, lines: int, seed: int) -> Interactions:
    """Lines of random customers; few variants take most of them, as in any shop."""
    random = np.random.default_rng(seed)
    total = customers * lines
    skewed = (variants * random.random(total) ** 3).astype(np.int64)
    return Interactions.from_arrays(
        customers=np.array([f"{number:08}" for number in range(customers)], dtype=object),
        variants=np.array([f"{number:08}" for number in range(variants)], dtype=object),
        customer=np.repeat(np.arange(customers), lines),
        variant=skewed,
        age=365 * random.random(total),
        quantity=np.ones(total),
        weight=np.ones(total),
        as_of=np.datetime64("2024-01-01", "us"),
    )


def product_alone(case: Case) -> Callable[[], object]:
    """Every customer's score of every variant, over the one before."""
    size = block_rows(len(case.items))
    board = np.empty((min(size, len(case.users)), len(case.items)), dtype=np.float32)

    def work() -> None:
        for start in range(0, len(case.users), size):
            block = case.users[start : start + size]
            np.matmul(block, case.items.T, out=board[: len(block)])

    return work


def ours(case: Case) -> NDArray[np.int32]:
    """(U, k) positions of variants, by our ranking."""
    ranked = best_products(
        case.users, case.items, case.k, seen=case.histories, threads=case.threads
    )
    return ranked.variants.reshape(-1, case.k)


def implicits(case: Case) -> Callable[[], NDArray[np.int32]]:
    """The same by implicit's own batch call."""
    bought = case.histories.matrix()
    everyone = np.arange(len(case.users))
    with threadpool_limits(1, user_api="blas"):  # or it warns of BLAS's threads beside its own
        model = AlternatingLeastSquares(
            factors=case.items.shape[1], num_threads=case.threads, random_state=0
        )
    model.user_factors, model.item_factors = case.users, case.items

    def work() -> NDArray[np.int32]:
        with threadpool_limits(1, user_api="blas"):  # as implicit asks; its own threads run
            ids, _ = model.recommend(everyone, bought, N=case.k, filter_already_liked_items=True)
        return np.asarray(ids, dtype=np.int32)

    return work


def best_times(
    works: dict[str, Callable[[], object]], repeats: int, clock: Callable[[], float]
) -> dict[str, float]:
    """The fastest of each work's runs, in seconds of a clock; the works take turns."""
    seconds = dict.fromkeys(works, np.inf)
    for _ in range(repeats):
        for name, work in works.items():
            begun = clock()
            work()
            seconds[name] = min(seconds[name], clock() - begun)
    return seconds


def compared(case: Case, mine: NDArray[np.int32], theirs: NDArray[np.int32]) -> str:
    """In how many lists every place agrees, and where not, by how much the scores differ."""
    row, place = np.nonzero(mine != theirs)
    users = case.users[row].astype(np.float64)
    left, right = (
        np.einsum("nf,nf->n", users, case.items[lists[row, place]].astype(np.float64))
        for lists in (mine, theirs)
    )
    apart = np.abs(left - right) > NEAR * np.abs(left)
    same = (mine == theirs).all(axis=1).sum()
    near = len(np.setdiff1d(row, row[apart]))
    return (
        f"{same:,} of {len(mine):,} lists agree in every place; {near:,} more differ by ties "
        f"within {NEAR:g} of the score; {len(np.unique(row[apart])):,} differ by more"
    )


def measure(case: Case, chosen: argparse.Namespace, console: Console) -> None:
    """Measure one size, compare the lists, print the table."""
    works: dict[str, Callable[[], object]] = {
        "matrix product alone": product_alone(case),
        "atelier": lambda: ours(case),
        "implicit": implicits(case),
    }
    clock = process_time if chosen.cpu else perf_counter
    with threadpool_limits(case.threads, user_api="blas"):
        seconds = best_times(works, chosen.repeats, clock)
        told = compared(case, ours(case), implicits(case)())
    customers, (variants, factors) = len(case.users), case.items.shape
    bound = seconds["matrix product alone"]
    table = Table(
        title=f"{customers:,} customers x {variants:,} variants x {factors} factors, "
        f"top {case.k}, {case.threads} thread(s)"
    )
    for heading in (
        "",
        "CPU seconds" if chosen.cpu else "seconds",
        "customers/s",
        "of the bound",
        "against implicit",
    ):
        table.add_column(heading, justify="right" if heading else "left")
    for name, taken in seconds.items():
        table.add_row(
            name,
            f"{taken:.3f}",
            f"{customers / taken:,.0f}",
            f"{bound / taken:.0%}",
            f"{seconds['implicit'] / taken:.2f}x",
        )
    console.print(table)
    speed = 2 * customers * variants * factors / bound / 1e9
    console.print(f"{told}; the product ran at {speed:.0f} GFLOP/s\n")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--size", action="append", help="customers x variants x factors, as 10000x5000x64"
    )
    parser.add_argument("--lines", type=int, default=30, help="order lines a customer")
    parser.add_argument("-k", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cpu", action="store_true", help="count CPU time, on a busy machine")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    chosen.size = chosen.size or list(SIZES)
    if any(int(size.split("x")[1]) < chosen.lines + chosen.k for size in chosen.size):
        parser.error("the variants must be at least --lines plus -k, or no list can be full")
    return chosen


def main() -> None:
    """Measure each size."""
    chosen, console = arguments(), Console()
    for size in chosen.size:
        measure(Case.of(size, chosen), chosen, console)


if __name__ == "__main__":
    main()

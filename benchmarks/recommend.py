"""Batch recommendation: our ranking beside implicit's, and beside what the machine can do at all.

Both rank the same factors for the same customers and leave out what each has bought. The bound
is the matrix product alone, in the same batches: nothing that scores every variant can be faster.

    python benchmarks/recommend.py --customers 20000 --variants 10000 --factors 64
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from time import perf_counter

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys.interactions import Interactions
from recsys.ranking import BATCH_CELLS, showable, top


def make_histories(customers: int, variants: int, lines: int, seed: int) -> Interactions:
    """Lines of random customers; few variants take most of them, as in any shop."""
    random = np.random.default_rng(seed)
    total = customers * lines
    skewed = (variants * random.random(total) ** 3).astype(np.int64)
    return Interactions.from_arrays(
        customers=np.arange(customers).astype(str).astype(object),
        variants=np.array([f"{number:08}" for number in range(variants)], dtype=object),
        customer=np.repeat(np.arange(customers), lines),
        variant=skewed,
        age=np.zeros(total),
        quantity=np.ones(total),
        weight=np.ones(total),
        as_of=np.datetime64("2024-01-01", "us"),
    )


def batches(customers: int, variants: int) -> list[NDArray[np.int64]]:
    """Positions of customers, as many at a time as the ranking takes."""
    size = max(1, BATCH_CELLS // variants)
    return [np.arange(start, min(start + size, customers)) for start in range(0, customers, size)]


def product_alone(users: NDArray[np.float32], items: NDArray[np.float32]) -> None:
    """Every customer's score of every variant, kept nowhere."""
    for batch in batches(len(users), len(items)):
        users[batch] @ items.T


def ours(
    users: NDArray[np.float32], items: NDArray[np.float32], histories: Interactions, k: int
) -> NDArray[np.int32]:
    """(customers, k) positions of variants, by our ranking."""
    lists = []
    for batch in batches(len(users), len(items)):
        mask = showable(histories.take(batch), exclude_seen=True, allowed=None)
        lists.append(top(users[batch] @ items.T, k, mask).variants.reshape(-1, k))
    return np.concatenate(lists)


def implicits(
    model: AlternatingLeastSquares, bought: sparse.csr_matrix[np.float32], k: int
) -> NDArray[np.int32]:
    """(customers, k) positions of variants, by implicit's own batch call."""
    everyone = np.arange(bought.shape[0])
    ids, _ = model.recommend(everyone, bought, N=k, filter_already_liked_items=True)
    return np.asarray(ids, dtype=np.int32)


def best_time(work: Callable[[], object], repeats: int) -> float:
    """The fastest of some runs, in seconds: what the machine does when nothing else disturbs."""
    times = []
    for _ in range(repeats):
        begun = perf_counter()
        work()
        times.append(perf_counter() - begun)
    return min(times)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--variants", type=int, default=5_000)
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--lines", type=int, default=30, help="order lines a customer")
    parser.add_argument("-k", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    if chosen.variants < chosen.lines + chosen.k:
        parser.error("--variants must be at least --lines plus -k, or no list can be full")
    return chosen


def main() -> None:
    """Measure, compare the lists, print the table."""
    chosen = arguments()
    random = np.random.default_rng(chosen.seed)
    users = random.normal(size=(chosen.customers, chosen.factors)).astype(np.float32)
    items = random.normal(size=(chosen.variants, chosen.factors)).astype(np.float32)
    histories = make_histories(chosen.customers, chosen.variants, chosen.lines, chosen.seed)
    bought = histories.matrix()
    model = AlternatingLeastSquares(factors=chosen.factors, num_threads=chosen.threads)
    model.user_factors, model.item_factors = users, items
    with threadpool_limits(chosen.threads, user_api="blas"):
        mine = ours(users, items, histories, chosen.k)
        theirs = implicits(model, bought, chosen.k)
        works: dict[str, Callable[[], object]] = {
            "matrix product alone": lambda: product_alone(users, items),
            "atelier": lambda: ours(users, items, histories, chosen.k),
            "implicit": lambda: implicits(model, bought, chosen.k),
        }
        seconds = {name: best_time(work, chosen.repeats) for name, work in works.items()}
    bound = seconds["matrix product alone"]
    table = Table(
        title=f"{chosen.customers:,} customers x {chosen.variants:,} variants x "
        f"{chosen.factors} factors, top {chosen.k}, {chosen.threads} thread(s)"
    )
    for heading in ("", "seconds", "customers/s", "of the bound", "against implicit"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, taken in seconds.items():
        table.add_row(
            name,
            f"{taken:.3f}",
            f"{chosen.customers / taken:,.0f}",
            f"{bound / taken:.0%}",
            f"{seconds['implicit'] / taken:.2f}x",
        )
    console = Console()
    console.print(table)
    same = (mine == theirs).all(axis=1)
    flops = 2 * chosen.customers * chosen.variants * chosen.factors / bound
    console.print(
        f"identical lists: {same.mean():.2%}; the product ran at {flops / 1e9:.1f} GFLOP/s"
    )


if __name__ == "__main__":
    main()

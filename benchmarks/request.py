"""One request's ranking: CPU time and memory, with rules, over catalogues of several sizes.

The catalogue and what the models learned are random numbers of the right shapes: neither time
nor memory depends on them. A request is a customer with 50 order lines who asks for 20 variants,
what was bought left out, under rules that deny, filter, boost and add a bonus to every variant;
`ease` and `atelier` are left out where their matrix would be larger than they allow. The whole
answer is timed, with its reasons, on one thread.

    python benchmarks/request.py
"""

from __future__ import annotations

import argparse
import resource
import tracemalloc
from collections.abc import Callable, Iterator
from time import process_time

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from recommend import make_histories
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from recsys.catalogue import Catalogue
from recsys.interactions import Interactions
from recsys.lists.rules import Boost, Rules
from recsys.model import Model, Run
from recsys.models.als import Als
from recsys.models.blend import Blend
from recsys.models.ease import Ease
from recsys.models.popularity import Popularity
from recsys.recommender import Recommender

CUSTOMERS = 40
LINES = 50
COLOURS = np.array(["red", "green", "blue", "white"], dtype=object)


def make_catalogue(histories: Interactions, seed: int) -> Catalogue:
    """Styles of ten variants each, with prices and colours."""
    random = np.random.default_rng(seed)
    ids = histories.variants
    table = pd.DataFrame(
        {
            "variant_id": ids,
            "style_id": [name[:-1] for name in ids],
            "title": [f"Variant {name}" for name in ids],
            "price": random.gamma(2, 10, len(ids)),
            "colour": random.choice(COLOURS, len(ids)),
        }
    )
    return Catalogue.of(ids.tolist(), table)


def make_models(histories: Interactions, seed: int) -> Iterator[Model]:
    """Models as if fitted; of the large matrices only the rows that requests read are written."""
    random = np.random.default_rng(seed)
    variants = histories.shape[1]
    known = random.random(variants) < 0.98
    factors = random.normal(size=(variants, 64)).astype(np.float32) * known[:, None]
    gram = factors.T @ factors
    yield Als().restore({"factors": factors, "gram": gram, "known": known})
    if 4 * variants**2 > 1e9 * Ease().settings.most_gigabytes:
        return
    weights = np.zeros((variants, variants), dtype=np.float32)
    read = histories.held()
    weights[read] = random.normal(size=(len(read), variants))
    yield Ease().restore({"weights": weights, "known": known})
    popularity = random.random(variants).astype(np.float32)
    state = {"ease.weights": weights, "ease.known": known, "personal.popularity": popularity}
    yield Blend().restore(state)


def make_rules(variants: NDArray[np.object_], seed: int) -> Rules:
    """Rules that leave about half of the catalogue."""
    random = np.random.default_rng(seed)
    return Rules(
        deny=tuple(variants[::97].tolist()),
        attributes=(("colour", "red"), ("colour", "green"), ("colour", "blue")),
        max_price=30.0,
        per_style=3,
        boosts=(Boost(amount=0.5, attribute=("colour", "red")),),
        bonus=random.random(len(variants)) / 10,
    )


def cpu_of(work: Callable[[str], object], customers: list[str], repeats: int) -> float:
    """Milliseconds of CPU of one request, in the best round of requests."""
    rounds = []
    for _ in range(repeats):
        begun = process_time()
        for customer in customers:
            work(customer)
        rounds.append((process_time() - begun) / len(customers) * 1e3)
    return min(rounds)


def peak_of(work: Callable[[str], object], customer: str) -> float:
    """MB that one request holds at most, beside what was there."""
    tracemalloc.start()
    work(customer)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--variants", type=int, action="append")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    chosen.variants = chosen.variants or [5_000, 40_000, 100_000]
    return chosen


def main() -> None:
    """Measure every model at every size."""
    chosen = arguments()
    table = Table(title=f"One request: {LINES} order lines, 20 variants, one thread")
    for heading in ("variants", "model", "ms, no rules", "ms, rules", "peak MB, rules", "RSS MB"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for variants in chosen.variants:
        histories = make_histories(CUSTOMERS, variants, LINES, chosen.seed)
        catalogue = make_catalogue(histories, chosen.seed)
        popularity = Popularity().fit(histories, catalogue, Run())
        rules, customers = make_rules(catalogue.variants, chosen.seed), histories.customers.tolist()
        for model in make_models(histories, chosen.seed):
            recommender = Recommender(
                model=model,
                popularity=popularity,
                interactions=histories,
                catalogue=catalogue,
                data_digest="",
            )

            def plain(customer: str, ask: Recommender = recommender) -> object:
                return ask.recommend(customer, 20, exclude_seen=True)

            def ruled(
                customer: str, ask: Recommender = recommender, rules: Rules = rules
            ) -> object:
                return ask.recommend(customer, 20, exclude_seen=True, rules=rules)

            with threadpool_limits(1):
                times = [cpu_of(work, customers, chosen.repeats) for work in (plain, ruled)]
                peak = peak_of(ruled, customers[0])
            resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
            shown = [f"{time:.2f}" for time in times]
            table.add_row(f"{variants:,}", model.name, *shown, f"{peak:.1f}", f"{resident:,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()

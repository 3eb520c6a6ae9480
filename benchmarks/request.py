"""One request's ranking: CPU time and memory, with rules, over catalogues of several sizes.

The catalogue and what the models learned are random numbers of the right shapes: neither time
nor memory depends on them. A request is a customer with 50 order lines who asks for 20 variants,
what was bought left out, under rules that deny, filter, boost and add a bonus to every variant;
`ease` and `blend` are left out where their matrix would be larger than they allow. Timed on one
thread: the ranking alone (history, scores, rules, the choice), and the whole answer, which names
the reasons as well.

    python benchmarks/request.py
"""

from __future__ import annotations

import argparse
import resource
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from time import process_time

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from recommend import make_histories
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from recsys.catalogue import Catalogue
from recsys.folding import history_of
from recsys.interactions import Interactions
from recsys.lists.arranging import Asked, Moves, arrange
from recsys.lists.compiled import Shelf
from recsys.lists.rules import Boost, Rules
from recsys.lists.variant_choice import VariantChoice
from recsys.model import Model, Run
from recsys.models.als import Als
from recsys.models.blend import Blend
from recsys.models.ease import Ease
from recsys.models.popularity import Popularity
from recsys.ranking import showable
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


def ranking(
    model: Model, histories: Interactions, shelf: Shelf, rules: Rules
) -> Callable[[str], object]:
    """From a customer's id to the list, as the recommender does it but for the reasons."""
    asked = Asked(k=20, rules=rules, exclude_seen=True)
    choice = VariantChoice.learn(histories, shelf)

    def work(customer: str) -> object:
        _, history = history_of(histories, customer)
        assert history is not None  # noqa: S101  # every customer has lines
        compiled = shelf.compiled(rules, history.as_of, "")
        bonus, _ = shelf.outside(rules)
        shown = showable(history, exclude_seen=True, allowed=compiled.allowed)
        assert shown is not None  # noqa: S101  # likewise
        return arrange(
            history,
            model.score(history),
            shown,
            asked=asked,
            moves=Moves(boosts=compiled.boosts, bonus=bonus),
            groups=shelf.groups,
            choice=lambda: choice,
        )

    return work


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


def rows_of(variants: int, chosen: argparse.Namespace) -> Iterator[list[str]]:
    """The cells of each model's row, for a catalogue of so many variants."""
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
        ask = partial(recommender.recommend, k=20, exclude_seen=True)
        ruled = partial(ask, rules=rules)
        works = (ranking(model, histories, Shelf(catalogue), rules), ruled, ask)
        with threadpool_limits(1):
            times = [cpu_of(work, customers, chosen.repeats) for work in works]
            peak = peak_of(ruled, customers[0])
        resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        yield [model.name, *(f"{time:.2f}" for time in times), f"{peak:.1f}", f"{resident:,.0f}"]


def main() -> None:
    """Measure every model at every size."""
    chosen = arguments()
    table = Table(title=f"One request: {LINES} order lines, 20 variants, one thread; CPU ms")
    for heading in ("variants", "model", "ranking", "answer", "without rules", "peak MB", "RSS MB"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for variants in chosen.variants:
        for cells in rows_of(variants, chosen):
            table.add_row(f"{variants:,}", *cells)
    Console().print(table)


if __name__ == "__main__":
    main()

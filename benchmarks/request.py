"""One request's ranking: CPU time and memory, with rules, over catalogues of several sizes.

The catalogue and what the models learned are random numbers of the right shapes: neither time
nor memory depends on them. A request is a customer with 50 order lines who asks for 20 variants,
what was bought left out, under rules that deny, filter, boost and add a bonus to every variant;
`ease` and `blend` are left out where their matrix would be larger than they allow. Timed on one
thread: the ranking alone (history, scores, rules, the choice), and the whole answer, which names
the reasons as well. With a workspace, the model that is trained there answers its own customers.

    python benchmarks/request.py
    python benchmarks/request.py --workspace retail
"""

from __future__ import annotations

import argparse
import resource
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
from recommend import make_histories
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from data.workspace import Workspace
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
from recsys.saved.manifest import signing_key
from recsys.saved.saving import load

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


def make_rules(catalogue: Catalogue, seed: int) -> Rules:
    """Rules that leave about half of the catalogue; colours matter where it has any."""
    variants, random = catalogue.variants, np.random.default_rng(seed)
    colours = ("red", "green", "blue") if "colour" in catalogue.attributes else ()
    return Rules(
        deny=tuple(variants[::97].tolist()),
        attributes=tuple(("colour", colour) for colour in colours),
        max_price=30.0,
        per_style=3,
        boosts=tuple(Boost(amount=0.5, attribute=("colour", name)) for name in colours[:1]),
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
    parser.add_argument("--workspace", type=Path, help="measure the model trained there instead")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    chosen.variants = chosen.variants or [5_000, 40_000, 100_000]
    return chosen


def generated(variants: int, chosen: argparse.Namespace) -> Iterator[Recommender]:
    """A recommender of each model over a catalogue of so many variants."""
    histories = make_histories(CUSTOMERS, variants, LINES, chosen.seed)
    catalogue = make_catalogue(histories, chosen.seed)
    popularity = Popularity().fit(histories, catalogue, Run())
    for model in make_models(histories, chosen.seed):
        yield Recommender(
            model=model,
            popularity=popularity,
            interactions=histories,
            catalogue=catalogue,
            data_digest="",
        )


def row_of(recommender: Recommender, chosen: argparse.Namespace) -> list[str]:
    """The cells of a recommender's row."""
    histories, catalogue, model = (
        recommender.interactions,
        recommender.catalogue,
        recommender.model,
    )
    random = np.random.default_rng(chosen.seed)
    customers = random.permutation(histories.customers)[:CUSTOMERS].tolist()
    rules = make_rules(catalogue, chosen.seed)
    ask = partial(recommender.recommend, k=20, exclude_seen=True)
    ruled = partial(ask, rules=rules)
    works = (ranking(model, histories, Shelf(catalogue), rules), ruled, ask)
    with threadpool_limits(1):
        times = [cpu_of(work, customers, chosen.repeats) for work in works]
        peak = peak_of(ruled, customers[0])
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    cells = [*(f"{time:.2f}" for time in times), f"{peak:.1f}", f"{resident:,.0f}"]
    return [f"{len(catalogue.variants):,}", model.name, *cells]


def trained(folder: Path) -> Recommender:
    """The model in use in a workspace."""
    workspace = Workspace.open(folder)
    return load(workspace, key=signing_key(workspace))


def main() -> None:
    """Measure every model at every size, or the one of a workspace."""
    chosen = arguments()
    table = Table(title=f"One request: {LINES} order lines, 20 variants, one thread; CPU ms")
    for heading in ("variants", "model", "ranking", "answer", "without rules", "peak MB", "RSS MB"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    if chosen.workspace is not None:
        table.title = (
            f"One request of {CUSTOMERS} of its customers, 20 variants, one thread; CPU ms"
        )
        table.add_row(*row_of(trained(chosen.workspace), chosen))
    else:
        for variants in chosen.variants:
            for recommender in generated(variants, chosen):
                table.add_row(*row_of(recommender, chosen))
    Console().print(table)


if __name__ == "__main__":
    main()

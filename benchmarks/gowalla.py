"""Why the graph filters have their settings: candidates on a part of a training file alone.

Sets a fifth of every customer's variants aside, learns from the rest, and prints Recall@20 and
NDCG@20 over what was set aside by some customers drawn at random, with the seconds of learning and
of ranking for them. The file has the form of the LightGCN line of papers; no test file is read.

    python benchmarks/gowalla.py --train train.txt.gz
    python benchmarks/gowalla.py --train train.txt.gz --only step
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from recsys.evaluation.accuracy import FIGURES, measure
from recsys.evaluation.datasets import read_lines
from recsys.evaluation.evaluate import recommend
from recsys.evaluation.splits import Split, split_files
from recsys.model import Run
from recsys.registry import build

K: Final = 20
SHARE: Final = 0.2
CUSTOMERS: Final = 4_000
SEED: Final = 0

CHEBYCF: Final[dict[str, object]] = {
    "response": "plateau",
    "order": 8,
    "low_pass_weight": 0.2,
    "customer_exponent": 0.5,
    "variant_exponent": 0.5,
    "history_exponent": 0.4,
    "score_exponent": -0.4,
}
TURBO_CF: Final[dict[str, object]] = {
    "customer_exponent": 1.2,
    "sharpness": 0.7,
    "history_exponent": 0.28,
    "score_exponent": 0.28,
}
GF_CF: Final[dict[str, object]] = {
    "rank": 256,
    "customer_exponent": 0.5,
    "variant_exponent": 0.5,
    "history_exponent": 0.5,
    "score_exponent": -0.5,
}

CANDIDATES: Final[Mapping[str, tuple[str, dict[str, object]]]] = {
    "linear: Turbo-CF": ("linear_filter", TURBO_CF),
    "linear: sharpness 1, history .7": (
        "linear_filter",
        {"sharpness": 1.0, "history_exponent": 0.7},
    ),
    "linear: customer .4": ("linear_filter", {"customer_exponent": 0.4}),
    "linear: customer .8": ("linear_filter", {"customer_exponent": 0.8}),
    "linear: score 0": ("linear_filter", {"score_exponent": 0.0}),
    "linear: score .4": ("linear_filter", {"score_exponent": 0.4}),
    "linear: default": ("linear_filter", {}),
    "low pass: GF-CF's": ("low_pass", GF_CF),
    "low pass: 512 vectors": ("low_pass", {"rank": 512}),
    "low pass: customer .35": ("low_pass", {"customer_exponent": 0.35}),
    "low pass: default": ("low_pass", {}),
    "plateau: ChebyCF": ("chebyshev", CHEBYCF),
    "step: order 8, steepness 4": ("chebyshev", {"order": 8, "steepness": 4.0}),
    "step: steepness 4": ("chebyshev", {"steepness": 4.0}),
    "step: steepness 8": ("chebyshev", {"steepness": 8.0}),
    "step: cutoff .07": ("chebyshev", {"cutoff": 0.07}),
    "step: cutoff .14": ("chebyshev", {"cutoff": 0.14}),
    "step: customer .2": ("chebyshev", {"customer_exponent": 0.2}),
    "step: customer .3": ("chebyshev", {"customer_exponent": 0.3}),
    "step: customer .5": ("chebyshev", {"customer_exponent": 0.5}),
    "step: variant .3": ("chebyshev", {"variant_exponent": 0.3}),
    "step: variant .55": ("chebyshev", {"variant_exponent": 0.55}),
    "step: history 0": ("chebyshev", {"history_exponent": 0.0}),
    "step: history .4": ("chebyshev", {"history_exponent": 0.4}),
    "step: score -.25": ("chebyshev", {"score_exponent": -0.25}),
    "step: score -.45": ("chebyshev", {"score_exponent": -0.45}),
    "step: default": ("chebyshev", {}),
    "trees behind the step: default": ("restacked", {}),
}


def set_aside(lines: pd.DataFrame, customers: int) -> Split:
    """A fifth of every customer's variants set aside; those of some customers are the test.

    Args:
        lines: columns customer_id and variant_id.
        customers: how many customers are tested, drawn at random.
    """
    draw = np.random.default_rng(SEED)
    pairs = lines.drop_duplicates(["customer_id", "variant_id"]).reset_index(drop=True)
    person = pairs.groupby("customer_id")["variant_id"]
    held = person.transform("size").to_numpy()
    place = pd.Series(draw.random(len(pairs))).groupby(pairs["customer_id"]).rank().to_numpy()
    aside = place <= np.round(SHARE * held)
    people = pairs.loc[aside, "customer_id"].unique()
    tested = draw.choice(people, min(customers, len(people)), replace=False)
    test = pairs[aside & pairs["customer_id"].isin(tested).to_numpy()]
    return split_files(pairs[~aside], test)


def main() -> None:
    """Measure the candidates and print a row of each as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--train", type=Path, required=True, help="a customer a line, then variants"
    )
    parser.add_argument("--only", default="", help="candidates whose name holds this text")
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help="tested, drawn at random")
    parser.add_argument("--threads", type=int, default=None, help="of a fit")
    asked = parser.parse_args()
    split = set_aside(read_lines(asked.train), asked.customers)
    table = Table("candidate", f"Recall@{K}", f"NDCG@{K}", "fit, s", "ranking, s")
    for title, (name, settings) in CANDIDATES.items():
        if asked.only not in title:
            continue
        run = Run(threads=asked.threads)
        lists = recommend(build(name, settings), split, k=K, exclude_seen=True, run=run)
        everything = measure(split, {name: lists}, k=K)[0]
        values = everything.values[name].mean(axis=0)  # noqa: PD011  # no frame
        figures = [f"{values[FIGURES.index(figure)]:.4f}" for figure in ("recall", "ndcg")]
        seconds = [f"{part:.0f}" for part in (lists.fit_seconds, lists.score_seconds)]
        table.add_row(title, *figures, *seconds)
        Console(stderr=True).print(title, *figures, *seconds)
    Console().print(table)


if __name__ == "__main__":
    main()

"""Learned choices on markets and models whose buyers' tastes are known, against simpler offers.

Part one is the generated market's shirt: more and more of its orders are composed, and beside the
methods of `atelier evaluate choices` stands the truth, which knows every customer's own chances.
Part two are the models of the test data, from --models: buyers of four hidden tastes come several
times, and what they choose is completed by a solver from options drawn by their taste. The newer
three tenths of the configurations are judged, the older ones learned from.

    python benchmarks/choices.py
    python benchmarks/choices.py --models ../shared/data/feature_models
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from data.simulator import Market, MarketSettings, simulate
from production.configuration.learned.decisions import Decisions
from production.configuration.learned.evaluation import evaluate_choices
from production.configuration.learned.fitting import fit_choices
from production.configuration.learned.learned import LearnedChoices
from production.configuration.learned.methods import LEARNED, POPULAR, Method
from production.configuration.learned.past import PastConfigurations, past_of
from production.configuration.learned.profiles import profiles_of
from production.configuration.product import Product

SHIRT: Final = Path(__file__).parents[1] / "data" / "sample" / "products" / "SH001.uvl"
TRUTH: Final = "truth"
JUDGED: Final = 100_000
"""Configurations times features that are judged of a model at most, but ten configurations."""
LEARNED_FROM: Final = 0.7
TASTES: Final = 4
CELLS: Final = 2_000_000
"""Configurations times features that are sampled of a model at most."""
VISITS: Final = 5
"""Configurations of each buyer."""


def truth_of(market: Market, decisions: Decisions, when: np.datetime64) -> Method:
    """Chances by the market's own formula; colour and size, which the variant says, by share."""
    composers = market.composers
    row = {str(customer): at for at, customer in enumerate(market.people.ids)}
    years = (when - np.datetime64(market.settings.start, "us")) / np.timedelta64(1, "D") / 365.25
    on = _laid_out(market, decisions)  # (C, D)
    asked = np.flatnonzero(~np.isnan(on[0]))
    blue = decisions.texts.index("blue")
    usual = market.configurations["option"].value_counts(normalize=True)
    share = np.array([usual.get(text, 0.0) for text in decisions.texts])

    def chances(said: Mapping[int, bool], customer: str | None) -> NDArray[np.float64]:
        rows = np.array([row[customer]] if customer in row else [*row.values()][::10])
        is_blue = said.get(blue, not said.get(decisions.texts.index("white"), True))
        known = blue in said or decisions.texts.index("white") in said
        weights = ((True, 0.56), (False, 0.44)) if not known else ((is_blue, 1.0),)
        joint = sum(
            weight
            * composers.chances(rows, np.full(len(rows), colour), np.full(len(rows), years)).mean(
                axis=0
            )
            for colour, weight in weights
        )
        for place, wanted in said.items():
            if place in asked:
                joint = joint * (on[:, place] == wanted)
        found = share.copy()
        found[asked] = (joint / joint.sum()) @ on[:, asked]
        return found

    return chances


def _laid_out(market: Market, decisions: Decisions) -> NDArray[np.float64]:
    """(C, D) each configuration of the truth by the options learned; NaN for colour and size."""
    composers = market.composers
    columns = {name: composers.allowed[:, at] for at, name in enumerate(composers.options)}
    columns["plain-collar"] = ~(columns["contrast-collar"] | columns["button-down"])
    columns["single-cuffs"] = ~columns["double-cuffs"]
    unknown = np.full(len(composers.allowed), np.nan)
    parts = [
        columns["monogram"] if text.startswith("letters") else columns.get(text, unknown)
        for text in decisions.texts
    ]
    return np.column_stack(parts).astype(np.float64)


def shirts(composed: float) -> tuple[LearnedChoices, PastConfigurations, Method]:
    """What is learned of the older shirts, the newer ones, and the truth."""
    market = simulate(MarketSettings(composed=composed))
    product = Product.read(SHIRT)
    past = past_of(product, market.configurations)
    cut = past.moments[int(LEARNED_FROM * len(past))]
    profiles = profiles_of(market.orders, market.variants, before=cut, without={*past.orders})
    older = past.take(past.moments < cut)
    learned = fit_choices(product, older, profiles, style_id="SH001")
    later = past.take(past.moments >= cut)
    return learned, later, truth_of(market, learned.decisions, later.moments[len(later) // 2])


def buyers(product: Product, count: int, seed: int) -> PastConfigurations:
    """Configurations of buyers with hidden tastes: options drawn by taste, completed by the rules.

    A taste has a chance for each option, spread evenly between 0.05 and 0.95, and a buyer leans a
    little from it; the solver takes every drawn option that the rules allow.
    """
    rng = np.random.default_rng(seed)
    size = product.guide.encoded.variables
    taste = rng.uniform(-3, 3, (TASTES, size))
    of = rng.integers(0, TASTES, count // VISITS)
    leaning = taste[of] + rng.normal(0, 0.7, (len(of), size))
    chance = 1 / (1 + np.exp(-leaning))
    who = rng.permutation(np.repeat(np.arange(len(of)), VISITS))
    status = np.array(
        [
            product.guide.complete(
                (), (np.flatnonzero(rng.random(size) < chance[buyer]) + 1).tolist()
            )
            for buyer in who
        ],
        dtype=np.int8,
    )
    days = pd.date_range("2024-01-01", periods=len(who), freq="D").to_numpy("datetime64[us]")
    return PastConfigurations(
        status=status,
        customers=np.array([f"b{buyer}" for buyer in who], dtype=object),
        moments=days,
        quantities=np.ones(len(who)),
        orders=np.full(len(who), "", dtype=object),
        values=tuple({} for _ in who),
        set_aside={},
    )


def judged_model(path: Path, count: int, most: int, table: Table) -> None:
    """Add a model's rows to the table."""
    product = Product.read(path)
    past = buyers(product, min(count, CELLS // len(product.model.features)), seed=1)
    cut = int(LEARNED_FROM * len(past))
    began = perf_counter()
    learned = fit_choices(product, past.take(np.arange(cut)), style_id=path.stem)
    seconds = perf_counter() - began
    most = min(most, max(10, JUDGED // len(product.model.features)))
    later = past.take(np.arange(cut, min(len(past), cut + most)))
    began = perf_counter()
    for customer in later.customers[:20]:
        learned.completion((), str(customer))
    each = 1000 * (perf_counter() - began) / min(20, len(later))
    figures = evaluate_choices(learned, later)
    for made in sorted({one.made for one in figures}):
        row = {one.method: one for one in figures if one.made == made}
        best = row[LEARNED]
        table.add_row(
            path.name, f"{len(product.model.features):,}", str(made), str(best.configurations),
            *(f"{100 * row[name].unchanged:.1f}" for name in COLUMNS),
            f"[{100 * best.difference_low:+.1f}, {100 * best.difference_high:+.1f}]",
            str(sum(one.invalid for one in row.values())), f"{seconds:.1f}", f"{each:.1f}",
        )  # fmt: skip


COLUMNS: Final = ("random", POPULAR, "own last", "pairwise", LEARNED)


def main() -> None:
    """Measure and print both parts."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked.add_argument("--models", type=Path, metavar="DIR")
    asked.add_argument("--composed", type=float, nargs="*", default=[0.12, 0.5])
    asked.add_argument("--configurations", type=int, default=1000, help="sampled of each model")
    asked.add_argument("--most", type=int, default=150, help="of them that are judged")
    told = asked.parse_args()
    console = Console(width=140)
    names = ("random", POPULAR, "own last", "neighbours", "pairwise", LEARNED, TRUTH)
    shown = Table("composed", "learned from", "made", "judged", *names, "learned - popular",
                  title="The generated market's shirt: % of choices unchanged")  # fmt: skip
    for composed in told.composed:
        learned, later, truth = shirts(composed)
        figures = evaluate_choices(learned, later, more={TRUTH: truth})
        for made in sorted({one.made for one in figures}):
            row = {one.method: one for one in figures if one.made == made}
            best = row[LEARNED]
            shown.add_row(
                f"{composed:.0%}", str(len(learned.estimation.on)), str(made),
                str(best.configurations), *(f"{100 * row[one].unchanged:.1f}" for one in names),
                f"[{100 * best.difference_low:+.1f}, {100 * best.difference_high:+.1f}]",
            )  # fmt: skip
    console.print(shown)
    if told.models is None or not told.models.is_dir():
        print("No models: name their folder with --models.", file=sys.stderr)
        return
    table = Table(
        "model", "features", "made", "judged", *COLUMNS, "learned - popular", "invalid",
        "fit s", "whole ms", title="Models of real systems: % of choices unchanged",
    )  # fmt: skip
    for path in sorted(told.models.glob("*.uvl"), key=lambda path: path.stat().st_size):
        judged_model(path, told.configurations, told.most, table)
    console.print(table)


if __name__ == "__main__":
    main()

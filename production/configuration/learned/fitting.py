"""From past configurations to learned choices; penalties by how well newer ones were foreseen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.configuration.learned.decisions import Decisions, decisions_of
from production.configuration.learned.estimation import Estimation, Penalties
from production.configuration.learned.learned import LearnedChoices
from production.configuration.learned.past import PastConfigurations, Value
from production.configuration.learned.profiles import Profiles
from production.configuration.product import Product
from production.errors import TooFewConfigurations

LEAST: Final = 20
"""Configurations below which nothing is learned."""
CELLS: Final = 20_000_000
"""Past configurations times options; of more the newest count."""
CUTS: Final = (0.4, 0.6, 0.8, 1.0)
"""Shares of the past: what lies before each foresees what lies up to the next."""
MOST_VALIDATED: Final = 150
"""Configurations, the oldest, that are looked at after each; fewer of a product of many options."""
VALIDATED_CELLS: Final = 300_000
"""Configurations times options that are looked at after each, at most."""
GRID: Final[tuple[tuple[str, tuple[float, ...]], ...]] = (
    ("choices", (1.0, 3.0, 10.0, 30.0, 100.0)),
    ("own", (1.0, 2.0, 4.0, 8.0, 16.0, np.inf)),
    ("profile", (30.0, 100.0, 300.0, 1000.0, np.inf)),
    ("half_life", (13.0, 26.0, 52.0, 104.0, np.inf)),
)
"""Values tried of each penalty, one penalty after the other."""
ROUNDS: Final = 2


def fit_choices(
    product: Product,
    past: PastConfigurations,
    profiles: Profiles | None = None,
    *,
    style_id: str,
    seed: int = 0,
    penalties: Penalties | None = None,
) -> LearnedChoices:
    """Learn from past configurations.

    Args:
        product: what they are configurations of.
        past: at least `LEAST` of them.
        profiles: what is known of customers besides.
        style_id: the style that the product makes.
        seed: which choices are taken as made where penalties are chosen.
        penalties: how far what is known is trusted; chosen by past foresight without.

    Raises:
        TooFewConfigurations: there is too little to learn from.
    """
    if len(past) < LEAST:
        aside = sum(past.set_aside.values())
        raise TooFewConfigurations(
            f"{len(past)} past configurations of '{style_id}' can be learned from, {aside} were "
            "set aside.",
            where="configurations",
            fix=f"Import at least {LEAST} whole ones that the product's model allows.",
        )
    decisions = decisions_of(product)
    newest = max(LEAST, CELLS // max(len(decisions), 1))
    past = past.take(np.arange(max(0, len(past) - newest), len(past)))
    base = _estimation(decisions, past, profiles or Profiles.none(), penalties or Penalties())
    if penalties is None:
        base = replace(base, penalties=_chosen(base, decisions, seed))
    return LearnedChoices(
        style_id=style_id,
        product=product,
        estimation=base,
        values=tuple(numbers_in(row) for row in past.values),
    )


def _estimation(
    decisions: Decisions, past: PastConfigurations, profiles: Profiles, penalties: Penalties
) -> Estimation:
    return Estimation(
        on=(past.status[:, decisions.literals] > 0).astype(np.uint8),
        customers=past.customers,
        moments=past.moments,
        profiles=profiles,
        penalties=penalties,
    )


def _chosen(whole: Estimation, decisions: Decisions, seed: int) -> Penalties:
    """Penalties under which older configurations foresee newer ones best (squared error)."""
    count = len(whole.on)
    rng = np.random.default_rng(seed)
    most = max(1, min(MOST_VALIDATED, VALIDATED_CELLS // len(decisions)))
    asked: list[tuple[Estimation, list[_Row]]] = []
    for start, end in pairwise(int(share * count) for share in CUTS):
        older = replace(
            whole,
            on=whole.on[:start],
            customers=whole.customers[:start],
            moments=whole.moments[:start],
        )
        rows = range(start, min(end, start + most))
        asked.append((older, [(row, _made(whole.on[row], decisions, rng)) for row in rows]))
    best = whole.penalties
    known = {"own": whole.customers.any(), "profile": whole.profiles.values.size > 0}
    for _ in range(ROUNDS):
        for name, values in GRID:
            if not known.get(name, True):
                continue
            tried = [replace(best, **{name: value}) for value in values]
            errors = [_error(one, whole, asked) for one in tried]
            best = tried[int(np.argmin(errors))]
    return best


def _made(on: NDArray[np.uint8], decisions: Decisions, rng: np.random.Generator) -> dict[int, bool]:
    """Some of a configuration's choices, as if made already: from none to half of them."""
    count = int(decisions.decision[-1]) + 1
    made = rng.permutation(count)[: rng.integers(0, min(count // 2, 8) + 1)]
    return choices_in(on, decisions, made)


def numbers_in(values: Mapping[str, Value]) -> dict[str, Fraction]:
    """The numbers among values; texts, such as what is engraved, are not passed on."""
    return {name: value for name, value in values.items() if isinstance(value, Fraction)}


def choices_in(on: NDArray[np.uint8], decisions: Decisions, made: Iterable[int]) -> dict[int, bool]:
    """What a configuration says of some decisions: of an alternative which, else yes or no."""
    found: dict[int, bool] = {}
    for one in made:
        members = np.flatnonzero(decisions.decision == one)
        if decisions.alternative[members[0]]:
            found.update({int(at): True for at in members if on[at]})
        else:
            found[int(members[0])] = bool(on[members[0]])
    return found


_Row = tuple[int, dict[int, bool]]
"""A configuration by its place, and what is taken as chosen of it."""


def _error(
    penalties: Penalties,
    whole: Estimation,
    asked: Sequence[tuple[Estimation, Sequence[_Row]]],
) -> float:
    total = 0.0
    for older, rows in asked:
        tried = replace(older, penalties=penalties)
        for row, made in rows:
            gap = tried.chances(made, str(whole.customers[row]) or None) - whole.on[row]
            gap[list(made)] = 0.0
            total += float(gap @ gap)
    return total

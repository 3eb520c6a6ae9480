"""Attach rates of a style, as whole configurations drawn from what was learned.

A style's demand is made of units, some of them composed. What a composed unit has and takes is a
draw of one whole configuration, so options are valid together and so are hours and materials.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Texts = tuple[str, ...]

BLOCK: Final = 4_000_000
"""Cells of draws times configurations that are held at once."""


@dataclass(frozen=True, kw_only=True)
class AttachRates:
    """N configurations of a style drawn by their chances, and what a unit of each takes.

    Attributes:
        style_id: the style.
        options: (D,) options that can be chosen.
        drawn: (N, D) bool, whether a configuration has an option.
        resources: (R,) ids that options say something of.
        usage: (N, R) what a unit takes of each.
        materials: (M,) names.
        taken: (N, M) what a unit takes of each.
        replaces: whether `usage` is all that a composed unit takes of these resources; else it
            comes on top of what the usage table says of the variant.
        composed: order lines of the style that were composed.
        lines: order lines of the style in the same time, at least `composed`.
        learned_from: past configurations that the chances were learned from.
        until: the day of the newest of them, as text; plans of that day and earlier know nothing
            of it.
    """

    style_id: str
    options: Texts
    drawn: NDArray[np.bool_]
    resources: Texts
    usage: Floats
    materials: Texts
    taken: Floats
    replaces: bool
    composed: int
    lines: int
    learned_from: int
    until: str

    def known_on(self, day: np.datetime64) -> bool:
        """Whether all that was learned from lies before a day."""
        return bool(np.datetime64(self.until, "D") < day.astype("datetime64[D]"))

    @property
    def composed_share(self) -> float:
        """The expected share of the style's units that are composed."""
        return (self.composed + 0.5) / (self.lines + 1)

    def rates(self) -> Floats:
        """(D,) the expected share of the style's units that have each option."""
        shares: Floats = self.composed_share * self.drawn.mean(axis=0)
        return shares


@dataclass(frozen=True, kw_only=True)
class OptionDemand:
    """What B draws of a style's demand come to.

    Attributes:
        rates: whose.
        units: (B,) demand for the style.
        composed: (B,) units of it that are composed.
        options: (B, D) units that have each option.
        usage: (B, R) what the composed units take of each resource.
        materials: (B, M) likewise of each material.
    """

    rates: AttachRates
    units: NDArray[np.int64]
    composed: NDArray[np.int64]
    options: NDArray[np.int64]
    usage: Floats
    materials: Floats


def option_demand(rates: AttachRates, units: NDArray[np.integer], *, seed: int = 0) -> OptionDemand:
    """Demand for options, hours and materials from draws of the style's demand.

    In each draw the share composed is Beta(composed + ½, not composed + ½), the shares of the drawn
    configurations are Dirichlet with the weight of those learned from, and the units fall to them
    at random: what is uncertain of rates, of units and of who comes is all in it.

    Args:
        rates: the style's.
        units: (B,) draws of its demand.
        seed: the only source of randomness.
    """
    rng = np.random.default_rng(seed)
    draws, count = len(units), len(rates.drawn)
    others = rates.lines - rates.composed
    share = rng.beta(rates.composed + 0.5, others + 0.5, draws)
    composed = rng.binomial(np.asarray(units, dtype=np.int64), share)
    concentration = max(rates.learned_from, 1) / count
    has = np.column_stack((rates.drawn, rates.usage, rates.taken)).astype(np.float64)
    sums = np.empty((draws, has.shape[1]))
    step = max(1, BLOCK // count)
    for start in range(0, draws, step):
        block = slice(start, min(start + step, draws))
        weight = rng.gamma(concentration, size=(block.stop - start, count)) + 1e-300
        weight /= weight.sum(axis=1, keepdims=True)
        sums[block] = rng.multinomial(composed[block], weight) @ has
    options, usage, materials = np.split(
        sums, [len(rates.options), len(rates.options) + len(rates.resources)], axis=1
    )
    return OptionDemand(
        rates=rates,
        units=np.asarray(units, dtype=np.int64),
        composed=composed.astype(np.int64),
        options=np.rint(options).astype(np.int64),
        usage=usage,
        materials=materials,
    )

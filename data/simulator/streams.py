"""Random streams: one generator for each part of the market, all from one seed.

A part draws from its own stream alone, so that a change in one part leaves the draws of the
others as they were.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """The generators of the market's parts; a new part goes to the end."""

    catalogue: np.random.Generator
    customers: np.random.Generator
    factors: np.random.Generator
    demand: np.random.Generator
    sales: np.random.Generator
    returns: np.random.Generator
    behaviour: np.random.Generator
    factory: np.random.Generator
    dirt: np.random.Generator
    composing: np.random.Generator

    @classmethod
    def of(cls, seed: int) -> Streams:
        """The streams of a seed."""
        names = tuple(cls.__dataclass_fields__)
        seeds = np.random.SeedSequence(seed).spawn(len(names))
        generators = (np.random.Generator(np.random.PCG64(child)) for child in seeds)
        return cls(**dict(zip(names, generators, strict=True)))

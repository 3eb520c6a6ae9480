"""What models that are trained in torch share: where they run, on how many threads, from what seed.

torch takes seconds to load, so nothing that is imported by the registry imports this module at
its head: a shop whose model needs no torch never waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch

FEWEST_TO_SHARE: Final = 1_000
"""Variants from which on a product of matrices is worth handing to a second thread."""


def device() -> torch.device:
    """The graphics card where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def confined(*, seed: int, threads: int | None, variants: int) -> Iterator[torch.device]:
    """Run torch from a seed and on so many threads; all its global state is put back afterwards.

    On a processor everything within is deterministic: the same seed gives the same bits on one
    thread, and the same on two, though the two may differ in rounding. A graphics card adds in no
    fixed order, so figures may move there in their last bits.

    Args:
        seed: of every draw within.
        threads: how many it may be; None for one.
        variants: how many there are; below `FEWEST_TO_SHARE` one thread is faster than two.

    Yields:
        Where to put tensors.
    """
    chosen = device()
    kept = torch.get_num_threads()
    strict = torch.are_deterministic_algorithms_enabled()
    cards = [chosen.index or 0] if chosen.type == "cuda" else []
    with torch.random.fork_rng(devices=cards):
        torch.manual_seed(seed)
        torch.set_num_threads((threads or 1) if variants >= FEWEST_TO_SHARE else 1)
        torch.use_deterministic_algorithms(chosen.type == "cpu")
        try:
            yield chosen
        finally:
            torch.use_deterministic_algorithms(strict)
            torch.set_num_threads(kept)

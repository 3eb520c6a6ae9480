"""What sealing free text costs: microseconds a text, by its length, with a field key and without.

Sealed with Fernet as the store does it, one thread; the least of a few rounds. Bytes are of what is
stored.

    python benchmarks/sealing.py
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import process_time
from typing import Final

from rich.console import Console
from rich.table import Table

from data.sealing import Seals, new_key

LENGTHS: Final = (20, 100, 500, 5_000)
TEXTS: Final = 2_000
ROUNDS: Final = 5


def microseconds(work: Callable[[str], str], texts: Sequence[str]) -> float:
    """The least CPU of a text, over a few rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = process_time()
        for text in texts:
            work(text)
        best = min(best, process_time() - began)
    return best / len(texts) * 1e6


def main() -> None:
    """Measure and print."""
    sealing, plain = Seals.of([new_key()]), Seals.of([])
    table = Table("characters", "sealed, µs", "opened, µs", "without a key, µs", "bytes stored")
    for length in LENGTHS:
        texts = [f"{number:08d}"[:length].ljust(length, "x") for number in range(TEXTS)]
        sealed = [sealing.seal_text(text) for text in texts]
        table.add_row(
            f"{length:,}",
            f"{microseconds(sealing.seal_text, texts):.1f}",
            f"{microseconds(sealing.open_text, sealed):.1f}",
            f"{microseconds(plain.seal_text, texts):.2f}",
            f"{len(sealed[0].encode()):,}",
        )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()

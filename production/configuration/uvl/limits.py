"""How large a model may be: past these it is refused by line, in bounded time and memory."""

from __future__ import annotations

from typing import Final

BYTES: Final = 64 * 2**20
"""Size of a file."""
FEATURES: Final = 200_000
"""Features of a model; reading stops at the first above it."""
CONSTRAINTS: Final = 200_000
"""Cross-tree constraints of a model."""
NESTING: Final = 100
"""Brackets and negations of an expression, one within the other."""
TOKENS: Final = 100_000
"""Words and signs of one expression or of one feature's attributes."""
DIGITS: Final = 30
"""Digits of a number."""
INSTANCES: Final = 1_000
"""Instances of a feature with a cardinality."""

"""Finding styles, variants and customers by a few letters."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

STYLES: Final = 8
VARIANTS: Final = 12
CUSTOMERS: Final = 8
"""How many of each are shown at most."""

Names = Sequence[str] | NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A style or a variant that was found.

    Attributes:
        style_id: the style, of a variant its own.
        variant_id: empty for a style.
        title: the name; may be empty.
    """

    style_id: str
    variant_id: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found.

    Attributes:
        query: what was looked for.
        styles, variants: those that hold every word, in the order of the list searched.
        customers: the one whose id the query is, then pseudonyms that begin with it, ascending.
        all_styles, all_variants, all_customers: how many there are, with those not shown.
    """

    query: str
    styles: tuple[Hit, ...] = ()
    variants: tuple[Hit, ...] = ()
    customers: tuple[str, ...] = ()
    all_styles: int = 0
    all_variants: int = 0
    all_customers: int = 0


class Finder:
    """Looks for words in ids and titles; O(V) a search.

    Args:
        styles: each variant's style.
        variants: ids, the most important first.
        titles: their names; may be empty.
        names: what the titles of a style's variants begin with, by style id; may be empty.
    """

    def __init__(
        self,
        styles: Sequence[str],
        variants: Sequence[str],
        titles: Sequence[str],
        names: dict[str, str],
    ) -> None:
        self._variants = [
            (f"{variant} {title} {style}".casefold(), style, variant, title)
            for style, variant, title in zip(styles, variants, titles, strict=True)
        ]
        self._styles = [
            (f"{style} {names.get(style, '')}".casefold(), style, names.get(style, ""))
            for style in dict.fromkeys(styles)
        ]

    def find(self, query: str, customers: Names) -> Found:
        """What holds every word of the query.

        Args:
            query: a few letters.
            customers: pseudonyms, ascending.
        """
        words = query.casefold().split()
        if not words:
            return Found(query=query)
        styles = [one for one in self._styles if all(word in one[0] for word in words)]
        variants = [one for one in self._variants if all(word in one[0] for word in words)]
        first, after = _beginning(customers, query.strip())
        return Found(
            query=query,
            styles=tuple(Hit(style_id=style, title=name) for _, style, name in styles[:STYLES]),
            variants=tuple(
                Hit(style_id=style, variant_id=variant, title=title)
                for _, style, variant, title in variants[:VARIANTS]
            ),
            customers=tuple(customers[first : min(after, first + CUSTOMERS)]),
            all_styles=len(styles),
            all_variants=len(variants),
            all_customers=after - first,
        )


def holds(names: Names, name: str) -> bool:
    """Whether ascending names have one."""
    place = bisect_left(names, name)
    return place < len(names) and bool(names[place] == name)


def _beginning(names: Names, start: str) -> tuple[int, int]:
    """Where those of ascending names that begin with a text begin, and where they end."""
    first = bisect_left(names, start)
    return first, bisect_right(names, start, lo=first, key=lambda name: name[: len(start)])

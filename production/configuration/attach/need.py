"""What options add to a plan's need: composed units take what their options say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from production.allocation.resources import Resources
from production.configuration.attach.rates import AttachRates


def with_options(
    shared: Resources,
    rates: Mapping[str, AttachRates],
    *,
    styles: NDArray[np.object_],
    mean: NDArray[np.float64],
) -> tuple[Resources, list[str]]:
    """Resources whose usage is that of the expected mix of composed and plain units.

    Of a style whose share c is composed, a unit takes on average (1 - c) t + c o of a resource: t
    as the usage table says, o as the drawn configurations do (or t + o, where options come on top).
    All of its variants are shifted alike by the difference, so sizes keep theirs.

    Args:
        shared: as the usage table says.
        rates: by style.
        styles: (V,) the style of each variant.
        mean: (V,) expected demand, which weighs the variants.

    Returns:
        The resources, and a sentence for each style.
    """
    usage, notes = shared.usage.copy(), []
    for style in sorted(set(rates) & {str(one) for one in styles}):
        one = rates[style]
        rows = np.flatnonzero(styles == style)
        weight = mean[rows] if mean[rows].sum() > 0 else np.ones(len(rows))
        told = []
        for place, name in enumerate(shared.ids):
            if name not in one.resources or not len(one.drawn):
                continue
            options = float(one.usage[:, one.resources.index(name)].mean())
            table = float(np.average(shared.usage[rows, place], weights=weight))
            more = one.composed_share * (options - table if one.replaces else options)
            usage[rows, place] = np.maximum(usage[rows, place] + more, 0.0)
            told.append(f"{more:+.3g} {shared.units[place] or name} of {name}")
        if told:
            notes.append(
                f"{one.composed_share:.0%} of the units of {style} are composed; their options "
                f"change what its average unit takes: {', '.join(told)}."
            )
    return replace(shared, usage=usage), notes

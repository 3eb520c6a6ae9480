"""How many customers of a variant that is out take a sibling: the market share s, from the past.

Sales of one period cannot tell s (Vulcano and others 2012, section 2): twice the customers, or
half of them leaving, look the same. Levels learned in other periods can. Where a sibling is out,
the others sell level x season x reach(s), and how likely their lines are under each s, as Poisson
counts pooled over all styles and periods so far, tells them apart. The least s that is about as
likely as the likeliest is taken: a sale too many given back to a sibling does more harm than one
too few.

Demand that rises empties shelves and lifts siblings at the same time, which looks like
substitution. So a period counts only where what was out was out from its beginning, and nothing
of the style ran out within it; the season is that of the group's styles with nothing out. So
the estimate leans towards nobody substituting. Measured: on generated shops where demand empties
the shelves it is 0, also where a tenth of the refused customers take a sibling; on markets of the
choice model with stock-outs at random it is the truth or the step of SHARES below.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from production.demand.censoring.choice import Spells

SHARES: Final = np.array([0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
"""The market shares that are tried."""

EVIDENCE: Final = 1.0
"""Log likelihood that a share may fall short of the likeliest (about an 85 % interval)."""


@dataclass(slots=True)
class Recapture:
    """The log likelihood of each of SHARES over the periods seen so far."""

    likelihood: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(SHARES)))

    @property
    def share(self) -> float:
        """The least share that the periods so far do not speak against; 0 before any."""
        likely = self.likelihood >= self.likelihood.max() - EVIDENCE
        return float(SHARES[int(np.argmax(likely))])

    def see(
        self,
        lines: NDArray[np.float64],
        in_stock: NDArray[np.float64],
        style: NDArray[np.int64],
        expected: NDArray[np.float64],
    ) -> None:
        """One period of all variants on sale.

        Args:
            lines: (N,) order lines.
            in_stock: (N,) shares of the period.
            style: (N,) position of the style.
            expected: (N,) lines expected in a full period with all siblings there.
        """
        styles = int(style.max(initial=-1)) + 1
        gone = np.bincount(style, in_stock <= 0, styles) > 0
        ran_out = np.bincount(style, (in_stock > 0) & (in_stock < 1), styles) > 0
        rows = np.flatnonzero((gone & ~ran_out)[style])
        if not len(rows):
            return
        whole = np.bincount(style[rows], expected[rows], styles)[style[rows]]
        rows, whole = rows[whole > 0], whole[whole > 0]
        spells = Spells(in_stock[rows], style[rows])
        told = (in_stock[rows] >= 1) & (expected[rows] > 0)
        mean, sold = expected[rows][told], lines[rows][told]
        for place, share in enumerate(SHARES):
            reach = spells.reach(expected[rows] / whole, float(share))[told]
            self.likelihood[place] += float((sold * np.log(reach) - mean * (reach - 1)).sum())

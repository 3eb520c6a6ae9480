"""Sales and stock of a workspace turned into restored demand, and what it came to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.censoring.exposure import in_stock_shares
from production.demand.censoring.restore import Restored, Sold, restore_choice, restore_exposure
from production.demand.periods import length

if TYPE_CHECKING:
    from production.demand.history import DemandPanel

Restore = Literal["none", "exposure", "choice"]
"""Ways to restore demand; the setting's values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """What restoring added to the sales before an origin.

    Attributes:
        method: exposure or choice.
        sold: units sold.
        missed: units that customers wanted of a variant that was out, as estimated.
        moved: of the units sold, those estimated to stand in for a sibling that was out.
        short: share of variant-periods, from first sale on, with less than all of it in stock.
        market_share: the choice model's s: of the customers of a whole style, those who buy; what
            lets them take a sibling. 0 where nobody is found to substitute.
        fits: times that the choice model was fitted.
        unconverged: of these, those that ended at the bound on iterations.
    """

    method: str
    sold: float
    missed: float
    moved: float
    short: float
    market_share: float
    fits: int
    unconverged: int

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demanded:
    """Restored demand of a panel; every period of it stands on that one and earlier ones.

    Attributes:
        method: how it was restored.
        stock: what was sold, and what was in stock.
        restored: what came of it.
    """

    method: str
    stock: Sold
    restored: Restored

    def before(self, period: int) -> Restoration:
        """What restoring added before a period."""
        sold = self.stock.units[:, :period]
        missed = self.restored.missed[:, :period]
        on_sale = np.arange(period) >= self.stock.first[:, None]
        on_sale &= np.arange(period) < self.stock.last[:, None]
        short = on_sale & (self.stock.in_stock[:, :period] < 1)
        fits = self.restored.fitted(period)
        return Restoration(
            method=self.method,
            sold=float(sold.sum()),
            missed=float(missed.sum()),
            moved=float((sold + missed - self.restored.units[:, :period]).sum()),
            short=float(short.sum() / max(on_sale.sum(), 1)),
            market_share=fits[-1].share if fits else 0.0,
            fits=sum(fit.share > 0 for fit in fits),
            unconverged=sum(not fit.converged for fit in fits),
        )


def demanded(panel: DemandPanel, stock: pd.DataFrame) -> Demanded | None:
    """A panel's demand restored from the stock table, as its settings say.

    None where they say not to, or where the table tells of no stock-out.

    Args:
        panel: sales as they were.
        stock: the stock table.
    """
    settings = panel.settings
    in_stock = in_stock_shares(stock, panel.variants, panel.periods, panel.per_week)
    if settings.restore == "none" or (in_stock >= 1).all():
        return None
    sold = Sold(
        units=panel.units,
        lines=panel.lines,
        in_stock=in_stock,
        style=panel.style,
        group=panel.group,
        first=panel.first_period,
        last=_last(panel),
        per_week=panel.per_week,
    )
    if settings.restore == "exposure":
        restored = restore_exposure(sold)
    else:
        restored = restore_choice(sold, settings.market_share)
    return Demanded(method=settings.restore, stock=sold, restored=restored)


def _last(panel: DemandPanel) -> NDArray[np.int32]:
    """(V,) position of the first period that begins after a variant was withdrawn; T for none."""
    count = len(panel.periods)
    last = np.full(len(panel.variants), count, np.int32)
    if panel.attributes is None or "discontinued_at" not in panel.attributes:
        return last
    gone = pd.to_datetime(panel.attributes["discontinued_at"]).to_numpy().astype("datetime64[D]")
    known = ~np.isnat(gone)
    after = -(-(gone[known] - panel.periods[0]) // length(panel.per_week))  # rounded up
    last[known] = np.clip(after.astype(np.int64), 0, count)
    return last

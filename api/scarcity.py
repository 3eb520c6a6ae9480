"""What scarce capacity costs besides: the latest plan's shadow prices, where it is asked for."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from data.errors import AtelierError
from data.kept import latest
from data.workspace import Workspace
from production.plans.saved import load_plan

_EXACT: Final = Decimal("0.000001")


class Scarcity:
    """Prices by resource, read again when another plan is the latest; shared between threads."""

    def __init__(self, workspace: Workspace, share: float) -> None:
        """`share` of each shadow price is asked for, 0 to 1."""
        self._workspace, self._share = workspace, Decimal(repr(share))
        self._held: tuple[str, dict[str, Decimal]] = ("", {})

    def prices(self) -> dict[str, Decimal]:
        """Money for a unit of each scarce resource; those of the plan before if one is damaged."""
        if not self._share:
            return {}
        plan_id = latest(self._workspace.root / "plans")
        if plan_id is None or plan_id == self._held[0]:
            return self._held[1]
        try:
            resources = load_plan(self._workspace, plan_id).resources
        except AtelierError:
            return self._held[1]
        prices = {
            one.resource_id: (Decimal(repr(one.shadow_price)) * self._share).quantize(_EXACT)
            for one in resources
            if one.shadow_price > 0
        }
        self._held = (plan_id, prices)
        return prices

"""The table of `atelier forecast --factors`: what became of every market factor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api.cli import console

if TYPE_CHECKING:
    from production.demand.market.report import FactorUse


def show_factors(factors: Sequence[FactorUse]) -> None:
    """Those that are used, then those that are not, each with the reason."""
    used = [factor for factor in factors if factor.chosen]
    console.show(
        "Market factors used",
        ("factor", "kind", "filled", "ahead", "effect %"),
        [
            (
                factor.name,
                factor.kind,
                f"{factor.filled} by {factor.fill}" if factor.filled else "",
                _ahead(factor),
                "" if factor.effect is None else f"{factor.effect:+.1f}",
            )
            for factor in used
        ],
        caption="Effect: one standard deviation above usual, mean over groups. Ahead: where the "
        "values to come are from.",
    )
    for factor in factors:
        if not factor.chosen:
            console.say(f"Not used: {factor.name}: {factor.reason}.")


def _ahead(factor: FactorUse) -> str:
    if factor.future in {"known", "scenario"} and factor.rule:
        return f"{factor.future}, {factor.given} periods; then {factor.rule}"
    return f"{factor.future}: {factor.rule}" if factor.rule else factor.future

"""`atelier choices`: learn what customers choose of the products that they compose."""

from __future__ import annotations

from typing import Any

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption

SHOWN = 12


def choices(*, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonFlag = False) -> None:
    """Learn from past configurations what customers are likely to choose; the result is kept."""
    from api.choices import learn_and_save
    from api.loop import join_orders
    from api.settings import load_settings
    from data.workspace import Workspace

    opened, settings = Workspace.open(workspace), load_settings(workspace)
    join_orders(opened, settings)
    with console.progress() as progress:
        found = learn_and_save(opened, settings, progress=progress)
    told: dict[str, Any] = {}
    for style, (learned, past) in found.items():
        penalties = learned.estimation.penalties
        told[style] = {
            "product": learned.product.model.features[0].name,
            "configurations": len(past),
            "customers": len({one for one in past.customers if one}),
            "set_aside": past.set_aside,
            "decisions": int(learned.decisions.decision[-1]) + 1,
            "penalties": {
                "choices": penalties.choices,
                "profile": penalties.profile,
                "own": penalties.own,
                "half_life_weeks": penalties.half_life,
            },
            "likely": [
                {"choice": one.choice, "probability": one.probability}
                for one in learned.likely(k=SHOWN)
            ],
        }
    if as_json:
        console.answer(told)
        return
    for style, one in told.items():
        aside = ", ".join(f"{count:,} {why}" for why, count in one["set_aside"].items())
        console.show(
            f"{style} {one['product']}: learned from {one['configurations']:,} configurations of "
            f"{one['customers']:,} customers",
            ("likely choice", "share"),
            [(likely["choice"], f"{likely['probability']:.0%}") for likely in one["likely"]],
            caption=f"Set aside: {aside}." if aside else "",
        )

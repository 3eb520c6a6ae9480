"""`atelier plan risk`: what a kept plan may come to on drawn demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption
from api.errors import NotReady

if TYPE_CHECKING:
    from production.plans.risk import PlanRisk


def plan_risk(
    plan_id: Annotated[
        str | None, typer.Argument(metavar="[PLAN]", help="Which plan, default the latest.")
    ] = None,
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    scenarios: Annotated[
        int, typer.Option(min=100, max=10_000, help="How often demand is drawn.")
    ] = 1000,
    level: Annotated[
        float, typer.Option(min=0, max=0.99, help="The tail is the worst 1 - level of them.")
    ] = 0.9,
    as_json: JsonFlag = False,
) -> None:
    """Simulate a plan on drawn demand: profit, shortage, leftover and their bad tails."""
    from api.risk import risk_of
    from api.settings import load_settings
    from data.workspace import Workspace
    from production.plans.saved import latest_plan, load_plan

    opened = Workspace.open(workspace)
    plan = latest_plan(opened) if plan_id is None else load_plan(opened, plan_id)
    if plan is None:
        raise NotReady(
            "The workspace has no plan yet.", where="plan", fix="Make one with 'atelier plan'."
        )
    found = risk_of(opened, load_settings(workspace), plan, scenarios=scenarios, level=level)
    if as_json:
        console.answer(found.to_json())
        return
    show_risk(found)


def show_risk(found: PlanRisk) -> None:
    """The distributions, the tails and the variants that the tail of the profit is of."""
    rows = {
        "profit": found.profit,
        "cost of shortage and leftover": found.cost,
        "units short": found.units_short,
        "units left over": found.units_left,
        "demand met %": found.fill_rate.times(100),
        "variants out of stock": found.variants_out,
    }
    share = f"worst {1 - found.level:.0%}"
    console.show(
        f"Risk of plan {found.plan_id}: {found.scenarios:,} scenarios",
        ("figure", "mean", "sd", "P5", "P10", "P50", "P90", "P95"),
        [
            (name, one.mean, one.sd, one.p5, one.p10, one.p50, one.p90, one.p95)
            for name, one in rows.items()
        ],
        caption=f"Mean profit of the {share}: {found.tail_profit.mean:,.0f} "
        f"± {found.tail_profit.error:,.0f}. Mean cost of the {share}: "
        f"{found.tail_cost.mean:,.0f} ± {found.tail_cost.error:,.0f}.",
    )
    console.show(
        f"Who loses most in the scenarios of least profit ({share})",
        ("variant", "style", "profit lost", "units short", "units left over"),
        [(one.variant_id, one.style_id, one.lost, one.short, one.left) for one in found.worst],
        caption="Lost: mean profit less the mean of these scenarios. All variants together lose "
        f"{found.profit.mean - found.tail_profit.mean:,.0f}.",
    )

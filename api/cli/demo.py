"""`atelier demo`: the whole loop on the sample that ships with Atelier."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, WorkspaceOption

if TYPE_CHECKING:
    from api.settings import Settings
    from data.progress import Progress
    from data.quality import QualityReport
    from production.plans.plan import Plan
    from production.report import Report
    from recsys.recommender import Recommender

REFERENCE: Final = "popularity"
ORIGINS: Final = 3
"""Past days that the demo judges plans on; `atelier evaluate` takes more."""

STEP: Final = 4
"""Weeks between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """What one turn of the loop came to."""

    quality: QualityReport
    recommender: Recommender
    plan: Plan
    report: Report
    files: list[Path]
    recommend: dict[str, Any]
    plans: dict[str, Any]


def demo(*, workspace: WorkspaceOption = DEFAULT_WORKSPACE) -> None:
    """Run the whole loop on the shipped sample."""
    from api.settings import load_settings

    with console.progress() as progress:
        loop = run_loop(workspace, load_settings(workspace), progress)
    show(loop)
    console.say()
    console.say(f"Report:   {loop.files[0].resolve()}")
    console.say(f"Service:  {console.program()} serve --workspace {workspace}")
    style_id = sample_products()[0].stem
    console.say(f"Compose:  /configure/{style_id} of the service, in a browser")
    customer = loop.recommender.interactions.customers[0]
    console.say(f"Customer: {console.program()} recommend {customer} --workspace {workspace}")


def run_loop(folder: Path, settings: Settings, progress: Progress) -> Loop:
    """Every step once; what is imported or trained already is not done again."""
    from api.capacity import lay_from_today
    from api.choices import learn_and_save
    from api.work import current_or_trained, plan_and_save, run_of, write_report
    from data.importing import import_files
    from data.mapping import load_mapping
    from data.workspace import Workspace
    from production.configuration.products import add_products
    from production.demand.forecasting import open_demand
    from production.demand.origins import past_origins
    from production.demand.reading import read_panel
    from production.plans.evaluation import evaluate_plans
    from production.plans.policies import PLAN, PLANNER
    from production.report import build_report
    from recsys.evaluation.evaluate import evaluate_workspace

    _check_no_others(folder)
    quality = import_files(sample_files(), load_mapping("sample"), folder, progress=progress)
    workspace, run = Workspace.open(folder), run_of(settings)
    add_products(workspace, sample_products())
    learn_and_save(workspace, settings, progress=progress)
    recommender = current_or_trained(workspace, settings, progress=progress)
    panel, ahead = read_panel(workspace, settings.demand), settings.horizon
    days = past_origins(panel, horizon=ahead, origins=ORIGINS, step=STEP)
    source = open_demand(
        workspace, [*days, panel.end], panel=panel, horizon=ahead, run=run, progress=progress
    )
    progress("Forecasting demand", 0, 0)
    forecast = source.outlook(panel.end)
    plan = plan_and_save(workspace, settings, forecast=forecast, progress=progress)
    report = build_report(workspace, plan, demand=settings.demand)
    files = write_report(workspace, report)
    lay_from_today(workspace, settings)
    judged = evaluate_workspace(
        workspace,
        origins=[days[0].astype("datetime64[D]").item()],
        models=(recommender.model.name, REFERENCE),
        run=run,
        progress=progress,
    )
    plans = evaluate_plans(
        workspace,
        horizon=ahead,
        origins=ORIGINS,
        step=STEP,
        policies=(PLAN, PLANNER),
        settings=settings.economics,
        source=source,
        run=run,
        progress=progress,
    )
    return Loop(
        quality=quality,
        recommender=recommender,
        plan=plan,
        report=report,
        files=files,
        recommend=judged.to_json(),
        plans=plans.to_json(),
    )


def _check_no_others(folder: Path) -> None:
    """Refuse a workspace of other files: an import is never undone.

    Raises:
        WorkspaceError: it holds some.
    """
    from data.errors import WorkspaceError
    from data.mapping import load_mapping
    from data.workspace import Workspace

    if not (folder / "workspace.json").exists():
        return
    sample = load_mapping("sample").digest
    if any(record["mapping"] != sample for record in Workspace.open(folder).imports()):
        raise WorkspaceError(
            "This workspace holds other files than the sample, which would mix with it for good.",
            where=str(folder),
            fix="Name a new folder with --workspace.",
        )


def sample_files() -> list[Path]:
    """The raw files of the shipped sample."""
    folder = _sample()
    return sorted([*folder.glob("*.csv"), *folder.glob("*.csv.gz")])


def sample_products() -> list[Path]:
    """The models of the sample's products that customers compose, and their options."""
    return sorted((_sample() / "products").iterdir())


def _sample() -> Path:
    import data

    return Path(data.__file__).parent / "sample"


def show(loop: Loop) -> None:
    """The summary: what was learned, what to make, the information gap before and after."""
    console.show(
        "The loop on the sample",
        ("step", "what", "figure"),
        [*learned(loop), *to_make(loop), *gap(loop)],
        caption="Gap: (shortage + leftover) / demand, in units.",
    )


def learned(loop: Loop) -> list[tuple[str, str, str]]:
    """What the data and the model hold."""
    quality, history = loop.quality, loop.recommender.interactions
    ndcg = {
        model: mean([row["ndcg"] for row in loop.recommend["models"]
                     if row["model"] == model and row["slice"] == "all"])
        for model in (loop.recommender.model.name, REFERENCE)
    }  # fmt: skip
    model, reference = ndcg.values()
    imported = (
        "already there"
        if quality.already
        else f"{quality.kept:,} of {quality.read:,} rows; the rest set aside by rule"
    )
    return [
        ("learned", "imported", imported),
        ("", "customers and variants", f"{len(history.customers):,} and {history.shape[1]:,}"),
        ("", "NDCG@20 on a past day", f"{model:.3f}, against {reference:.3f} of {REFERENCE}"),
    ]


def to_make(loop: Loop) -> list[tuple[str, str, str]]:
    """What the plan says."""
    plan, lines = loop.plan, loop.plan.lines
    short = ", ".join(
        f"{one.resource_id} (one more {one.unit or 'unit'} earns {one.shadow_price:,.2f})"
        for one in loop.report.binding
    )
    made = int((lines["quantity"] > 0).sum())
    return [
        (
            "to make",
            f"{plan.horizon} weeks from {plan.as_of}",
            f"{lines['quantity'].sum():,} units of {made:,} variants",
        ),
        ("", "what is short", short or "nothing"),
    ]


def gap(loop: Loop) -> list[tuple[str, str, str]]:
    """The information gap before and after, measured on past days and expected now."""
    overall = {
        row["policy"]: row["information_gap"]
        for row in loop.plans["policies"]
        if row["origin"] == "all"
    }
    return [
        (
            "information gap",
            f"on {ORIGINS} past days",
            f"{overall['planner']:.1%} by last weeks' mix, {overall['atelier']:.1%} by the plan",
        ),
        (
            "",
            "expected now",
            f"{loop.report.today.units:.1%} by last weeks' mix, "
            f"{loop.report.planned.units:.1%} by the plan",
        ),
    ]


def mean(values: list[float]) -> float:
    """The mean of some figures."""
    return sum(values) / len(values)

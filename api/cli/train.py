"""`atelier train`: learn the customers' preferences."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli import console
from api.cli.losses import losses_to
from api.cli.options import (
    DEFAULT_WORKSPACE,
    AsOfOption,
    JsonFlag,
    TensorboardOption,
    WorkspaceOption,
    moment,
)


def train(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_of: AsOfOption = None,
    model: Annotated[
        str | None, typer.Option(help="Which model to fit.  [default: atelier]")
    ] = None,
    untuned: Annotated[
        bool, typer.Option("--untuned", help="Leave aside what 'atelier tune' chose.")
    ] = False,
    tensorboard: TensorboardOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Learn the customers' preferences; the model becomes current."""
    from api.settings import load_settings
    from api.work import train_and_save, tuned_for
    from data.workspace import Workspace

    opened = Workspace.open(workspace)
    settings = load_settings(workspace, model=model)
    tuned = tuned_for(opened, settings, moment(as_of), untuned=untuned)
    with console.progress() as progress, losses_to(tensorboard):
        model_id, recommender = train_and_save(
            opened, settings, as_of=moment(as_of), untuned=untuned, progress=progress
        )
    facts = dict(recommender.model.facts())
    learned = {
        "model_id": model_id,
        "model": recommender.model.name,
        "as_of": str(recommender.interactions.as_of.astype("datetime64[s]")),
        "lines": len(recommender.interactions),
        "customers": len(recommender.interactions.customers),
        "variants": len(recommender.interactions.variants),
    }
    if as_json:
        told = None if tuned is None else tuned.summary()
        console.answer({**learned, "tuned": told, "facts": facts})
        return
    used = (
        "its defaults"
        if tuned is None
        else f"tuned: {tuned.metric} {tuned.value:.4f}, its defaults {tuned.default_value:.4f}"
    )
    rows = [*learned.items(), ("settings", used), *facts.items()]
    console.show("Learned", ("what", "value"), rows)
    console.say(f"Next: {console.program()} recommend CUSTOMER --workspace {workspace}")

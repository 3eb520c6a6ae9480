"""`atelier train`: learn the customers' preferences."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, AsOfOption, JsonFlag, WorkspaceOption, moment


def train(
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_of: AsOfOption = None,
    model: Annotated[
        str | None, typer.Option(help="Which model to fit.  [default: atelier]")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Learn the customers' preferences; the model becomes current."""
    from api.settings import load_settings
    from api.work import train_and_save
    from data.workspace import Workspace

    opened = Workspace.open(workspace)
    settings = load_settings(workspace, model=model)
    with console.progress() as progress:
        model_id, recommender = train_and_save(
            opened, settings, as_of=moment(as_of), progress=progress
        )
    learned = {
        "model_id": model_id,
        "model": recommender.model.name,
        "as_of": str(recommender.interactions.as_of.astype("datetime64[s]")),
        "lines": len(recommender.interactions),
        "customers": len(recommender.interactions.customers),
        "variants": len(recommender.interactions.variants),
    }
    if as_json:
        console.answer(learned)
        return
    console.show("Learned", ("what", "value"), list(learned.items()))
    console.say(f"Next: {console.program()} recommend CUSTOMER --workspace {workspace}")

"""`atelier answer`: which entries of the knowledge table answer a question."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption


def answer(
    *,
    question: Annotated[str, typer.Argument(help="In the customer's words.")],
    customer: Annotated[
        str | None, typer.Option("--customer", help="Whose orders count.  [default: nobody's]")
    ] = None,
    k: Annotated[int, typer.Option("-k", "--count", min=1, help="Entries at most.")] = 3,
    language: Annotated[
        str | None, typer.Option("--language", help="Only entries of it, such as en.")
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Find what to tell a customer."""
    from api.answers import MOST_ANSWERS, MOST_LETTERS, Desk
    from api.settings import load_settings
    from data.store import open_store
    from data.workspace import Workspace

    if not 0 < len(question.strip()) <= MOST_LETTERS:
        raise typer.BadParameter(f"A question has 1 to {MOST_LETTERS} letters.")
    opened, live = Workspace.open(workspace), []
    if customer is not None:
        customer = opened.pseudonyms().of(customer)
        store = open_store(load_settings(workspace).store_url(workspace))
        live = store.of_customer(customer)
        store.close()
    found = Desk(opened).answer(
        question, min(k, MOST_ANSWERS), language=language, customer_id=customer, live=live
    )
    if as_json:
        console.answer(found)
        return
    for note in found["notes"]:
        console.say(note["text"])
    rows = [
        (one["rank"], one["answer_id"], one["question"], one["answer"], one["score"],
         "yes" if one["own"] else "")
        for one in found["answers"]
    ]  # fmt: skip
    if rows:
        console.show(question, ("", "entry", "question", "answer", "score", "ordered"), rows)

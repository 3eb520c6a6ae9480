"""`atelier evaluate answers`: how often the right entry is found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli import console
from api.cli.evaluate import check_outputs, write_outputs
from api.cli.options import DEFAULT_WORKSPACE, JsonFile, WorkspaceOption


def answers(
    *,
    questions: Annotated[
        Path,
        typer.Option(
            "--questions",
            metavar="FILE",
            help="CSV or Parquet: question, answer_id (blank: nothing answers it), language.",
        ),
    ],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    json: JsonFile = None,
) -> None:
    """Ask questions whose entry is known, and count how often it is found."""
    check_outputs(json)

    from api.answers import Desk
    from data.workspace import Workspace
    from recsys.answers.evaluation import CUTS, Share, evaluate_answers
    from recsys.answers.questions import read_questions

    found = evaluate_answers(Desk(Workspace.open(workspace)).knowledge(), read_questions(questions))
    write_outputs({"languages": [one.to_json() for one in found]}, json)

    def cell(one: Share) -> str:
        if one.value is None:
            return "-"
        return f"{one.value:.1%} ({one.low:.1%} to {one.high:.1%}) of {one.of}"

    console.show(
        "Answers, with 95 % intervals",
        ("language", *(f"recall@{k}" for k in CUTS), "wrongly none", "rightly none"),
        [
            (one.language, *(cell(one.recall[k]) for k in CUTS), cell(one.unanswered),
             cell(one.refused))
            for one in found
        ],
    )  # fmt: skip

"""`atelier dead-letters list|retry|remove`: messages of a broker that could not be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from api.cli.options import DEFAULT_WORKSPACE, JsonFlag, WorkspaceOption

if TYPE_CHECKING:
    from data.store.dead_letters import DeadLetter

dead_letters = typer.Typer(
    no_args_is_help=True,
    help="List, take again and remove a broker's messages that were set aside.",
)

LetterArgument = Annotated[str, typer.Argument(metavar="ID", help="As 'list' names it.")]


@dead_letters.command("list")
def list_letters(
    *, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonFlag = False
) -> None:
    """Every message that is set aside, with its reason; with --json its body too."""
    from api.cli.keys import the_store
    from data.store.dead_letters import letters_of

    with the_store(workspace) as store:
        found = letters_of(store)
    if as_json:
        console.answer({"letters": [_plain(one) for one in found]})
        return
    rows = [(one.letter_id, _time(one), one.source, one.code, one.reason) for one in found]
    console.show("Messages set aside", ("id", "since", "source", "code", "why"), rows)


@dead_letters.command("retry")
def retry(
    letter_id: LetterArgument,
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Take a message again, such as one of a variant that a newer model knows, and remove it."""
    from api.broker.messages import read_message
    from api.service.engine import open_engine
    from api.settings import load_settings
    from data.errors import LetterRefused
    from data.store.dead_letters import letters_of, remove_letter

    with open_engine(workspace, load_settings(workspace)) as engine:
        (letter,) = letters_of(engine.store, letter_id)
        if not letter.whole:
            raise LetterRefused(
                "Only the beginning of the message is kept.",
                where=letter_id,
                fix="Have its sender send it again, then remove it.",
            )
        stored = engine.append(read_message(letter.body))
        remove_letter(engine.store, letter_id)
    if as_json:
        console.answer({"letter_id": letter_id, "stored": stored})
        return
    console.say(f"Stored {stored:,} new event{'s' if stored != 1 else ''}.")


@dead_letters.command("remove")
def remove(
    letter_id: LetterArgument,
    *,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonFlag = False,
) -> None:
    """Forget a message."""
    from api.cli.keys import the_store
    from data.store.dead_letters import remove_letter

    with the_store(workspace) as store:
        remove_letter(store, letter_id)
    if as_json:
        console.answer({"letter_id": letter_id})
        return
    console.say(f"Removed: {letter_id}.")


def _time(letter: DeadLetter) -> str:
    return letter.set_aside_at.isoformat(timespec="seconds") + "Z"


def _plain(letter: DeadLetter) -> dict[str, object]:
    return {
        "letter_id": letter.letter_id,
        "set_aside_at": _time(letter),
        "source": letter.source,
        "code": letter.code,
        "reason": letter.reason,
        "whole": letter.whole,
        "body": letter.body.decode("utf-8", "backslashreplace"),
    }

"""What people see: tables on stdout; progress and errors on stderr."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.output import to_json
from data.errors import AtelierError

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from data.progress import Progress

# Piped output has no width of its own: wide enough that no table loses a column.
PIPED_WIDTH: Final = 160
FINDINGS_SHOWN: Final = 20


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPED_WIDTH
    return Console(stderr=stderr, highlight=False, width=width)


def say(text: str = "", *, style: str = "") -> None:
    """Print a line; `text` is shown as it is, never read as markup."""
    _console(stderr=False).print(Text(text, style=style), soft_wrap=True)


def note(text: str) -> None:
    """Print a line on stderr, where it disturbs no program that reads stdout."""
    _console(stderr=True).print(Text(text, style="dim"), soft_wrap=True)


def answer(value: object) -> None:
    """Print a result for a program: JSON on stdout."""
    typer.echo(to_json(value))


def show(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, caption: str = ""
) -> None:
    """Print a table; numbers stand to the right, texts to the left."""
    table = Table()
    numeric = [
        bool(rows) and all(_is_number(row[place]) or row[place] is None for row in rows)
        for place in range(len(columns))
    ]
    for place, (name, right) in enumerate(zip(columns, numeric, strict=True)):
        # on a narrow terminal the other columns give way to the one that names the row
        justify: Literal["left", "right"] = "right" if right else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    say(title, style="bold")
    _console(stderr=False).print(table)
    if caption:
        say(caption, style="dim")


def _is_number(value: object) -> bool:
    return hasattr(value, "__float__") and not isinstance(value, bool)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool | str):
        return str(value)
    if hasattr(value, "__index__"):
        return f"{int(value):,}"
    if hasattr(value, "__float__"):
        number = float(value)
        if math.isnan(number):
            return "-"
        return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
    return str(value)


def complain(error: AtelierError, *, as_json: bool) -> None:
    """Say what is wrong, where and what to do: on stderr, and as JSON on stdout if asked."""
    console = _console(stderr=True)
    head = Text.assemble(("Error: ", "bold red"), error.what)
    console.print(head, soft_wrap=True)
    if error.where:
        console.print(Text(f"  where: {error.where}"), soft_wrap=True)
    if error.fix:
        console.print(Text(f"  do:    {error.fix}"), soft_wrap=True)
    findings = getattr(error, "findings", ())
    for finding in findings[:FINDINGS_SHOWN]:
        console.print(Text(f"  - {finding}"), soft_wrap=True)
    if len(findings) > FINDINGS_SHOWN:
        console.print(Text(f"  … and {len(findings) - FINDINGS_SHOWN} more"))
    if as_json:
        answer({"error": describe(error)})


def describe(error: AtelierError) -> dict[str, object]:
    """An error as plain data: code, what, where, what to do, and its findings if it has any."""
    parts: dict[str, object] = {
        "code": error.code,
        "what": error.what,
        "where": error.where,
        "do": error.fix,
    }
    findings = [finding.to_json() for finding in getattr(error, "findings", ())]
    return parts | ({"findings": findings} if findings else {})


@contextmanager
def progress() -> Iterator[Progress]:
    """A `Progress` that draws bars on a terminal and prints one line a stage elsewhere."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bars(*columns, console=_console(stderr=True), transient=True) as bars:
        yield _Stages(bars)


class _Lines:
    """Stages as lines: each is named once, when it begins."""

    def __init__(self) -> None:
        self._named: set[str] = set()

    def __call__(self, stage: str, done: int, total: int) -> None:  # noqa: ARG002  # the protocol
        if stage not in self._named:
            self._named.add(stage)
            note(f"· {stage}")


class _Stages:
    """Stages as bars: a new stage ends the one before it."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._stage: str | None = None
        self._task = bars.add_task("", visible=False)

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self._bars.remove_task(self._task)
            self._task = self._bars.add_task(stage, total=total or None)
            self._stage = stage
        self._bars.update(self._task, completed=done, total=total or None)

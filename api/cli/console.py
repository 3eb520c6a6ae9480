"""What people see: tables on stdout; progress and errors on stderr."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, SupportsFloat, SupportsIndex

import typer

from api.output import to_json
from data.errors import AtelierError
from data.watching import Watcher, watching

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars

    from data.progress import Progress

# Piped output has no width of its own: wide enough that no table loses a column.
PIPED_WIDTH: Final = 160
FINDINGS_SHOWN: Final = 20


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPED_WIDTH
    return Console(stderr=stderr, highlight=False, width=width)


def say(text: str = "", *, style: str = "") -> None:
    """Print a line; `text` is shown as it is, never read as markup."""
    _print(text, style=style)


def program() -> str:
    """How to call this program again from here: by name where the shell finds it, else by path."""
    if shutil.which("atelier"):
        return "atelier"
    path = Path(sys.argv[0])
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def note(text: str) -> None:
    """Print a line on stderr, where it disturbs no program that reads stdout."""
    _print(text, style="dim", stderr=True)


def _print(text: str, *, style: str = "", stderr: bool = False) -> None:
    from rich.text import Text

    _console(stderr=stderr).print(Text(text, style=style), soft_wrap=True)


def answer(value: object) -> None:
    """Print a result for a program: JSON on stdout."""
    typer.echo(to_json(value))


def show(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, caption: str = ""
) -> None:
    """Print a table; numbers stand to the right, texts to the left.

    Numbers and the column that names the row are never broken: on a narrow terminal their
    headings take several lines, and texts give way.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    numeric = [
        bool(rows) and all(_is_number(row[place]) or row[place] is None for row in rows)
        for place in range(len(columns))
    ]
    for place, (name, right) in enumerate(zip(columns, numeric, strict=True)):
        if right:
            table.add_column(name.replace(" ", "\n"), justify="right", no_wrap=True)
        else:
            table.add_column(name, overflow="fold", no_wrap=place == 0)
    texts = [_cells([row[place] for row in rows]) for place in range(len(columns))]
    for row in zip(*texts, strict=True):
        table.add_row(*map(Text, row))
    say(title, style="bold")
    _console(stderr=False).print(table)
    if caption:
        say(caption, style="dim")


def _is_number(value: object) -> bool:
    return isinstance(value, SupportsFloat) and not isinstance(value, bool)


def _cells(column: Sequence[object]) -> list[str]:
    """A column's texts; its fractions have the decimals that three digits of the largest need."""
    sizes = [abs(float(one)) for one in column if isinstance(one, SupportsFloat)]
    largest = max(filter(math.isfinite, sizes), default=0.0)
    decimals = 3 if largest < 1 else max(0, 2 - math.floor(math.log10(largest)))
    return [_cell(value, decimals) for value in column]


def _cell(value: object, decimals: int) -> str:
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, SupportsIndex):
        return f"{int(value):,}"
    if isinstance(value, SupportsFloat):
        number = float(value)
        return "-" if math.isnan(number) else f"{number:,.{decimals}f}"
    return "-" if value is None else str(value)


def complain(error: AtelierError, *, as_json: bool) -> None:
    """Say what is wrong, where and what to do: on stderr, and as JSON on stdout if asked."""
    _print(f"Error: {error.what}", style="bold red", stderr=True)
    if error.where:
        _print(f"  where: {error.where}", stderr=True)
    if error.fix:
        _print(f"  do:    {error.fix}", stderr=True)
    findings = getattr(error, "findings", ())
    for finding in findings[:FINDINGS_SHOWN]:
        _print(f"  - {finding}", stderr=True)
    if len(findings) > FINDINGS_SHOWN:
        _print(f"  … and {len(findings) - FINDINGS_SHOWN} more", stderr=True)
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
        lines = _Lines()
        with watching(_steps(lines), losses=False):
            yield lines
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=_console(stderr=True), transient=True) as bars:
        stages = _Stages(bars)
        with watching(_steps(stages), losses=False):
            yield stages


def _steps(progress: Progress) -> Watcher:
    """Shows the steps of a fit as a stage of its own."""

    def shown(fit: str, step: int, total: int, loss: float) -> None:  # noqa: ARG001  # the protocol
        progress(f"Fitting {fit}", step, total)

    return shown


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

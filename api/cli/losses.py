"""`--tensorboard DIR`: where the losses of a run's fits are logged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.cli import console
from data.watching import watching


@contextmanager
def losses_to(folder: Path | None) -> Iterator[None]:
    """Log the losses of what is fitted inside to a folder, where one is named.

    Raises:
        OutputError: the folder cannot be written to; before any work.
    """
    if folder is None:
        yield
        return
    from api.tensorboard import event_file

    with event_file(folder) as file, watching(file, losses=True):
        yield
    console.note(
        f"{file.written:,} losses are logged; see them with: tensorboard --logdir {folder}"
        if file.written
        else f"No fit of this run goes step by step, so {folder} has no losses."
    )

"""The program answers for itself: fast, lazily, and documented."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.paths import ROOT

HEAVY = ("numpy", "pandas", "torch", "scipy", "implicit", "faiss", "fastapi", "pyarrow")

PROBE = """
import sys
from api.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code == 0, end.code
heavy = sorted(set({heavy!r}) & set(sys.modules))
assert not heavy, heavy
"""


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["import", "--help"],
        ["plan", "--help"],
        ["plan", "what-if", "--help"],
        ["evaluate", "recommend", "--help"],
        ["--version"],
    ],
)
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    probe = PROBE.format(heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", probe, *words], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout

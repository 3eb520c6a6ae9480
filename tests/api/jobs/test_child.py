"""The process of a job ends cleanly while whoever started it still holds its input open."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = [sys.executable, "-c", "from api.jobs.child import main; main()"]


@pytest.mark.parametrize("arguments", [{}, {"what": "is this"}])
def test_a_job_that_is_done_ends_without_a_word(workspace: Path, arguments: dict[str, str]) -> None:
    with subprocess.Popen(
        CHILD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        asked = {"workspace": str(workspace), "kind": "no such kind", "arguments": arguments}
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        process.stdin.flush()
        told = json.loads(process.stdout.readlines()[-1])
        assert "problem" in told
        said = process.stderr.read().decode()
        assert process.wait(60) == 0, said
    assert "Fatal" not in said

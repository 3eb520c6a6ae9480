from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from api.errors import OutputError
from api.output import check_writable, replacing, to_json, write_text


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    target.write_text("old")

    def fail_midway() -> None:
        with replacing(target) as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_midway()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_good_write_replaces_and_is_readable_by_others(tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    write_text(target, "new")
    other = tmp_path / "other"
    other.touch()
    assert target.read_text() == "new"
    assert target.stat().st_mode == other.stat().st_mode
    assert sorted(tmp_path.iterdir()) == [target, other]


def test_a_missing_folder_is_told_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as refusal:
        check_writable(tmp_path / "nowhere" / "out.json")
    assert "nowhere" in refusal.value.where
    with pytest.raises(OutputError):
        check_writable(tmp_path)


def test_json_takes_what_the_rooms_compute() -> None:
    value = {
        "units": np.int64(3),
        "share": np.float32(0.5),
        "gap": float("nan"),
        "row": np.array([1.0, np.inf]),
        "day": np.datetime64("2025-12-29"),
        "ok": np.True_,
        "title": "Bluse für 'Zoë'",
    }
    assert json.loads(to_json(value)) == {
        "units": 3,
        "share": 0.5,
        "gap": None,
        "row": [1.0, None],
        "day": "2025-12-29",
        "ok": True,
        "title": "Bluse für 'Zoë'",
    }

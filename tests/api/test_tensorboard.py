"""Losses as TensorBoard's event files, and fits that are watched while they learn."""

from __future__ import annotations

import struct
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from api.errors import OutputError
from api.tensorboard import crc32c, event_file
from data.watching import losses_wanted, tell, watched, watching
from recsys.boosting import grown
from tests.api.test_cli import run


def records(path: Path) -> list[bytes]:
    """The records of an event file, their checksums verified."""
    data, found = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        content = data[12 : 12 + length]
        for part, place in ((data[:8], 8), (content, 12 + length)):
            (stored,) = struct.unpack("<I", data[place : place + 4])
            crc = crc32c(part)
            assert stored == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
        found.append(content)
        data = data[16 + length :]
    return found


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    assert path.name.startswith("events.out.tfevents.")
    return path


def test_the_checksum_is_castagnolis() -> None:
    assert crc32c(b"") == 0
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, appendix B.4


def test_every_loss_is_a_whole_record(tmp_path: Path) -> None:
    with event_file(tmp_path / "new" / "folder") as file, watching(file, losses=True):
        for step in range(1, 301):
            tell("fit", step, 300, 1 / step)
        tell("fit", 1, 1, float("nan"))
    first, *losses = records(only_file(tmp_path / "new" / "folder"))
    assert b"brain.Event:2" in first
    assert len(losses) == file.written == 300
    assert all(b"loss/fit" in loss for loss in losses)
    assert losses[1].endswith(struct.pack("<f", 0.5))


def test_tensorboards_own_reader_takes_the_files(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing import event_accumulator as reader

    with event_file(tmp_path) as file:
        for step in range(1, 201):
            file("trees", step, 200, 3.0 / step)
        file("trees", 1, 2, 7.0)
    found = reader.EventAccumulator(str(tmp_path)).Reload()
    assert found.Tags()["scalars"] == ["loss/trees", "loss/trees_2"]
    scalars = found.Scalars("loss/trees")
    assert [one.step for one in scalars] == list(range(1, 201))
    assert [one.value for one in scalars] == pytest.approx([3.0 / step for step in range(1, 201)])


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="event file") as caught, event_file(tmp_path / "file"):
        pass
    assert caught.value.fix


def test_watchers_come_and_go() -> None:
    seen: list[tuple[str, int, int]] = []

    def watcher(fit: str, step: int, total: int, loss: float) -> None:
        seen.append((fit, step, total))

    assert not watched()
    with watching(watcher, losses=False):
        assert watched()
        assert not losses_wanted()
        with watching(watcher, losses=True):
            assert losses_wanted()
            tell("fit", 1, 2)
        tell("fit", 2, 2)
    tell("fit", 3, 3)
    assert seen == [("fit", 1, 2), ("fit", 1, 2), ("fit", 2, 2)]


def test_trees_that_are_watched_are_the_same_trees() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(400, 5))
    target = features[:, 0] + random.normal(size=400)
    options = {"objective": "l1", "verbose": -1, "seed": 1, "num_threads": 1, "deterministic": True}

    def trees() -> str:
        data = lightgbm.Dataset(features, target, params={"verbose": -1})
        return str(grown("trees", options, data, 12).model_to_string())

    losses: list[float] = []
    unwatched = trees()
    with watching(lambda fit, step, total, loss: losses.append(loss), losses=True):
        assert trees() == unwatched
    assert len(losses) == 12
    assert losses[-1] < losses[0]
    steps: list[int] = []
    with watching(lambda fit, step, total, loss: steps.append(step), losses=False):
        assert trees() == unwatched
    assert steps == list(range(1, 13))


@pytest.mark.parametrize("model", ["two_tower", "sequence"])
def test_training_logs_a_loss_an_epoch(
    model: str, workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = tmp_path / "logs"
    words = ("train", "-w", workspace, "--model", model, "--tensorboard", logs)
    code, _, err = run(capsys, *words)
    assert code == 0, err
    assert f"Fitting {model}" in err
    assert "tensorboard --logdir" in err
    losses = records(only_file(logs))[1:]
    assert len(losses) > 2
    assert all(f"loss/{model}".encode() in loss for loss in losses)


def test_a_run_without_steps_says_so(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("forecast", "-w", workspace, "--method", "mean_8_weeks", "--tensorboard", tmp_path)
    code, _, err = run(capsys, *words)
    assert code == 0
    assert "no losses" in err


def test_a_forecast_logs_a_loss_a_tree(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = tmp_path / "logs"
    words = ("forecast", "-w", workspace, "--method", "boosting", "--tensorboard", logs)
    code, _, err = run(capsys, *words)
    assert code == 0, err
    assert any(b"loss/boosting_q50" in loss for loss in records(only_file(logs)))

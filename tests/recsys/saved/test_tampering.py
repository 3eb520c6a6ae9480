"""Saved models under random tampering: refused before a byte is parsed, the one before serves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from safetensors import numpy as safetensors

import recsys.saved.manifest
import recsys.saved.saving
from data.workspace import Workspace
from recsys.errors import ModelRefused
from recsys.recommender import Recommender, train
from recsys.saved.manifest import signed
from recsys.saved.saving import FILES, current_model, load, save
from recsys.saved.versions import use_model
from tests.recsys.shop import AS_OF, shop

KEY = b"a key of the tests"
MANIFEST: Final = "manifest.json"
Draw = np.random.Generator


def flipped(folder: Path, other: Path, draw: Draw) -> None:
    path = folder / str(draw.choice([*FILES, MANIFEST]))
    content = bytearray(path.read_bytes())
    content[draw.integers(len(content))] ^= 1 << int(draw.integers(8))
    path.write_bytes(content)


def cut(folder: Path, other: Path, draw: Draw) -> None:
    path = folder / str(draw.choice([*FILES, MANIFEST]))
    content = path.read_bytes()
    path.write_bytes(content[: draw.integers(len(content))])


def padded(folder: Path, other: Path, draw: Draw) -> None:
    path = folder / str(draw.choice([*FILES, MANIFEST]))
    path.write_bytes(path.read_bytes() + draw.bytes(int(draw.integers(1, 9))))


def swapped(folder: Path, other: Path, draw: Draw) -> None:
    names = [*FILES, MANIFEST]
    name, source = str(draw.choice(names)), draw.choice(names)
    content = (Path(str(draw.choice([str(folder), str(other)]))) / str(source)).read_bytes()
    if content == (folder / name).read_bytes():
        content = b""
    (folder / name).write_bytes(content)


def edited(folder: Path, other: Path, draw: Draw) -> None:
    """A manifest that says something else: signed with no key of ours, or not signed anew."""
    path = folder / MANIFEST
    content = json.loads(path.read_bytes())
    manifest, signature = content["manifest"], content["signature"].encode()
    name = str(draw.choice(sorted(manifest)))
    theirs = json.loads((other / MANIFEST).read_bytes())["manifest"][name]
    manifest[name] = theirs if theirs != manifest[name] else {"edited": int(draw.integers(1000))}
    forged = signed(manifest, draw.bytes(32))
    if draw.random() < 0.5:
        forged = forged.replace(json.loads(forged)["signature"].encode(), signature)
    path.write_bytes(forged)


HARMS: Final[tuple[Callable[[Path, Path, Draw], None], ...]] = (
    flipped, cut, padded, swapped, edited,
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recommender, Recommender]:
    workspace = shop(tmp_path_factory.mktemp("shop"))
    earlier = np.datetime64("2024-05-25", "us")
    return train(workspace, as_of=earlier), train(workspace, as_of=AS_OF)


@pytest.mark.parametrize(
    "times",
    [60, pytest.param(1_000, marks=pytest.mark.slow)],
)
def test_whatever_is_done_to_a_version_it_is_refused_unparsed_and_the_one_before_serves(
    made: tuple[Recommender, Recommender],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    times: int,
) -> None:
    workspace = Workspace.create(tmp_path / "shop")
    new, old = save(made[1], workspace, KEY), save(made[0], workspace, KEY)
    folder, other = (workspace.root / "models" / one for one in (new, old))
    whole = tmp_path / "whole"
    shutil.copytree(folder, whole)
    told = load(workspace, old, key=KEY).recommend("c05", 3)
    allowed = watch_parsers(monkeypatch, [folder / MANIFEST, other / MANIFEST])
    draw = np.random.default_rng(9)
    for place in range(times):
        harm = HARMS[place % len(HARMS)]
        harm(folder, other, draw)
        with pytest.raises(ModelRefused):
            use_model(workspace, new, KEY)
        assert current_model(workspace) == old
        for name in (*FILES, MANIFEST):
            shutil.copy(whole / name, folder / name)
    monkeypatch.undo()
    assert allowed  # the watch was on: manifests whose files were harmed were read
    assert load(workspace, key=KEY).recommend("c05", 3) == told
    use_model(workspace, new, KEY)
    assert current_model(workspace) == new


def watch_parsers(monkeypatch: pytest.MonkeyPatch, manifests: list[Path]) -> list[bytes]:
    """Fail on any byte that is parsed but for whole manifests as we signed them; those parsed."""
    ours = [path.read_bytes() for path in manifests]
    parsed: list[bytes] = []

    def refuse(content: bytes) -> object:
        raise AssertionError(f"{content[:40]!r}… was parsed")

    def signed_alone(body: bytes) -> object:
        assert any(body in raw for raw in ours), "a manifest was parsed that nobody signed"
        parsed.append(body)
        return json.loads(body)

    monkeypatch.setattr(safetensors, "load", refuse)
    monkeypatch.setattr(recsys.saved.saving, "json", Json(refuse))
    monkeypatch.setattr(recsys.saved.manifest, "json", Json(signed_alone))
    return parsed


class Json:
    """The module `json` with another `loads`."""

    def __init__(self, loads: Callable[[bytes], object]) -> None:
        self.loads = loads
        self.dumps = json.dumps

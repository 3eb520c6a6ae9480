"""Learned choices on disk: loaded as they were, and nothing else is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.workspace import Workspace
from production.configuration.learned.saved import latest_choices_id, load_choices, save_choices
from production.configuration.product import Product
from production.configuration.uvl.reading import parse_model
from production.errors import ChoicesRefused
from tests.production.configuration.learned.shirts import MODEL, STYLE, learned, past, shirt

KEY = b"a key of these tests"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "workspace")


def test_loaded_is_learned(workspace: Workspace) -> None:
    assert load_choices(workspace, {STYLE: shirt()}, KEY) == {}
    name = save_choices(workspace, {STYLE: learned()}, KEY)
    found = load_choices(workspace, {STYLE: shirt()}, KEY)[STYLE]
    customer = str(past().customers[-1])
    for choices in ([], ["blue", "monogram"]):
        said = shirt().choices(choices)
        assert found.likely(said, customer, 100) == learned().likely(said, customer, 100)
        assert found.completion(said, customer) == learned().completion(said, customer)
    assert save_choices(workspace, {STYLE: found}, KEY) == name


def test_only_the_last_version_is_kept(workspace: Workspace) -> None:
    save_choices(workspace, {STYLE: learned()}, KEY)
    name = save_choices(workspace, {}, KEY)
    folders = [path.name for path in (workspace.root / "choices").iterdir() if path.is_dir()]
    assert folders == [name] == [latest_choices_id(workspace)]


def test_altered_bytes_and_other_keys_are_refused(workspace: Workspace) -> None:
    folder = workspace.root / "choices" / save_choices(workspace, {STYLE: learned()}, KEY)
    with pytest.raises(ChoicesRefused, match="another key"):
        load_choices(workspace, {STYLE: shirt()}, b"another")
    for path in (folder / "choices.npz", folder / "manifest.json"):
        whole = path.read_bytes()
        path.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
        with pytest.raises(ChoicesRefused, match="altered"):
            load_choices(workspace, {STYLE: shirt()}, KEY)
        path.write_bytes(whole)
    assert load_choices(workspace, {STYLE: shirt()}, KEY)


def test_a_model_with_other_options_is_refused_and_one_that_is_gone_left_out(
    workspace: Workspace,
) -> None:
    save_choices(workspace, {STYLE: learned()}, KEY)
    text = MODEL.read_text(encoding="utf-8").replace('"gift-box"', '"gift-bag"')
    with pytest.raises(ChoicesRefused, match="have changed"):
        load_choices(workspace, {STYLE: Product(parse_model(text, name="SH001.uvl"))}, KEY)
    assert load_choices(workspace, {}, KEY) == {}

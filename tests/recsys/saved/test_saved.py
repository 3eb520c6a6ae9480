from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest
from numpy.typing import NDArray

from data.tables import ORDERS, VARIANTS
from data.workspace import Workspace
from recsys.catalogue import Catalogue
from recsys.errors import ModelRefused, RecsysError
from recsys.interactions import Interactions
from recsys.models.popularity import Popularity
from recsys.recommender import Recommender, train
from recsys.registry import MODELS
from recsys.saved.manifest import MOST_BYTES, SCHEMA, signed, signing_key
from recsys.saved.saving import FILES, current_model, load, previous_model, save
from recsys.saved.versions import list_models, use_model
from tests.recsys.shop import AS_OF, shop

KEY = b"a key of the tests"
EARLIER = np.datetime64("2024-05-25", "us")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Recommender, Recommender]:
    workspace = shop(tmp_path_factory.mktemp("shop"))
    return workspace, train(workspace, as_of=EARLIER), train(workspace, as_of=AS_OF)


@pytest.fixture
def saved(
    made: tuple[Workspace, Recommender, Recommender], tmp_path: Path
) -> tuple[Workspace, str, str]:
    workspace = Workspace.create(tmp_path / "shop")
    return workspace, save(made[1], workspace, KEY), save(made[2], workspace, KEY)


def folder_of(workspace: Workspace, model_id: str) -> Path:
    return workspace.root / "models" / model_id


@pytest.mark.parametrize("model", MODELS)
def test_a_loaded_model_answers_exactly_as_the_trained_one(tmp_path: Path, model: str) -> None:
    workspace = shop(tmp_path / "shop")
    trained = train(workspace, as_of=AS_OF, model=model)
    loaded = load(workspace, save(trained, workspace, KEY), key=KEY)
    mapped = load(workspace, key=KEY, shared=True)
    np.testing.assert_array_equal(
        mapped.model.score(mapped.interactions), trained.model.score(trained.interactions)
    )
    np.testing.assert_array_equal(
        loaded.model.score(loaded.interactions), trained.model.score(trained.interactions)
    )
    for customer in ("c00", "c07", "nobody"):
        assert loaded.recommend(customer, 5) == trained.recommend(customer, 5)
        assert mapped.recommend(customer, 5) == trained.recommend(customer, 5)
    assert loaded.similar("cup", 3) == trained.similar("cup", 3)
    assert loaded.data_digest == workspace.digest()
    assert loaded.model.settings == trained.model.settings


def test_the_last_saved_is_in_use_and_older_ones_stay(saved: tuple[Workspace, str, str]) -> None:
    workspace, old, new = saved
    assert current_model(workspace) == new
    assert load(workspace, key=KEY).interactions.as_of == AS_OF
    assert load(workspace, old, key=KEY).interactions.as_of == EARLIER
    listed = {one.model_id: one for one in list_models(workspace, KEY)}
    assert set(listed) == {old, new}
    assert listed[new].current
    assert not listed[old].current
    assert listed[old].as_of.startswith("2024-05-25")
    assert {one.refused for one in listed.values()} == {""}


def test_an_older_version_can_be_used_again(saved: tuple[Workspace, str, str]) -> None:
    workspace, old, new = saved
    assert use_model(workspace, old, KEY) == old
    assert load(workspace, key=KEY).interactions.as_of == EARLIER
    assert previous_model(workspace) == new


def test_saving_the_same_again_keeps_one_folder_and_leaves_nothing_else(
    saved: tuple[Workspace, str, str], made: tuple[Workspace, Recommender, Recommender]
) -> None:
    workspace, old, new = saved
    assert save(made[2], workspace, KEY) == new
    names = {path.name for path in (workspace.root / "models").iterdir()}
    assert names == {old, new, "current", ".lock"}
    assert new.startswith("20240601-atelier-")


def test_saving_again_mends_a_damaged_version(
    saved: tuple[Workspace, str, str], made: tuple[Workspace, Recommender, Recommender]
) -> None:
    workspace, _, new = saved
    (folder_of(workspace, new) / "names.json").unlink()
    assert save(made[2], workspace, KEY) == new
    assert load(workspace, new, key=KEY).interactions.as_of == AS_OF


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_a_flipped_bit_anywhere_is_refused(saved: tuple[Workspace, str, str], name: str) -> None:
    workspace, _, new = saved
    path = folder_of(workspace, new) / name
    whole = path.read_bytes()
    draw = np.random.default_rng(3)
    for place in draw.integers(len(whole), size=60):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(draw.integers(8))
        path.write_bytes(flipped)
        with pytest.raises(ModelRefused):
            load(workspace, new, key=KEY)
    path.write_bytes(whole)
    load(workspace, new, key=KEY)


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes()[: len(path.read_bytes()) // 2]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes() + b"\n"),
        lambda path: path.unlink(),
    ],
    ids=["a byte short", "half", "empty", "a byte more", "gone"],
)
def test_a_cut_padded_or_missing_file_is_refused_and_the_older_version_serves(
    saved: tuple[Workspace, str, str], name: str, harm: Callable[[Path], object]
) -> None:
    workspace, old, new = saved
    serving = load(workspace, new, key=KEY)
    harm(folder_of(workspace, new) / name)
    with pytest.raises(ModelRefused) as caught:
        load(workspace, new, key=KEY)
    assert caught.value.fix
    assert serving.recommend("c05", 2).fallback is None
    assert load(workspace, old, key=KEY).recommend("c05", 2).fallback is None


@pytest.mark.parametrize("name", FILES)
def test_files_of_another_version_are_refused(saved: tuple[Workspace, str, str], name: str) -> None:
    workspace, old, new = saved
    shutil.copy(folder_of(workspace, old) / name, folder_of(workspace, new) / name)
    if name != "names.json":  # both versions know the same names
        with pytest.raises(ModelRefused, match="altered"):
            load(workspace, new, key=KEY)


def test_a_version_under_anothers_name_is_refused(saved: tuple[Workspace, str, str]) -> None:
    workspace, old, new = saved
    shutil.rmtree(folder_of(workspace, new))
    shutil.copytree(folder_of(workspace, old), folder_of(workspace, new))
    with pytest.raises(ModelRefused, match=f"holds the model {old}"):
        load(workspace, new, key=KEY)


@pytest.mark.parametrize(
    "field", ["model", "schema", "as_of", "files", "settings", "model_id", "facts", "tuned"]
)
def test_an_edited_manifest_is_refused(saved: tuple[Workspace, str, str], field: str) -> None:
    workspace, _, new = saved
    path = folder_of(workspace, new) / "manifest.json"
    path.write_bytes(framed(json.loads(path.read_bytes()), field, "edited"))
    with pytest.raises(ModelRefused, match="altered, or signed with another key"):
        load(workspace, new, key=KEY)


def framed(content: dict[str, Any], field: str, value: object) -> bytes:
    """A manifest's bytes with a field edited and the old signature kept, framed as by signing."""
    manifest, old = content["manifest"], content["signature"].encode()
    edited = signed({**manifest, field: value}, KEY)
    return edited.replace(json.loads(edited)["signature"].encode(), old)


def test_an_unchanged_manifest_is_framed_as_it_was(saved: tuple[Workspace, str, str]) -> None:
    workspace, _, new = saved
    raw = (folder_of(workspace, new) / "manifest.json").read_bytes()
    assert framed(json.loads(raw), "schema", SCHEMA) == raw


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"manifest": 1}', "[" * 50_000])
def test_a_manifest_that_is_none_is_refused(saved: tuple[Workspace, str, str], text: str) -> None:
    workspace, _, new = saved
    (folder_of(workspace, new) / "manifest.json").write_text(text)
    with pytest.raises(ModelRefused):
        load(workspace, new, key=KEY)


def test_a_version_of_another_format_says_to_train_again(saved: tuple[Workspace, str, str]) -> None:
    workspace, _, new = saved
    path = folder_of(workspace, new) / "manifest.json"
    manifest = json.loads(path.read_bytes())["manifest"]
    first = json.dumps({"manifest": {**manifest, "schema": 1}, "signature": "0" * 64}, indent=2)
    for raw in (f"{first}\n".encode(), signed({**manifest, "schema": SCHEMA + 1}, KEY)):
        path.write_bytes(raw)
        with pytest.raises(ModelRefused, match=f"this Atelier reads {SCHEMA}") as caught:
            load(workspace, new, key=KEY)
        assert "atelier train" in caught.value.fix


def test_a_model_or_setting_that_is_no_more_says_to_train_again(
    saved: tuple[Workspace, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, old, new = saved
    path = folder_of(workspace, new) / "manifest.json"
    manifest = json.loads(path.read_bytes())["manifest"]
    path.write_bytes(signed({**manifest, "settings": {"gone": 1}}, KEY))
    monkeypatch.delitem(MODELS, "atelier")
    for model_id in (new, old):
        with pytest.raises(ModelRefused, match="saved by another Atelier") as caught:
            load(workspace, model_id, key=KEY)
        assert "Train" in caught.value.fix
    monkeypatch.undo()
    with pytest.raises(ModelRefused, match="saved by another Atelier"):
        load(workspace, new, key=KEY)
    load(workspace, old, key=KEY)


def test_another_key_is_refused_and_the_list_says_so(saved: tuple[Workspace, str, str]) -> None:
    workspace, _, new = saved
    with pytest.raises(ModelRefused, match="another key"):
        load(workspace, new, key=b"another")
    assert all("another key" in one.refused for one in list_models(workspace, b"another"))


def test_a_refused_version_does_not_come_into_use(saved: tuple[Workspace, str, str]) -> None:
    workspace, old, new = saved
    (folder_of(workspace, old) / FILES[0]).write_bytes(b"")
    with pytest.raises(ModelRefused):
        use_model(workspace, old, KEY)
    assert current_model(workspace) == new


@pytest.mark.parametrize("model_id", ["../../etc", "20240601-atelier-000000000000", "", "."])
def test_a_version_that_is_not_there_is_refused(
    saved: tuple[Workspace, str, str], model_id: str
) -> None:
    workspace, _, _ = saved
    (workspace.root / "models" / "current").write_text(model_id)
    with pytest.raises(ModelRefused, match="There is no saved model"):
        load(workspace, key=KEY)


def test_a_workspace_without_models_says_how_to_train_one(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "empty")
    assert current_model(workspace) is None
    assert list_models(workspace, KEY) == ()
    with pytest.raises(ModelRefused, match="atelier train"):
        load(workspace, key=KEY)


def test_the_workspaces_own_key_is_made_once_and_only_its_owner_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ATELIER_SIGNING_KEY", raising=False)
    workspace = Workspace.create(tmp_path / "empty")
    key = signing_key(workspace)
    assert len(key) == 64
    assert signing_key(workspace) == key
    path = workspace.root / "signing.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    monkeypatch.setenv("ATELIER_SIGNING_KEY", "given")
    assert signing_key(workspace) == b"given"
    monkeypatch.delenv("ATELIER_SIGNING_KEY")
    path.write_bytes(b"")
    with pytest.raises(ModelRefused, match="empty"):
        signing_key(workspace)


class Everything(Popularity):
    """Popularity that also learned an array of every kind."""

    name = "every-thing2"
    arrays: ClassVar[dict[str, NDArray[np.generic]]] = {
        "bool": np.array([True, False]),
        "uint8": np.frombuffer(b"tree\n=0", dtype=np.uint8),
        "int32": np.array([[-(2**31)], [2**31 - 1]], dtype=np.int32),
        "int64": np.array([-(2**63), 2**63 - 1]),
        "float32": np.array([1e-45, np.inf], dtype=np.float32),
        "float64": np.array([0.1, -0.0]),
        "none": np.zeros((0, 3), dtype=np.float32),
        "one": np.array(7, dtype=np.int64),
        "across": np.arange(6.0).reshape(2, 3).T,
        "steps": np.arange(10)[::3],
    }

    def facts(self) -> Mapping[str, object]:
        return {"folds": [3, 4], "said": {"nothing": None}}

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        return {**super().state(), **self.arrays}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> Self:
        self.restored = dict(state)
        return super().restore(state)


def test_arrays_of_every_kind_and_shape_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS, Everything.name, Everything)
    workspace = shop(tmp_path / "shop")
    model_id = save(train(workspace, as_of=AS_OF, model=Everything.name), workspace, KEY)
    loaded = load(workspace, model_id, key=KEY).model
    assert isinstance(loaded, Everything)
    for name, array in Everything.arrays.items():
        assert loaded.restored[name].dtype == array.dtype
        assert loaded.restored[name].shape == array.shape
        np.testing.assert_array_equal(loaded.restored[name], array)
    assert list_models(workspace, KEY)[0].facts == {"folds": [3, 4], "said": {"nothing": None}}


def test_prices_attributes_and_regions_come_back(tmp_path: Path) -> None:
    workspace = shop(tmp_path / "shop")
    variants, orders = workspace.read(VARIANTS), workspace.read(ORDERS)
    variants["colour"] = ["red", "blue", None, "grün", "", "red", "blue"]
    variants.loc[2, "price"] = np.nan
    orders["region"] = np.where(orders["customer_id"] == "c03", "Öst", "North")
    orders.loc[orders["customer_id"] == "c05", "region"] = None
    workspace.write({"orders": orders, "variants": variants})
    trained = train(workspace, as_of=AS_OF)
    loaded = load(workspace, save(trained, workspace, KEY), key=KEY)
    assert {"Öst", "North", ""} == set(loaded.interactions.regions)
    assert set(loaded.catalogue.attributes) == {"colour"}
    same_fields(loaded.interactions, trained.interactions)
    same_fields(loaded.catalogue, trained.catalogue)


def same_fields(found: Interactions | Catalogue, wanted: Interactions | Catalogue) -> None:
    """Every field is the same to the last bit, of the same kind, whatever fields there are."""
    for name in (field.name for field in fields(wanted)):
        here, there = getattr(wanted, name), getattr(found, name)
        pairs = (
            [(there[key], here[key]) for key in here]
            if isinstance(here, Mapping)
            else [(there, here)]
        )
        for one, other in pairs:
            np.testing.assert_array_equal(one, other)
            assert getattr(one, "dtype", None) == getattr(other, "dtype", None)


def test_what_a_search_chose_stands_in_the_manifest(tmp_path: Path) -> None:
    workspace = shop(tmp_path / "shop")
    trained = train(workspace, as_of=AS_OF)
    plain = save(trained, workspace, KEY)
    tuned = save(trained, workspace, KEY, tuned={"trials": 3, "value": 0.25})
    told = {one.model_id: one.tuned for one in list_models(workspace, KEY)}
    assert told == {plain: None, tuned: {"trials": 3, "value": 0.25}}


def test_a_manifest_too_large_to_be_read_again_is_not_written(tmp_path: Path) -> None:
    workspace = shop(tmp_path / "shop")
    with pytest.raises(RecsysError, match="manifest would have"):
        save(train(workspace, as_of=AS_OF), workspace, KEY, tuned={"much": "x" * MOST_BYTES})
    assert current_model(workspace) is None

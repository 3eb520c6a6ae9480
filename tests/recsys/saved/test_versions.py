from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data.workspace import Workspace
from recsys.errors import BadRequest, ModelRefused
from recsys.recommender import Recommender, train
from recsys.saved.saving import FILES, current_model, load, previous_model, save
from recsys.saved.versions import list_models, prune_models, remove_models, use_model
from tests.paths import ROOT
from tests.recsys.shop import shop

KEY = b"a key of the tests"
DAYS = ("2024-05-11", "2024-05-18", "2024-05-25", "2024-06-01")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Recommender]:
    workspace = shop(tmp_path_factory.mktemp("shop"))
    return [train(workspace, as_of=np.datetime64(day, "us"), model="popularity") for day in DAYS]


@pytest.fixture
def saved(made: list[Recommender], tmp_path: Path) -> tuple[Workspace, list[str]]:
    """Four versions, written a minute apart in the order of their days; the last is in use."""
    workspace = Workspace.create(tmp_path / "shop")
    ids = [save(one, workspace, KEY) for one in made]
    for minute, model_id in enumerate(ids):
        manifest = workspace.root / "models" / model_id / "manifest.json"
        os.utime(manifest, (1_700_000_000 + 60 * minute,) * 2)
    return workspace, ids


def left(workspace: Workspace) -> list[str]:
    return [one.model_id for one in list_models(workspace, KEY)]


def test_a_list_tells_what_each_version_is(
    saved: tuple[Workspace, list[str]], made: list[Recommender]
) -> None:
    workspace, ids = saved
    names = workspace.root / "models" / ids[1] / "names.json"
    names.write_bytes(b"{}")
    told = list_models(workspace, KEY)
    assert [one.model_id for one in told] == ids
    assert [one.current for one in told] == [False, False, False, True]
    assert [one.previous for one in told] == [False, False, True, False]
    first, harmed = told[:2]
    assert (first.model, first.as_of[:10]) == ("popularity", DAYS[0])
    assert first.data_digest == made[0].data_digest
    assert first.settings["recency_days"] == 30.0
    assert first.saved_at == "2023-11-14T22:13:20Z"
    folder = workspace.root / "models" / ids[0]
    assert first.size == sum((folder / one).stat().st_size for one in (*FILES, "manifest.json"))
    assert "altered" in harmed.refused
    assert (harmed.model, harmed.data_digest) == ("", "")


def test_the_one_before_comes_back_and_so_does_the_one_after(
    saved: tuple[Workspace, list[str]],
) -> None:
    workspace, ids = saved
    assert use_model(workspace, None, KEY) == ids[2]
    assert (current_model(workspace), previous_model(workspace)) == (ids[2], ids[3])
    assert use_model(workspace, ids[2], KEY) == ids[2]
    assert previous_model(workspace) == ids[3], "to use what is in use forgets nothing"
    assert use_model(workspace, None, KEY) == ids[3]
    assert load(workspace, key=KEY).interactions.as_of == np.datetime64(DAYS[3])


def test_without_one_before_nothing_changes(
    made: list[Recommender], saved: tuple[Workspace, list[str]], tmp_path: Path
) -> None:
    alone = Workspace.create(tmp_path / "alone")
    only = save(made[0], alone, KEY)
    with pytest.raises(ModelRefused, match="before is left"):
        use_model(alone, None, KEY)
    assert current_model(alone) == only
    workspace, ids = saved
    remove_models(workspace, [ids[2]])
    with pytest.raises(ModelRefused, match="before is left"):
        use_model(workspace, None, KEY)
    assert current_model(workspace) == ids[3]


def test_a_pointer_of_an_id_alone_is_read(saved: tuple[Workspace, list[str]]) -> None:
    workspace, ids = saved
    (workspace.root / "models" / "current").write_text(f"{ids[0]}\n")
    assert (current_model(workspace), previous_model(workspace)) == (ids[0], None)


def test_removed_versions_are_gone_whole(saved: tuple[Workspace, list[str]]) -> None:
    workspace, ids = saved
    assert remove_models(workspace, [ids[1], ids[0], ids[1]]) == (ids[1], ids[0])
    assert left(workspace) == ids[2:]
    names = {path.name for path in (workspace.root / "models").iterdir()}
    assert names == {*ids[2:], "current", ".lock"}
    assert load(workspace, key=KEY).recommend("c05", 2).recommendations


def test_nothing_is_removed_if_one_is_in_use_or_not_there(
    saved: tuple[Workspace, list[str]],
) -> None:
    workspace, ids = saved
    with pytest.raises(BadRequest, match="in use") as caught:
        remove_models(workspace, [ids[0], ids[3]])
    assert "models use" in caught.value.fix
    for wrong in ("20240601-popularity-000000000000", "../tables", "", ".lock"):
        with pytest.raises(ModelRefused, match="no saved model"):
            remove_models(workspace, [ids[0], wrong])
    assert left(workspace) == ids


def test_a_refused_version_can_be_removed(saved: tuple[Workspace, list[str]]) -> None:
    workspace, ids = saved
    (workspace.root / "models" / ids[0] / "manifest.json").unlink()
    assert remove_models(workspace, [ids[0]]) == (ids[0],)
    assert left(workspace) == ids[1:]


@pytest.mark.parametrize(
    ("in_use", "keep", "stay"),
    [
        (3, 2, [2, 3]),
        (3, 1, [3]),
        (0, 2, [0, 3]),
        (0, 1, [0]),
        (3, 4, [0, 1, 2, 3]),
        (3, 9, [0, 1, 2, 3]),
    ],
)
def test_the_oldest_go_but_never_the_one_in_use(
    saved: tuple[Workspace, list[str]], in_use: int, keep: int, stay: list[int]
) -> None:
    workspace, ids = saved
    use_model(workspace, ids[in_use], KEY)
    gone = prune_models(workspace, keep)
    assert gone == tuple(one for place, one in enumerate(ids) if place not in stay)
    assert left(workspace) == [ids[place] for place in stay]


def test_none_at_all_cannot_be_kept(saved: tuple[Workspace, list[str]]) -> None:
    with pytest.raises(BadRequest, match="0 versions"):
        prune_models(saved[0], 0)


REMOVE = """
import sys
from pathlib import Path
from data.workspace import Workspace
from recsys.saved.versions import remove_models
remove_models(Workspace.open(Path(sys.argv[1])), sys.argv[2:])
"""


def test_killed_at_a_removal_the_version_is_gone_and_what_is_left_goes_at_the_next_change(
    saved: tuple[Workspace, list[str]],
) -> None:
    workspace, ids = saved
    died = subprocess.run(
        [sys.executable, "-c", REMOVE, workspace.root, ids[0]],
        env=os.environ | {"ATELIER_FAILPOINT": "model-away"},
        cwd=ROOT,
        check=False,
    )
    assert died.returncode == -9
    assert left(workspace) == ids[1:]
    models = workspace.root / "models"
    assert list(models.glob(".removing-*"))
    use_model(workspace, ids[1], KEY)
    assert not list(models.glob(".removing-*"))


def test_an_empty_workspace_lists_and_prunes_nothing(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "empty")
    assert list_models(workspace, KEY) == ()
    assert prune_models(workspace, 1) == ()
    with pytest.raises(ModelRefused):
        use_model(workspace, None, KEY)

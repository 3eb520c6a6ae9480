from __future__ import annotations

from pathlib import Path

import pytest

from api.errors import SettingsError
from api.settings import load_settings


@pytest.fixture(autouse=True)
def no_outer_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "HORIZON",
        "SEED",
        "DATABASE_URL",
        "SIGNING_KEY",
        "MODEL",
        "THREADS",
        "PORT",
        "DEMAND",
    ):
        monkeypatch.delenv(f"ATELIER_{name}", raising=False)


def write(folder: Path, text: str) -> Path:
    (folder / "atelier.toml").write_text(text, encoding="utf-8")
    return folder


def test_each_layer_overrides_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings(tmp_path).horizon == 4
    write(tmp_path, "horizon = 5\nseed = 9\n")
    assert load_settings(tmp_path).horizon == 5
    monkeypatch.setenv("ATELIER_HORIZON", "6")
    assert load_settings(tmp_path).horizon == 6
    assert load_settings(tmp_path, horizon=7).horizon == 7
    assert load_settings(tmp_path, horizon=None).horizon == 6
    assert load_settings(tmp_path).seed == 9


def test_a_misspelt_key_is_refused_with_the_nearest_right_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings(write(tmp_path, "horizn = 5\n"))
    assert "atelier.toml" in refusal.value.where
    assert "'horizn'" in refusal.value.what
    assert "Did you mean 'horizon'?" in refusal.value.fix


@pytest.mark.parametrize(
    "text", ["horizon = 0", 'horizon = "four"', 'timezone = "Mars/Olympus"', "horizon = ", "x=[["]
)
def test_a_value_out_of_bounds_names_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings(write(tmp_path, text))
    assert "atelier.toml" in refusal.value.where


def test_a_bad_environment_variable_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATELIER_PORT", "70000")
    with pytest.raises(SettingsError) as refusal:
        load_settings(tmp_path)
    assert refusal.value.where == "environment ATELIER_PORT"


def test_secrets_do_not_show(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, signing_key="canary", database_url="sqlite:///canary.db")
    assert "canary" not in repr(settings)
    assert settings.store_url(tmp_path) == "sqlite:///canary.db"


def test_the_store_lies_in_the_workspace_by_default(tmp_path: Path) -> None:
    assert load_settings().store_url(tmp_path) == f"sqlite:///{tmp_path.resolve()}/atelier.db"


def test_tables_hold_what_the_rooms_assume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, '[demand]\ncountry = "DE"\n[economics]\nsalvage_share = 0.1\n')
    assert load_settings(tmp_path).demand.country == "DE"
    assert load_settings(tmp_path).economics.salvage_share == 0.1
    assert load_settings(tmp_path).economics.unit_cost_share == 0.4
    monkeypatch.setenv("ATELIER_DEMAND__COUNTRY", "FR")
    assert load_settings(tmp_path).demand.country == "FR"


def test_a_misspelt_key_of_a_table_is_refused_likewise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings(write(tmp_path, '[demand]\ncontry = "DE"\n'))
    assert "'demand.contry'" in refusal.value.what
    assert "Did you mean 'country'?" in refusal.value.fix
    write(tmp_path, "")
    monkeypatch.setenv("ATELIER_ECONOMICS__SALVAGE_SHARE", "2")
    with pytest.raises(SettingsError) as refusal:
        load_settings(tmp_path)
    assert refusal.value.where == "environment ATELIER_ECONOMICS__SALVAGE_SHARE"
    monkeypatch.delenv("ATELIER_ECONOMICS__SALVAGE_SHARE")
    monkeypatch.setenv("ATELIER_DEMAND", "no json")
    with pytest.raises(SettingsError, match="JSON"):
        load_settings(tmp_path)

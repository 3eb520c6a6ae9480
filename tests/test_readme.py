"""What the README tells a newcomer to write and to run is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from data.importing import import_files
from data.mapping import load_mapping, shipped_mappings
from data.tables import ORDERS, VARIANTS
from data.workspace import Workspace
from tests.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found
    return found.group(1)


def test_the_mapping_for_a_file_of_your_own_imports_it(tmp_path: Path) -> None:
    till, mapping = tmp_path / "till.csv", tmp_path / "my_shop.toml"
    till.write_text(block("csv"), encoding="utf-8")
    mapping.write_text(block("toml"), encoding="utf-8")
    report = import_files([till], load_mapping(str(mapping)), tmp_path / "shop")
    assert (report.read, report.kept) == (2, 2)
    workspace = Workspace.open(tmp_path / "shop")
    assert workspace.read(ORDERS)["unit_price"].tolist() == [19.9, 19.9]
    assert workspace.read(VARIANTS)["style_id"].tolist() == ["12345", "12345"]


def test_every_shipped_mapping_is_named() -> None:
    assert [name for name in shipped_mappings() if f"`{name}`" not in README] == []


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()

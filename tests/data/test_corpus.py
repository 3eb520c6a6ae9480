"""The corpus of bad CSV files, strict and with quarantine."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data.errors import ImportRefused
from data.importing import import_files
from data.mapping import parse_mapping
from data.tables import ORDERS
from data.workspace import Workspace
from tests.data.corpus import ACCEPTED, HEADER, MAPPING, STRUCTURE, VALUES, Case, lines, order

MAPPED = parse_mapping(MAPPING, where="corpus.toml")


def named(cases: list[Case]) -> list[object]:
    return [pytest.param(case, id=case.name) for case in cases]


def put(case: Case, folder: Path) -> Path:
    path = folder / case.file_name
    path.write_bytes(case.content)
    return path


@pytest.mark.parametrize("case", named(STRUCTURE + VALUES))
def test_a_strict_import_is_refused_and_changes_nothing(case: Case, tmp_path: Path) -> None:
    path = put(case, tmp_path)
    with pytest.raises(ImportRefused) as refusal:
        import_files([path], MAPPED, tmp_path / "shop")
    first = refusal.value.findings[0]
    assert (first.file, first.line, first.rule) == (case.file_name, case.line, case.rule)
    assert first.hint
    assert refusal.value.total == len(refusal.value.findings) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == [case.file_name]


@pytest.mark.parametrize("case", named([c for c in STRUCTURE + VALUES if c.kept is not None]))
def test_quarantine_keeps_the_good_rows_and_lists_the_bad(case: Case, tmp_path: Path) -> None:
    report = import_files([put(case, tmp_path)], MAPPED, tmp_path / "shop", quarantine=True)
    assert (report.read, report.kept, report.set_aside) == (4, 3, {case.rule: 1})
    kept = Workspace.open(tmp_path / "shop").read(ORDERS)
    assert kept["order_id"].tolist() == ["001", "002", "003"]
    assert report.quarantine is not None
    listed = pd.read_csv(report.quarantine, keep_default_na=False)
    assert listed[["line", "rule"]].to_numpy().tolist() == [[case.line, case.rule]]


@pytest.mark.parametrize("case", named([c for c in STRUCTURE if c.kept is None]))
def test_a_file_at_fault_as_a_whole_is_refused_with_quarantine_too(
    case: Case, tmp_path: Path
) -> None:
    with pytest.raises(ImportRefused) as refusal:
        import_files([put(case, tmp_path)], MAPPED, tmp_path / "shop", quarantine=True)
    assert refusal.value.findings[0].rule == case.rule
    assert not (tmp_path / "shop").exists()


@pytest.mark.parametrize("case", named(ACCEPTED))
def test_what_is_unusual_but_sound_is_accepted(case: Case, tmp_path: Path) -> None:
    report = import_files([put(case, tmp_path)], MAPPED, tmp_path / "shop")
    assert report.read == report.kept == case.kept
    assert report.quarantine is None


def test_a_misspelt_column_is_told_the_nearest_one(tmp_path: Path) -> None:
    case = next(case for case in STRUCTURE if case.name == "misspelt-column")
    with pytest.raises(ImportRefused, match="did you mean 'Unist'"):
        import_files([put(case, tmp_path)], MAPPED, tmp_path / "shop")


def test_every_finding_is_listed_in_the_order_of_the_file(tmp_path: Path) -> None:
    bad = [case for case in STRUCTURE + VALUES if case.line == 3 and case.name != "huge-field"]
    rows = [case.content.split(b"\n")[2] for case in bad]
    (tmp_path / "orders.csv").write_bytes(b"\n".join((HEADER.encode(), *rows, b"")))
    with pytest.raises(ImportRefused) as refusal:
        import_files([tmp_path / "orders.csv"], MAPPED, tmp_path / "shop")
    found = [(finding.line, finding.rule) for finding in refusal.value.findings]
    assert found == [(line, case.rule) for line, case in enumerate(bad, start=2)]


def test_lines_are_told_in_a_long_file_with_line_breaks_in_quotes(tmp_path: Path) -> None:
    rows, bad, line = [], [], 2
    for number in range(5_000):
        if number in {0, 1_999, 2_000, 2_001, 4_999}:
            rows.append(order(order=str(number), units="many"))
            bad.append(line)
        elif number % 900 == 899:
            rows.append(order(order=str(number), note='"two\nlines"'))
            line += 1
        else:
            rows.append(order(order=str(number)))
        line += 1
    (tmp_path / "orders.csv").write_bytes(lines(*rows))
    report = import_files([tmp_path / "orders.csv"], MAPPED, tmp_path / "shop", quarantine=True)
    assert (report.read, report.kept) == (5_000, 4_995)
    assert report.quarantine is not None
    assert pd.read_csv(report.quarantine)["line"].tolist() == bad

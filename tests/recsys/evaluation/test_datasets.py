from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from data.errors import SourceError
from recsys.evaluation.datasets import read_lines
from tests.paths import SHARED

GOWALLA = SHARED / "lightgcn_gowalla"


def write(folder: Path, name: str, content: str | bytes | pd.DataFrame) -> Path:
    path = folder / name
    if isinstance(content, pd.DataFrame):
        content.to_parquet(path)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_csv_is_read_with_its_times_and_quantities(tmp_path: Path) -> None:
    text = (
        "note,variant_id,customer_id,quantity,at\r\n"
        "x,007,12,3,2010-09-06\r\n"
        'y,"a,b",13,-1.5,2010-09-06T10:00:00+02:00\r\n'
    )
    lines = read_lines(write(tmp_path, "train.csv", "\ufeff" + text))
    assert lines["customer_id"].tolist() == ["12", "13"]
    assert lines["variant_id"].tolist() == ["007", "a,b"]
    assert lines["quantity"].tolist() == [3.0, -1.5]
    assert lines["ordered_at"].tolist() == [
        pd.Timestamp("2010-09-06"),
        pd.Timestamp("2010-09-06 08:00"),
    ]
    packed = write(tmp_path, "train.csv.gz", gzip.compress(text.encode()))
    pd.testing.assert_frame_equal(read_lines(packed), lines)


def test_parquet_ids_may_be_numbers_or_categories(tmp_path: Path) -> None:
    frame = pd.DataFrame({"customer_id": [7, 8], "variant_id": pd.Categorical(["a", "b"])})
    lines = read_lines(write(tmp_path, "train.parquet", frame))
    assert lines.to_dict("list") == {"customer_id": ["7", "8"], "variant_id": ["a", "b"]}


def test_a_text_file_has_a_customer_and_then_its_variants_on_each_line(tmp_path: Path) -> None:
    for name, content in (
        ("t.txt", b"0 4 5\n\n1  4\n"),
        ("t.txt.gz", gzip.compress(b"0 4 5\n1 4")),
    ):
        lines = read_lines(write(tmp_path, name, content))
        assert lines.to_dict("list") == {
            "customer_id": ["0", "0", "1"],
            "variant_id": ["4", "5", "4"],
        }


@pytest.mark.skipif(not GOWALLA.is_dir(), reason="needs ../shared/data/lightgcn_gowalla")
def test_gowalla_has_its_published_size() -> None:
    lines = read_lines(GOWALLA / "train.txt.gz")
    assert len(lines) == 810_128
    assert (lines["customer_id"].nunique(), lines["variant_id"].nunique()) == (29_858, 40_981)


HEAD = "customer_id,variant_id"
IDS = {"customer_id": ["1", "2"], "variant_id": ["a", "b"]}
FAULTS: list[tuple[str, str | bytes | pd.DataFrame, int, str]] = [
    ("missing.csv", "customer_id,price\n1,2\n", 1, "no column 'variant_id'"),
    ("misspelt.csv", "custmer_id,variant_id\n1,2\n", 1, "'custmer_id'"),
    ("case.csv", "Customer_ID,variant_id\n1,2\n", 1, "'Customer_ID'"),
    ("slip.csv", f"{HEAD},quantty\n1,2,3\n", 1, "'quantty' means 'quantity'"),
    ("twice.csv", f"customer_id,{HEAD}\n1,2,3\n", 1, "2 times"),
    ("other.csv", "a,b\n1,2\n", 1, "must name the columns"),
    ("semicolons.csv", "customer_id;variant_id\n1;2\n", 1, "commas between"),
    ("empty.csv", "", 0, "empty"),
    ("blank.txt", " \n\n", 0, "empty"),
    ("header.csv", f"{HEAD}\n", 1, "no row"),
    ("short.csv", f"{HEAD}\n1,2\n3\n4,5\n", 3, "1 fields where the header has 2"),
    ("cut.csv", f"{HEAD}\n1,2\n3", 3, "cut off"),
    ("long.csv", f"{HEAD}\n1,2,3\n", 2, "3 fields"),
    ("quote.csv", f'{HEAD}\n1,"2\n3,4\n', 2, "not closed"),
    ("id.csv", f"{HEAD}\n1,2\n ,2\n", 3, "no id"),
    ("text.csv", f"{HEAD},quantity\n1,2,3\n1,2,many\n", 3, "'many' in column quantity"),
    ("nan.csv", f"{HEAD},quantity\n1,2,nan\n1,3,\n", 2, "'nan' in column quantity"),
    ("huge.csv", f"{HEAD},quantity\n1,2,1e400\n", 2, "'1e400' in column quantity"),
    ("time.csv", f"{HEAD},at\n1,2,05/11/2010\n", 2, "'05/11/2010' in column at"),
    ("day.csv", f"{HEAD},at\n1,2,2010-02-30\n", 2, "no time"),
    ("latin.csv", f"{HEAD}\n1,2\n1,caf\xe9\n".encode("latin-1"), 3, "as UTF-8"),
    ("latin.txt", "1 2\n1 caf\xe9\n".encode("latin-1"), 2, "as UTF-8"),
    ("utf16.csv", f"{HEAD}\n1,2\n".encode("utf-16"), 1, "as UTF-8"),
    ("nul.csv", f"{HEAD}\n1,2\0\n", 2, "NUL"),
    ("nul.txt", "1 2\n3 4\0\n", 2, "NUL"),
    ("cut.txt.gz", gzip.compress(b"1 2 3\n" * 99)[:-6], 0, "cut off or damaged"),
    ("cut.csv.gz", gzip.compress(f"{HEAD}\n1,2\n".encode())[:-6], 0, "cut off or damaged"),
    ("plain.txt.gz", "1 2\n", 0, "cut off or damaged"),
    ("alone.txt", "1 2\n5\n", 2, "'5' stands alone"),
    ("book.xlsx", b"PK", 0, "does not say"),
    ("cut.parquet", b"PAR1", 0, "no Parquet"),
    ("none.parquet", pd.DataFrame(IDS).head(0), 0, "no row"),
    ("lacks.parquet", pd.DataFrame({"customer_id": [1]}), 0, "no column 'variant_id'"),
    (
        "null.parquet",
        pd.DataFrame({"customer_id": pd.array([1, None], dtype="Int64"), "variant_id": ["a", "b"]}),
        2,
        "column customer_id is no id",
    ),
    ("when.parquet", pd.DataFrame(IDS | {"at": ["2010-01-01", "soon"]}), 2, "'soon'"),
]


@pytest.mark.parametrize(
    ("name", "content", "line", "hint"), FAULTS, ids=[fault[0] for fault in FAULTS]
)
def test_a_bad_file_is_refused_by_line_and_cause(
    tmp_path: Path, name: str, content: str | bytes | pd.DataFrame, line: int, hint: str
) -> None:
    with pytest.raises(SourceError) as refused:
        read_lines(write(tmp_path, name, content))
    assert refused.value.where == (f"{name}:{line}" if line else name)
    assert hint in refused.value.fix


def test_every_bad_value_is_named_up_to_a_cap(tmp_path: Path) -> None:
    rows = "".join(f"{row},a,none\n" for row in range(100))
    with pytest.raises(SourceError) as refused:
        read_lines(write(tmp_path, "many.csv", f"{HEAD},quantity\n{rows}"))
    assert [finding.line for finding in refused.value.findings] == list(range(2, 22))
    assert {finding.column for finding in refused.value.findings} == {"quantity"}


def test_no_advice_speaks_of_a_mapping(tmp_path: Path) -> None:
    for name, content, _, _ in FAULTS:
        with pytest.raises(SourceError) as refused:
            read_lines(write(tmp_path, name, content))
        assert "mapping" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no file"):
        read_lines(tmp_path / "train.csv")

"""Small files and mappings for the import's tests."""

from __future__ import annotations

from pathlib import Path

from data.customers import Pseudonyms
from data.importing import import_files
from data.mapping import Mapping, parse_mapping
from data.quality import QualityReport

PSEUDONYMS = Pseudonyms(b"a key for tests, the same in every run")
"""As `tests/conftest.py` sets the key."""

HEADER = "order,customer,variant,units,price,at"

ORDERS = """
[[sources]]
files = "orders*"
[sources.tables.orders.columns]
order_id = "order"
customer_id = "customer"
variant_id = "variant"
quantity = "units"
unit_price = "price"
ordered_at = "at"
"""

DUPLICATE = '[[sources.tables.orders.rules]]\nrule = "duplicate"\n'


def mapping(*parts: str) -> Mapping:
    """A mapping of some parts of TOML."""
    return parse_mapping("format = 1\n" + "\n".join(parts), where="test.toml")


def put(folder: Path, name: str, header: str, *rows: str) -> Path:
    """A CSV file."""
    path = folder / name
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def bring(folder: Path, mapped: Mapping, *files: Path, quarantine: bool = False) -> QualityReport:
    """Import files into the workspace `shop` of a folder."""
    return import_files(files, mapped, folder / "shop", quarantine=quarantine)

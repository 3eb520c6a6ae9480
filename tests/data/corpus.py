"""Bad (and unusual but good) CSV files: each the same three good order lines and one oddity."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

HEADER = "Order,Customer,Code,Units,Price,When,Note"
GOOD = (
    "001,C1,V1,2,9.50,2024-05-01 10:00:00,plain",
    '002,C2,V2,1,4.00,2024-05-02 11:30:00,"quoted, with a comma"',
    "003,,V1,5,9.50,2024-05-03 09:15:00,no customer",
)

MAPPING = """
format = 1
timezone = "Europe/London"
[[sources]]
[sources.tables.orders.columns]
order_id = "Order"
customer_id = "Customer"
variant_id = "Code"
quantity = "Units"
unit_price = "Price"
ordered_at = "When"
"""


@dataclass(frozen=True)
class Case:
    """One file and what must come of it.

    Attributes:
        name: for the test's id.
        content: the file's bytes.
        rule: the rule of its finding; empty where the file is good.
        line: the physical line of its finding; 0 where the whole file is meant.
        kept: rows kept with quarantine; None where the file is refused in either mode.
        file_name: the file's name.
    """

    name: str
    content: bytes
    rule: str = ""
    line: int = 0
    kept: int | None = 3
    file_name: str = "orders.csv"


def lines(*rows: str, header: str = HEADER, end: str = "\n") -> bytes:
    """A file of the header and some rows."""
    return (end.join((header, *rows)) + end).encode()


def order(**cells: str) -> str:
    """An order line that is good but for the cells given."""
    good = {
        "order": "004", "customer": "C3", "code": "V1", "units": "1", "price": "2.50",
        "when": "2024-05-04 12:00:00", "note": "odd",
    }  # fmt: skip
    return ",".join((good | cells).values())


def odd(name: str, rule: str, row: str) -> Case:
    """A bad row between good ones, on line 3."""
    return Case(name, lines(GOOD[0], row, *GOOD[1:]), rule, 3)


def fine(name: str, content: bytes, kept: int = 3, file_name: str = "orders.csv") -> Case:
    """A file that is accepted as it is."""
    return Case(name, content, kept=kept, file_name=file_name)


def refused(name: str, content: bytes, rule: str, line: int = 1, **more: str) -> Case:
    """A file that is refused in either mode."""
    return Case(name, content, rule, line, None, **more)


SHORT_HEADER = "Order,Customer,Code,Price,When"
PACKED = gzip.compress(lines(*GOOD), mtime=0)

STRUCTURE = [
    refused("empty", b"", "empty", 0),
    refused("empty-in-gzip", gzip.compress(b""), "empty", 0, file_name="orders.csv.gz"),
    refused("header-only", lines(), "header_only"),
    refused("no-header", "\n".join(GOOD).encode(), "no_header"),
    refused("missing-column", lines("1,C,V,1,2024-05-01", header=SHORT_HEADER), "missing_column"),
    refused(
        "misspelt-column", lines(*GOOD, header=HEADER.replace("Units", "Unist")), "missing_column"
    ),
    refused(
        "duplicate-column", lines(*GOOD, header=HEADER.replace("Note", "Price")), "duplicate_column"
    ),
    odd("short-row", "short_row", "004,C3,V1"),
    odd("long-row", "long_row", order() + ",more"),
    odd("blank-line", "blank_line", ""),
    odd("repeated-header", "repeated_header", HEADER),
    odd("stray-quote", "quote", order(note='7" nail')),
    odd("text-after-quote", "quote", order(note='"nail"s')),
    odd("quote-never-closed", "quote", order(note='"nail')),
    odd("nul", "nul", order(code="V\0")),
    Case("bad-utf8", lines(GOOD[0], order(), *GOOD[1:]).replace(b"odd", b"\xff"), "encoding", 3),
    Case("latin-1", lines(GOOD[0], order(), *GOOD[1:]).replace(b"odd", b"caf\xe9"), "encoding", 3),
    Case("cut-in-row", lines(*GOOD) + b"004,C3,V1", "cut", 5),
    Case("cut-in-quote", lines(*GOOD) + order(note='"od').encode(), "cut", 5),
    Case("huge-line", lines(GOOD[0], order() + ",x" * 3_000_000, *GOOD[1:]), "field_size", 3),
    Case("huge-field", lines(GOOD[0], order(note="x" * 1_100_000), *GOOD[1:]), "field_size", 3),
    refused("utf-16", (HEADER + "\n" + GOOD[0]).encode("utf-16"), "encoding"),
    refused("nul-header", b"\0" * 50, "nul"),
    refused("semicolons", lines(*GOOD).replace(b",", b";"), "delimiter"),
    refused("tabs", lines(*GOOD).replace(b",", b"\t"), "delimiter"),
    refused("gzip-cut", PACKED[:-20], "archive", 0, file_name="orders.csv.gz"),
    refused("no-gzip", b"\x1f\x8b" + bytes(60), "archive", 0, file_name="orders.csv.gz"),
    refused("no-parquet", lines(*GOOD), "archive", 0, file_name="orders.parquet"),
    refused("no-workbook", lines(*GOOD), "archive", 0, file_name="orders.xlsx"),
]

VALUES = [
    odd("quantity-text", "type", order(units="two")),
    odd("quantity-zero", "range", order(units="0")),
    odd("quantity-fraction", "type", order(units="1.5")),
    odd("quantity-nan", "type", order(units="NaN")),
    odd("quantity-inf", "type", order(units="inf")),
    odd("quantity-huge", "range", order(units="1e30")),
    odd("quantity-beyond-float", "range", order(units="1e999")),
    odd("quantity-comma", "type", order(units='"1,5"')),
    odd("quantity-other-digits", "type", order(units="\u0661")),
    odd("quantity-missing", "missing_value", order(units="")),
    odd("price-negative", "range", order(price="-1")),
    odd("price-text", "type", order(price="free")),
    odd("price-missing", "missing_value", order(price="")),
    odd("id-blank", "missing_value", order(code="  ")),
    odd("id-invisible", "missing_value", order(code="\u200b")),
    odd("id-control", "format", order(code="V\x07")),
    odd("id-long", "format", order(code="V" * 201)),
    odd("date-impossible", "format", order(when="2024-02-30")),
    odd("date-ambiguous", "format", order(when="03/04/2024")),
    odd("date-text", "format", order(when="yesterday")),
    odd("date-future", "range", order(when="2999-01-01 00:00:00")),
    odd("date-ancient", "range", order(when="0999-01-01 00:00:00")),
    odd("date-missing", "missing_value", order(when="")),
]

ACCEPTED = [
    fine("plain", lines(*GOOD)),
    fine("byte-order-mark", b"\xef\xbb\xbf" + lines(*GOOD)),
    fine("crlf", lines(*GOOD, end="\r\n")),
    fine("cr-only", lines(*GOOD, end="\r")),
    fine("no-last-newline", lines(*GOOD)[:-1]),
    fine("extra-column", lines(*(row + ",more" for row in GOOD), header=HEADER + ",Extra")),
    fine(
        "reordered",
        lines("1,V1,2,2.5,2024-05-01,C1", header="Order,Code,Units,Price,When,Customer"),
        kept=1,
    ),
    fine("gzip", PACKED, file_name="orders.csv.gz"),
    fine("line-break-in-quotes", lines(*GOOD, order(note='"two\nlines"')), kept=4),
    fine("blanks-around", lines(*GOOD, order(units=" 3 ", code=" V9 ")), kept=4),
    fine("negative-quantity", lines(*GOOD, order(units="-2")), kept=4),
    fine("megabyte-field", lines(*GOOD, order(note="x" * 1_048_576)), kept=4),
    fine("formula", lines(*GOOD, order(code="=1+1")), kept=4),
]

"""The grammar of mappings, as pydantic models (docs/mappings.md): whatever they lack is refused."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

import pandas as pd
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from data.tables import Column

TableName = Literal[
    "orders", "events", "variants", "market", "resources", "usage", "lots", "stock",
    "configurations", "knowledge",
]  # fmt: skip
Pick = Literal["most common", "median", "mean", "smallest", "largest", "sum"]
OpenKind = Literal["text", "category", "number", "integer", "date"]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from error
    return pattern


def _spans(text: str) -> str:
    written = re.fullmatch(r"\d+ (minute|hour|day|week)s?", text)
    if written is None or pd.Timedelta(text) <= pd.Timedelta(0):
        raise ValueError("a span of time is needed, such as '30 minutes', '6 hours' or '3 days'")
    return text


def _writes_times(pattern: str) -> str:
    if pattern != "unix":
        try:
            pd.to_datetime(pd.Series(["?"]), format=pattern, errors="coerce")
        except ValueError as error:
            raise ValueError(f"no way to write a time: {error}") from error
        if "%" not in pattern:
            raise ValueError("a time is written as in '%d.%m.%Y %H:%M', or \"unix\"")
    return pattern


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("no time zone of that name, such as 'Europe/London'") from error
    return name


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Pattern = Annotated[str, AfterValidator(_compiles)]
Span = Annotated[str, AfterValidator(_spans)]
TimeFormat = Annotated[str, AfterValidator(_writes_times)]


class _Part(BaseModel):
    """A part of a mapping: frozen, and with no key that the grammar lacks."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Reading(_Part):
    """How a source's files are written."""

    encoding: str = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    decimal: Annotated[str, Field(min_length=1, max_length=1)] = "."
    thousands: Annotated[str, Field(max_length=1)] = ""
    sheets: Texts = ()
    """Excel sheets, read one after the other; empty for the first."""
    missing: Texts = ("",)
    """Texts that mean "no value"."""
    aliases: dict[str, str] = {}
    """Other names under which a file may have a column, each with the mapping's name."""

    @model_validator(mode="after")
    def _marks_that_differ(self) -> Self:
        if self.delimiter in '"\r\n':
            raise ValueError("a delimiter is no quote and no line break")
        if self.decimal == self.thousands:
            raise ValueError("'decimal' and 'thousands' must differ; decimal is '.' unless given")
        return self


class Melt(_Part):
    """Columns turned into rows."""

    columns: Pattern
    """The columns whose names match become rows."""
    name: str
    """The new column that holds the old columns' names."""
    value: str
    """The new column that holds their cells."""
    skip: Texts = ()
    """Cells of which no row is made."""


class Lookup(_Part):
    """Columns taken from a second file by key."""

    files: Texts
    on: Texts
    take: Texts

    def takes(self, name: str) -> bool:
        """Whether a file of that name is the one."""
        return any(fnmatchcase(name, pattern) for pattern in self.files)


class Spec(_Part):
    """How one canonical column is made; the steps run in the order of the fields."""

    source: Annotated[Texts, Field(alias="from")] = ()
    constant: str | int | float | bool | None = None
    join: str = " "
    missing: Texts = ()
    strip: bool = True
    case: Literal["upper", "lower"] | None = None
    extract: Pattern | None = None
    otherwise: Literal["refuse", "keep", "missing", "set aside"] = "refuse"
    replacements: Annotated[dict[str, str], Field(alias="values")] = {}
    format: TimeFormat | None = None
    days_after: date | None = None
    scale: float | None = None
    kind: OpenKind | None = None
    pick: Pick | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if bool(self.source) == (self.constant is not None):
            raise ValueError("name either 'from' or 'constant'")
        if self.otherwise != "refuse" and self.extract is None:
            raise ValueError("'otherwise' needs an 'extract'")
        return self


def _spec(value: object) -> object:
    return {"from": value} if isinstance(value, str) else value


Specs = dict[str, Annotated[Spec, BeforeValidator(_spec)]]


class Condition(_Part):
    """Tests on one column; all of them must hold."""

    matches: Pattern | None = None
    lacks: Pattern | None = None
    among: Annotated[tuple[str, ...] | None, Field(alias="in")] = None
    out: tuple[str, ...] | None = None
    below: float | None = None
    above: float | None = None
    missing: Literal[True] | None = None

    @model_validator(mode="after")
    def _some_test(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("a condition needs a test, such as matches = '^C'")
        return self


When = Annotated[dict[str, Condition], Field(min_length=1)]


class DuplicateRule(_Part):
    """A row that repeats an earlier one cell by cell is set aside."""

    rule: Literal["duplicate"]
    name: str = "duplicate"


class FilterRule(_Part):
    """Rows for which all conditions hold are set aside."""

    rule: Literal["filter"]
    name: str
    when: When


class MissingRule(_Part):
    """What becomes of missing values, by column."""

    rule: Literal["missing"]
    name: str = "missing"
    columns: dict[str, Literal["keep", "drop", "mean", "median", "interpolate"]]
    within: Texts = ()


class OutlierRule(_Part):
    """Values far from the median, in robust deviations."""

    rule: Literal["outlier"]
    name: str = "outlier"
    column: str
    limit: Annotated[float, Field(gt=0)]
    within: Texts = ()
    then: Literal["set aside", "missing", "clip"] = "set aside"


class CancellationRule(_Part):
    """Order lines undone soon after they were placed."""

    rule: Literal["cancellation"]
    name: str = "cancellation"
    when: When
    within: Span


Rule = Annotated[
    DuplicateRule | FilterRule | MissingRule | OutlierRule | CancellationRule,
    Field(discriminator="rule"),
]


class TableMapping(_Part):
    """How one canonical table is made from a source's rows, or from another table's."""

    columns: Specs = {}
    attributes: Specs = {}
    regressors: Specs = {}
    rules: tuple[Rule, ...] = ()
    group: TableName | None = None
    by: str | None = None

    @property
    def open_specs(self) -> Specs:
        """The specs of attributes and regressors."""
        return self.attributes | self.regressors

    @property
    def specs(self) -> Specs:
        """The specs of all columns."""
        return self.columns | self.open_specs


class Source(_Part):
    """One kind of file and the tables it feeds."""

    files: Texts = ("*",)
    reading: Reading = Reading()
    melt: Melt | None = None
    lookups: tuple[Lookup, ...] = ()
    tables: Annotated[dict[TableName, TableMapping], Field(min_length=1)]

    def takes(self, name: str) -> bool:
        """Whether a file of that name is of this kind."""
        return any(fnmatchcase(name, pattern) for pattern in self.files)


class Mapping(_Part):
    """How foreign files become canonical tables."""

    format: Literal[1]
    about: str = ""
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the mapping says, whatever its file's layout."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()


def kind_column(name: str, spec: Spec, *, regressor: bool) -> Column:
    """The column that an attribute or a regressor becomes."""
    kind: Any = spec.kind or ("number" if regressor else "category")
    return Column(name, kind, required=False, nullable=True)

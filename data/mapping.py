"""Mappings: how the columns of foreign files become the canonical tables (docs/mappings.md).

A mapping is a TOML file in the grammar of `data.grammar`. What the grammar does not know, or the
canonical tables lack, is refused with the nearest name that is right.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Final, Literal, get_args

from pydantic import BaseModel, ValidationError

from data.errors import MappingError
from data.grammar import (
    CancellationRule,
    Condition,
    DuplicateRule,
    FilterRule,
    Lookup,
    Mapping,
    Melt,
    MissingRule,
    OutlierRule,
    Pick,
    Reading,
    Source,
    Spec,
    TableMapping,
    kind_column,
)
from data.nearest import nearest
from data.tables import TABLES, Kind, Table

__all__ = ["Mapping", "load_mapping", "parse_mapping", "shipped_mappings"]

SHIPPED: Final = resources.files("data") / "mappings"


def shipped_mappings() -> tuple[str, ...]:
    """The names of the mappings that come with Atelier, ascending."""
    names = (entry.name for entry in SHIPPED.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_mapping(name_or_path: str) -> Mapping:
    """Read a mapping that ships, by name, or a TOML file, by path.

    Raises:
        MappingError: there is none, or it breaks the grammar; names the file and the key.
    """
    if name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise MappingError(
                "There is no such mapping file.",
                where=name_or_path,
                fix="Check its path; docs/mappings.md says how to write one.",
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise MappingError(
                "This mapping cannot be read.",
                where=name_or_path,
                fix=f"Name a TOML file in UTF-8 ({error.__class__.__name__}).",
            ) from error
        return parse_mapping(text, where=path.name)
    if name_or_path not in shipped_mappings():
        guess = nearest(name_or_path, shipped_mappings())
        raise MappingError(
            f"No mapping '{name_or_path}' ships with Atelier.",
            where="--mapping",
            fix=(f"Did you mean '{guess}'? " if guess else "")
            + f"There are: {', '.join(shipped_mappings())}; or name a file of yours, FILE.toml.",
        )
    text = (SHIPPED / f"{name_or_path}.toml").read_text(encoding="utf-8")
    return parse_mapping(text, where=f"{name_or_path}.toml")


def parse_mapping(text: str, *, where: str) -> Mapping:
    """A mapping from TOML text; `where` names the file in errors.

    Raises:
        MappingError: no TOML, or it breaks the grammar.
    """
    try:
        mapping = Mapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"This is no TOML: {error}.", where=where, fix="Mend it.") from error
    except ValidationError as error:
        raise _explain(error, where) from error
    for number, source in enumerate(mapping.sources, start=1):
        for name, table in source.tables.items():
            _check_table(source, name, table, f"{where}: source {number}, table '{name}'")
    return mapping


def _known_keys(path: tuple[str | int, ...]) -> tuple[str, ...]:
    """The keys that the grammar knows beside the last one of an error's path."""
    if len(path) > 2 and path[-2] == "tables":
        return tuple(TABLES)
    parts: dict[str, type[BaseModel]] = {
        "reading": Reading,
        "melt": Melt,
        "lookups": Lookup,
        "sources": Source,
        "duplicate": DuplicateRule,
        "filter": FilterRule,
        "missing": MissingRule,
        "outlier": OutlierRule,
        "cancellation": CancellationRule,
    }
    above = [part for part in path[:-1] if isinstance(part, str)]
    model: type[BaseModel] = Mapping
    if len(above) > 1 and above[-2] in {"columns", "attributes", "regressors"}:
        model = Spec
    elif len(above) > 1 and above[-2] == "when":
        model = Condition
    elif len(above) > 1 and above[-2] == "tables":
        model = TableMapping
    elif above:
        model = parts.get(above[-1], Mapping)
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _explain(error: ValidationError, where: str) -> MappingError:
    """The first thing that pydantic found, in the mapping's own words."""
    errors = error.errors(include_url=False)
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    path = first["loc"]
    if path and path[-1] == "[key]":
        path = path[:-1]
    key = ".".join(str(part) for part in path)
    kind = first["type"]
    if kind == "extra_forbidden" or "tables" in path[-2:-1]:
        known = _known_keys(path)
        guess = nearest(str(path[-1]), known)
        fix = f"Did you mean '{guess}'?" if guess else f"There are: {', '.join(known)}."
        return MappingError(f"Unknown key '{key}'.", where=where, fix=fix)
    if kind == "missing":
        return MappingError(f"'{key}' is missing.", where=where, fix="See docs/mappings.md.")
    message = first["msg"].removeprefix("Value error, ")
    return MappingError(
        f"'{key}' cannot be {first['input']!r:.80}: {message}.",
        where=where,
        fix="See docs/mappings.md.",
    )


def _check_table(source: Source, name: str, mapped: TableMapping, where: str) -> None:
    """Refuse a table mapping that names what the canonical table lacks."""
    table = TABLES[name]
    if not mapped.columns:
        raise MappingError("It maps no column.", where=where, fix="Add [….columns].")
    _check_columns(table, mapped, where)
    if mapped.open_specs and not table.open_columns:
        raise MappingError(
            f"'{name}' takes no attributes or regressors.", where=where, fix="Remove them."
        )
    for spec_name, spec in mapped.open_specs.items():
        if spec_name in table.names:
            raise MappingError(
                f"'{spec_name}' is a column of '{name}'.", where=where, fix="Map it in columns."
            )
        if spec.otherwise == "set aside" and mapped.group:
            raise MappingError(
                "A derived table sets no row aside.", where=where, fix="Use 'missing'."
            )
    picked = [spec_name for spec_name, spec in mapped.specs.items() if spec.pick is not None]
    if picked and mapped.group is None:
        raise MappingError(
            f"'{picked[0]}' has a 'pick', but '{name}' is not derived.",
            where=where,
            fix="Remove 'pick', or derive the table with 'group' and 'by'.",
        )
    _check_rules(table, mapped, where)
    if mapped.group is not None or mapped.by is not None:
        _check_group(source, table, mapped, where)


def _check_columns(table: Table, mapped: TableMapping, where: str) -> None:
    for column in mapped.columns:
        if column not in table.names:
            guess = nearest(column, table.names)
            raise MappingError(
                f"'{table.name}' has no column '{column}'.",
                where=where,
                fix=f"Did you mean '{guess}'?" if guess else f"It has: {', '.join(table.names)}.",
            )
        if mapped.columns[column].kind is not None:
            raise MappingError(
                f"'{column}' has its kind already.", where=where, fix="Remove 'kind'."
            )
    lacking = [
        column.name
        for column in table.columns
        if column.required and column.name not in mapped.columns and column.name != mapped.by
    ]
    if lacking:
        raise MappingError(
            f"'{table.name}' needs: {', '.join(lacking)}.", where=where, fix="Map each."
        )


def _check_rules(table: Table, mapped: TableMapping, where: str) -> None:
    """Refuse rules that name columns which are not there, or that the table cannot have."""
    if mapped.rules and mapped.group:
        raise MappingError(
            "A derived table has no rules of its own.", where=where, fix="Put them on its group."
        )
    for rule in mapped.rules:
        named: tuple[str, ...] = ()
        reckoned: list[str] = []
        if isinstance(rule, MissingRule):
            named = (*rule.columns, *rule.within)
            reckoned = [n for n, what in rule.columns.items() if what not in {"keep", "drop"}]
        elif isinstance(rule, OutlierRule):
            named = (rule.column, *rule.within)
            reckoned = [rule.column]
        for column in named:
            if column not in mapped.specs:
                guess = nearest(column, mapped.specs)
                raise MappingError(
                    f"Rule '{rule.name}' names '{column}', which the mapping does not fill.",
                    where=where,
                    fix=f"Did you mean '{guess}'?" if guess else "Map it or drop it.",
                )
        for column in reckoned:
            if family(kind_of(table, mapped, column)) != "number":
                raise MappingError(
                    f"Rule '{rule.name}' reckons with '{column}', which holds no numbers.",
                    where=where,
                    fix="Use 'keep' or 'drop' there, or name a column of numbers.",
                )
        if isinstance(rule, CancellationRule):
            _check_cancellation(table, rule, where)


def _check_cancellation(table: Table, rule: CancellationRule, where: str) -> None:
    if table.name != "orders":
        raise MappingError("Only orders are cancelled.", where=where, fix="Remove the rule.")
    for name, condition in rule.when.items():
        asks = condition.model_fields_set - {"missing"}  # a missing id is missing still
        if asks and name in table.names and table.column(name).kind == "customer":
            raise MappingError(
                f"Rule '{rule.name}' looks at '{name}', which is a pseudonym by then.",
                where=where,
                fix="Tell cancellations by another column, or set such rows aside by a filter.",
            )


def kind_of(table: Table, mapped: TableMapping, column: str) -> Kind:
    """The kind of a column that a table mapping fills."""
    if column in table.names:
        return table.column(column).kind
    regressor = column in mapped.regressors
    return kind_column(column, mapped.specs[column], regressor=regressor).kind


def family(kind: Kind) -> Literal["number", "time", "text"]:
    """What can be done with values of a kind."""
    if kind in {"integer", "number", "money"}:
        return "number"
    return "time" if kind in {"timestamp", "date"} else "text"


def _check_group(source: Source, table: Table, mapped: TableMapping, where: str) -> None:
    """Refuse a derived table whose origin is not there."""
    parent = source.tables.get(mapped.group) if mapped.group else None
    if mapped.group is None or parent is None or parent.group is not None or mapped.by is None:
        raise MappingError(
            "A derived table needs 'group', a table that the same source fills row by row, "
            "and 'by', one of its columns.",
            where=where,
            fix="Name both.",
        )
    if mapped.by not in parent.columns:
        raise MappingError(
            f"'{mapped.group}' is not given '{mapped.by}' to group by.", where=where, fix="Map it."
        )
    for name, spec in mapped.specs.items():
        picked = spec.pick is not None or spec.source in {(), (mapped.by,)}
        if len(spec.source) > 1 or not picked:
            raise MappingError(
                f"'{name}' needs a 'pick' (or must come from '{mapped.by}' alone).",
                where=where,
                fix=f"One of: {', '.join(get_args(Pick))}.",
            )
        into = family(kind_of(table, mapped, name))
        if spec.pick in {"median", "mean", "sum"} and into != "number":
            raise MappingError(
                f"'{name}' holds no numbers of which to take the {spec.pick}.",
                where=where,
                fix="Pick the most common, the smallest or the largest.",
            )
        given = spec.source[0] if spec.source else ""
        if given in parent.specs:
            made_of = family(kind_of(TABLES[mapped.group], parent, given))
            if made_of != into and "text" not in {made_of, into}:
                raise MappingError(
                    f"'{name}' is a {into}, and '{given}' a {made_of}.",
                    where=where,
                    fix="Take it from another column.",
                )

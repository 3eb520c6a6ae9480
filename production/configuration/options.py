"""The TOML file beside a model: prices, usage, materials and days by option (docs/configure.md).

Numbers are read as exact decimals. What the grammar does not know, or the model lacks, is refused
with the nearest name that is right.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from data.nearest import hint
from production.configuration.uvl.expressions import Comparator
from production.configuration.uvl.model import Feature, FeatureModel
from production.errors import BadOptions

BYTES: Final = 4 * 2**20
"""Size of a file."""
MOST: Final = Decimal(10) ** 9
"""Amounts beyond this are mistakes."""
QUANTITIES: Final = 1_000_000
"""Most units of an order line."""

Amount = Annotated[Decimal, Field(ge=-MOST, le=MOST, decimal_places=6, allow_inf_nan=False)]
Amounts = Mapping[Annotated[str, Field(min_length=1, max_length=200)], Amount]
Days = Annotated[int, Field(ge=-3650, le=3650, strict=True)]
_TEST: Final = re.compile(r"(.+?)\s*(==|!=|<=|>=|<|>)\s*(-?\d{1,15}(?:\.\d{1,6})?)")


class _Part(BaseModel):
    """A part of the file: frozen, and with no key that the grammar lacks."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Effect(_Part):
    """What something adds to a unit; negative amounts take off."""

    price: Amount = Decimal(0)
    cost: Amount = Decimal(0)
    usage: Amounts = {}
    """By resource."""
    materials: Amounts = {}
    """By material: the bill of materials."""


NOTHING: Final = Effect()


class Extra(Effect):
    """What an option or a combination adds."""

    once: Effect = Effect()
    """Added once an order line, whatever its quantity: setting up, a stencil."""
    lead_time_days: Days = 0


class OptionExtra(Extra):
    """What an option adds; `each` for every one of its number or instances."""

    each: Effect = Effect()


class Base(Effect):
    """The product with no option."""

    price: Annotated[Amount, Field(ge=0)] = Decimal(0)
    once: Effect = Effect()
    lead_time_days: Annotated[Days, Field(ge=0)] = 0


class Combination(Extra):
    """What several options together add besides."""

    name: str = ""
    when: Annotated[tuple[str, ...], Field(min_length=1, max_length=50)]
    """Options: `name`, `!name`, or `name >= 10` for one with a number."""


class Step(_Part):
    """A discount from a quantity on."""

    quantity: Annotated[int, Field(ge=2, le=QUANTITIES, strict=True, alias="from")]
    percent: Annotated[Decimal, Field(gt=0, le=100, decimal_places=6, allow_inf_nan=False)]


class Test(BaseModel):
    """One condition of a combination: an option on or off, or its number compared."""

    model_config = ConfigDict(frozen=True)

    option: str
    on: bool = True
    comparator: Comparator | None = None
    number: Decimal = Decimal(0)


class Options(_Part):
    """All that is said of a model's options."""

    format: Literal[1]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    decimals: Annotated[int, Field(ge=0, le=4, strict=True)] = 2
    """Decimals of a sum of money; every item is rounded to them, halves away from 0."""
    lead_time: Literal["sum", "max"] = "max"
    """Whether days of options add up or the longest counts; those of the base come before."""
    margin_floor: Annotated[Decimal, Field(ge=0, lt=1, decimal_places=6, allow_inf_nan=False)] = (
        Decimal(0)
    )
    """Least share of the price that must be left above cost; a lower price is raised to it."""
    base: Base = Base()
    options: Mapping[str, OptionExtra] = {}
    combinations: tuple[Combination, ...] = ()
    quantities: tuple[Step, ...] = ()
    _tests: tuple[tuple[Test, ...], ...] = PrivateAttr(())

    @property
    def tests(self) -> tuple[tuple[Test, ...], ...]:
        """The conditions of each combination, read for the model at hand."""
        return self._tests

    def named(self, kind: Literal["usage", "materials"]) -> frozenset[str]:
        """The resources, or the materials, that any configuration may take of."""
        extras: list[Base | Extra] = [self.base, *self.options.values(), *self.combinations]
        effects: list[Effect] = [*extras, *(extra.once for extra in extras)]
        effects += [option.each for option in self.options.values()]
        return frozenset(name for effect in effects for name in getattr(effect, kind))

    def extras_of(self, name: str) -> tuple[Extra, ...]:
        """What an option adds, and the combinations whose conditions name it."""
        own = self.options.get(name)
        with_it = (
            combination
            for combination, tests in zip(self.combinations, self._tests, strict=True)
            if any(test.option == name for test in tests)
        )
        return (*(() if own is None else (own,)), *with_it)

    @model_validator(mode="after")
    def _steps_rise(self) -> Self:
        steps = [(step.quantity, step.percent) for step in self.quantities]
        rising = all(low[0] < high[0] and low[1] <= high[1] for low, high in pairwise(steps))
        if not rising:
            raise ValueError("quantities must rise, and their percents must not fall")
        return self


def read_options(path: Path, model: FeatureModel) -> Options:
    """The options of a model from a TOML file.

    Raises:
        BadOptions: it cannot be read, breaks the grammar, or names what the model lacks.
    """
    try:
        if path.stat().st_size > BYTES:
            raise BadOptions(
                f"The file is larger than {BYTES // 2**20} MiB.", where=str(path), fix="Shorten it."
            )
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadOptions(
            "It cannot be read.",
            where=str(path),
            fix=f"Name a TOML file in UTF-8 ({error.__class__.__name__}).",
        ) from error
    return parse_options(text, model, where=path.name)


def parse_options(text: str, model: FeatureModel, *, where: str) -> Options:
    """The options of a model from TOML text; `where` names the file in errors.

    Raises:
        BadOptions: no TOML, or it breaks the grammar, or names what the model lacks.
    """
    try:
        options = Options.model_validate(tomllib.loads(text, parse_float=Decimal))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadOptions(f"This is no TOML: {error}.", where=where, fix="Mend it.") from error
    except ValidationError as error:
        raise _explained(error, where) from error
    for name, extra in options.options.items():
        _check_option(name, model, f"{where}: options")
        feature = model.features[model.place[name]]
        if extra.each != Effect() and not _has_number(feature):
            raise BadOptions(
                f"'{name}' has no number to multiply 'each' by.",
                where=f"{where}: options",
                fix="Use price, usage and materials of the option itself.",
            )
    options._tests = tuple(
        tuple(
            _parse_test(said, model, where=f"{where}: combination {number}")
            for said in combination.when
        )
        for number, combination in enumerate(options.combinations, start=1)
    )
    return options


def _parse_test(text: str, model: FeatureModel, *, where: str) -> Test:
    """One condition of a combination."""
    if text in model.place:
        return Test(option=text)
    if text[:1] == "!" and text[1:] in model.place:
        return Test(option=text[1:], on=False)
    compared = _TEST.fullmatch(text)
    if compared is None:
        _check_option(text.removeprefix("!"), model, where)
        raise AssertionError(text)  # the line above refuses
    name = compared[1]
    _check_option(name, model, where)
    feature = model.features[model.place[name]]
    if not _has_number(feature):
        raise BadOptions(f"'{name}' has no number.", where=where, fix=f"Write '{name}' alone.")
    return Test(
        option=name,
        comparator=compared[2],
        number=Decimal(compared[3]),
    )


def _has_number(feature: Feature) -> bool:
    return feature.kind in {"Integer", "Real"} or feature.instances is not None


def _check_option(name: str, model: FeatureModel, where: str) -> None:
    if name not in model.place:
        raise BadOptions(
            f"The model has no option '{name:.80}'.",
            where=where,
            fix=hint(name, model.place) + f"Name one of {model.name}.",
        )


def _explained(error: ValidationError, where: str) -> BadOptions:
    """The first thing that pydantic found, in the file's own words."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"] if part != "[key]")
    match first["type"]:
        case "extra_forbidden":
            known = _known_keys(tuple(first["loc"]))
            guess = hint(str(first["loc"][-1]), known)
            return BadOptions(
                f"Unknown key '{key}'.", where=where, fix=f"{guess}There are: {', '.join(known)}."
            )
        case "missing":
            return BadOptions(f"'{key}' is missing.", where=where, fix="See docs/configure.md.")
    what = f"'{key}' cannot be {first['input']!r:.80}" if key else "It does not fit together"
    return BadOptions(
        f"{what}: {first['msg'].removeprefix('Value error, ')}.",
        where=where,
        fix="See docs/configure.md.",
    )


def _known_keys(path: tuple[str | int, ...]) -> tuple[str, ...]:
    """The keys that the grammar knows beside the last one of an error's path."""
    models: dict[str, type[BaseModel]] = {
        "base": Base, "options": OptionExtra, "combinations": Combination,
        "quantities": Step, "once": Effect, "each": Effect,
    }  # fmt: skip
    model: type[BaseModel] = Options
    for part in path[:-1]:
        model = models.get(str(part), model)
    return tuple(field.alias or name for name, field in model.model_fields.items())

"""What is searched: the fields of a model's settings that say where, by dotted name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recsys.model import Search, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One hyperparameter that is searched.

    Attributes:
        name: its dotted name in the settings, such as `ease.regularization`.
        search: where to look.
        whole: whether only whole numbers count.
        default: its value where nothing else is said.
    """

    name: str
    search: Search
    whole: bool
    default: float

    def rounded(self, value: float) -> float:
        """A value that a person can read and type again: four digits, and within the bounds."""
        if self.whole:
            return int(value)
        return min(max(float(f"{value:.4g}"), self.search.low), self.search.high)


def space_of(settings: Settings, *, timed: bool) -> tuple[Dimension, ...]:
    """The searched fields of some settings and of the settings in them.

    A field in days has no effect where no times are known, and one that begins with `untimed_`
    has none elsewhere; such a field is left out.

    Args:
        settings: the defaults.
        timed: whether times are known.
    """
    return tuple(_dimensions(settings, "", timed=timed))


def _dimensions(settings: Settings, head: str, *, timed: bool) -> list[Dimension]:
    found = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, Settings):
            found += _dimensions(value, f"{head}{name}.", timed=timed)
        inert = name.startswith("untimed_") if timed else name.endswith("_days")
        for search in field.metadata:
            if isinstance(search, Search) and not inert:
                whole = isinstance(value, int)
                found.append(
                    Dimension(name=f"{head}{name}", search=search, whole=whole, default=value)
                )
    return found


def with_values(settings: Settings, values: Mapping[str, float]) -> dict[str, Any]:
    """The settings with some fields replaced, as `recsys.registry.build` takes them.

    Args:
        settings: the defaults.
        values: by dotted name; a name that the settings do not have is laid down all the same, so
            that building refuses it.

    >>> class Inner(Settings):
    ...     days: float = 3.0
    >>> class Outer(Settings):
    ...     inner: Inner = Inner()
    ...     weight: float = 1.0
    >>> with_values(Outer(), {"inner.days": 5.0})
    {'inner': {'days': 5.0}, 'weight': 1.0}
    """
    whole: dict[str, Any] = settings.model_dump()
    for name, value in values.items():
        *path, last = name.split(".")
        inner = whole
        for step in path:
            inner = inner.setdefault(step, {})
        inner[last] = value
    return whole

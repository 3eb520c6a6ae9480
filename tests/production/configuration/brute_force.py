"""Every configuration of a small model, one after the other, and models to try it on."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

from hypothesis import strategies as st

from production.configuration.checking import faults
from production.configuration.configuration import Configuration
from production.configuration.uvl.model import FeatureModel

NUMBERS = tuple(Fraction(value) for value in range(-2, 6))
"""Numbers that a typed feature is tried with."""


def configurations(model: FeatureModel) -> Iterator[Configuration]:
    """All that the checker finds nothing wrong with."""
    names = [feature.name for feature in model.features]
    for told in product((False, True), repeat=len(names)):
        selected = frozenset(name for name, on in zip(names, told, strict=True) if on)
        for configuration in _valued(model, selected):
            if not faults(model, configuration):
                yield configuration


def _valued(model: FeatureModel, selected: frozenset[str]) -> Iterator[Configuration]:
    typed = [one.name for one in model.features if one.kind != "Boolean" and one.name in selected]
    counted = [one for one in model.features if one.instances and one.name in selected]
    bounds = [one.instances for one in counted if one.instances]
    for values in product(NUMBERS, repeat=len(typed)):
        for counts in product(*(range(least, most + 1) for least, most in bounds)):
            yield Configuration(
                selected=selected,
                values=dict(zip(typed, values, strict=True)),
                instances={one.name: n for one, n in zip(counted, counts, strict=True)},
            )


@st.composite
def models(draw: st.DrawFn, *, typed: bool = False, most: int = 7) -> str:
    """The text of a model: a tree with groups of all kinds, and constraints across it."""
    size = draw(st.integers(2, most))
    names = [f"f{place}" for place in range(size)]
    parents = [draw(st.integers(0, place - 1)) for place in range(1, size)]
    numbers = {place for place in range(1, size) if typed and draw(st.integers(0, 4)) == 0}
    lines = ["features"]

    def written(place: int, indent: int) -> None:
        kind = "Integer " if place in numbers else ""
        times = ""
        if typed and place and place not in numbers and not draw(st.integers(0, 6)):
            times = " cardinality [1..2]" if _is_leaf(place, parents) else ""
        weight = f" {{w {draw(st.integers(-2, 4))}}}" if draw(st.booleans()) else ""
        lines.append(f"{'  ' * indent}{kind}{names[place]}{times}{weight}")
        children = [at for at, parent in enumerate(parents, start=1) if parent == place]
        while children:
            cut = draw(st.integers(1, len(children)))
            group, children = children[:cut], children[cut:]
            least = draw(st.integers(0, len(group)))
            upper = draw(st.integers(max(least, 1), len(group)))
            kinds = ["mandatory", "optional", "or", "alternative", f"[{least}..{upper}]"]
            lines.append(f"{'  ' * (indent + 1)}{draw(st.sampled_from(kinds))}")
            for child in group:
                written(child, indent + 2)

    written(0, 1)
    weighted = [line.split(" {")[0].split()[0] for line in lines if "{w" in line]
    rules = [draw(formulas(names)) for _ in range(draw(st.integers(0, 3)))]
    summed = draw(st.booleans())
    if weighted and summed:
        rules.append(draw(sums()))
    rules += [draw(comparisons(names[place])) for place in sorted(numbers)]
    return "\n".join(
        [*lines, *(["constraints"] if rules else []), *(f"  {rule}" for rule in rules)]
    )


def _is_leaf(place: int, parents: list[int]) -> bool:
    return place not in parents


def formulas(names: list[str]) -> st.SearchStrategy[str]:
    """Propositional formulas over features."""
    return st.recursive(
        st.sampled_from(names),
        lambda inner: st.one_of(
            inner.map(lambda one: f"!({one})"),
            st.tuples(inner, st.sampled_from(["&", "|", "=>", "<=>"]), inner).map(
                lambda said: f"({said[0]}) {said[1]} ({said[2]})"
            ),
        ),
        max_leaves=5,
    )


def sums() -> st.SearchStrategy[str]:
    """Sums, means, products and quotients of attributes, compared with a number."""
    left = st.sampled_from(
        ["sum(w)", "avg(w)", "sum(w) * 2 - 1", "avg(w) * sum(w)", "sum(w) / avg(w)",
         "floor(avg(w))", "ceil(avg(w) / 2)", "sum(w) - avg(w)"]
    )  # fmt: skip
    signs = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    return st.builds(
        lambda one, sign, value: f"{one} {sign} {value}", left, signs, st.integers(-3, 6)
    )


def comparisons(name: str) -> st.SearchStrategy[str]:
    """A typed feature compared with a number."""
    return st.builds(
        lambda sign, value, turned: (
            f"{value} {sign} {name}" if turned else f"{name} => 2 * {name} - 1 {sign} {value}"
        ),
        st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
        st.integers(-1, 4),
        st.booleans(),
    )

"""What UVL is read, and what is refused: by name, line and in bounded time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from time import process_time

import pytest

from production.configuration.encoding.encode import encode
from production.configuration.product import Product
from production.configuration.uvl.expressions import Any, Comparison, Not, Same, Selected
from production.configuration.uvl.reading import parse_model, read_model
from production.errors import BadModel, UnsupportedModel

EVERYTHING = """\
/* a product
   of every kind */
include
    Boolean.group-cardinality
    Arithmetic.*
    Type
namespace shop.bikes

features
    Bike {abstract, Maker {Name 'Anise', Town 'Leeds'}, Sizes [1, 2.5, 'L'], made true}
        mandatory
            Brake {Weight 3}   // brakes
            String Owner
            Integer Inch
            Real "Rake angle"
        [1..2]
            Bell {
                Weight 1,
                Price 2.50
            }
            "Training Wheels" cardinality [1..5] {Price 5, constraint !Bell}
        [0..*]
            Rack {constraints [Rack => Bell, Bell | Brake]}
        [1]
            Red
            Blue
constraints
    sum(Price) < 20 & avg(Weight, Bike) >= 1
    (Inch > 22) => !"Training Wheels"
    Owner == 'Ada' <=> Rack
    floor(Bell.Price) == 2 | ceil(sum(Price)) != 3
    Bike.Maker.Name == 'Anise'
"""

R = "features\n R\n  optional\n"


def refused(text: str) -> BadModel:
    with pytest.raises(BadModel) as caught:
        encode(parse_model(text, name="m.uvl"))
    error = caught.value
    assert error.where.startswith("m.uvl")
    assert error.what
    assert error.fix
    return error


def test_everything_that_is_read_is_where_it_belongs() -> None:
    model = parse_model(EVERYTHING, name="bike.uvl")
    assert [feature.name for feature in model.features] == [
        "Bike", "Brake", "Owner", "Inch", "Rake angle", "Bell", "Training Wheels", "Rack",
        "Red", "Blue",
    ]  # fmt: skip
    assert [feature.kind for feature in model.features[2:5]] == ["String", "Integer", "Real"]
    assert model.features[6].instances == (1, 5)
    assert dict(model.features[0].attributes) == {
        "abstract": True, "Maker": True, "Maker.Name": "Anise", "Maker.Town": "Leeds",
        "Sizes": (Fraction(1), Fraction(5, 2), "L"), "made": True,
    }  # fmt: skip
    assert model.features[5].attributes == {"Weight": Fraction(1), "Price": Fraction(5, 2)}
    assert [(group.least, group.most) for group in model.groups] == [(4, 4), (1, 2), (0, 1), (1, 1)]
    assert [one.line for one in model.constraints] == [21, 23, 23, 28, 29, 30, 31, 32]
    assert encode(model).ranges.keys() == {2, 3, 4, 6}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("!A & B | C", "(!A & B) | C"),
        ("A | B => C", "(A | B) => C"),
        ("A => B => C", "(A => B) => C"),
        ("A => B <=> C", "(A => B) <=> C"),
        ("!N == 1 & A", "(!(N == 1)) & A"),
        ("N-1+2 == 3*2", "((N - 1) + 2) == (3 * 2)"),
        ('"A"|B', "A | B"),
        ("(((A)))", "A"),
    ],
)
def test_signs_bind_as_the_language_says(text: str, meant: str) -> None:
    head = "features\n R\n  optional\n   A\n   B\n   C\n   Integer N\nconstraints\n "
    one, other = (parse_model(head + said, name="m.uvl").constraints[0] for said in (text, meant))
    assert one.formula == other.formula


def test_formulas_are_what_they_look_like() -> None:
    text = "features\n R\n  optional\n   A\n   B\nconstraints\n A => !B\n A <=> B"
    first, second = (one.formula for one in parse_model(text, name="m.uvl").constraints)
    assert first == Any((Not(Selected(1)), Not(Selected(2))))
    assert second == Same(Selected(1), Selected(2))


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", None, "no features"),
        ("features\n", None, "no features"),
        ("features\n A\n  optional\n", 3, "no members"),
        ("features\n A\n  optional\n   B\n   B\n", 5, "there already, in line 4"),
        ("features\n A\n  optional\n   A\n", 4, "there already, in line 2"),
        ("features\n A\n B\n", 3, "second root"),
        ("features\n A\n  B\n", 3, "no kind of group"),
        ("features\n A\n  optional\n     B\n   C\n", 5, "not indented like"),
        (f"{R}   B\n    or\n     C\n   mandatory\n    D\n", 8, "no kind of group"),
        ("features\n A\n  [2..1]\n   B\n", 3, "ends before it begins"),
        ("features\n A\n  [3..4]\n   B\n", 3, "asks for 3 of 1"),
        ("features\n A {x 1\n", 2, "never closed"),
        ("features\n A {x }}\n", 2, "closes nothing"),
        ("features\n A {x 1, x 2}\n", 2, "there twice"),
        ("features\n A {x @}\n", 2, "Cannot be read"),
        ('features\n "A\n', 2, "no feature"),
        ("features\n A B\n", 2, "no feature"),
        ("  A\nfeatures\n", 1, "before any section"),
        ("features\n A\nfeatures\n B\n", 3, "after 'features'"),
        ("constraints\n A\nfeatures\n A\n", 3, "after 'constraints'"),
        ("stuff\n A\n", 1, "no section"),
        ("features\n A\nconstraints\n A &\n", 4, "ends too early"),
        ("features\n A\nconstraints\n A & (A\n", 4, "never closed"),
        ("features\n A\nconstraints\n Aa\n", 4, "no feature 'Aa'"),
        ("features\n A\nconstraints\n A B\n", 4, "does not belong here"),
        ("features\n A\nconstraints\n A > 1\n", 4, "neither number nor text"),
        ("features\n A\nconstraints\n 1 + 2\n", 4, "a condition is needed"),
        ("features\n A\nconstraints\n A.x == 1\n", 4, "no attribute 'x'"),
        ("features\n A\nconstraints\n sum(x) == 1\n", 4, "No feature has"),
        ("features\n A {x 'a'}\nconstraints\n sum(x) == 1\n", 4, "is no number"),
        ("features\n A {x 'a'}\nconstraints\n A.x == 1\n", 4, "compared with a number"),
        ("features\n A {x 'a'}\nconstraints\n A.x + 1 == 1\n", 4, "Reckoning with a text"),
        ("features\n A {x 1}\nconstraints\n 1 < A.x < 3\n", 4, "comparison of a comparison"),
        (f"features\n A\nconstraints\n {'(' * 500}A{')' * 500}\n", 4, "Nested more than"),
        (f"features\n A\nconstraints\n {'!' * 50_000}A\n", 4, "Nested more than"),
        (f"features\n A {{x {'[' * 5000}1{']' * 5000}}}\n", 2, "is no value"),
        ("features\n A {x 1" + "0" * 50 + "}\n", 2, "digits"),
        ("features\n A\0\n", 2, "NUL"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(text: str, line: int | None, what: str) -> None:
    error = refused(text)
    assert error.where == ("m.uvl" if line is None else f"m.uvl:{line}")
    assert what in error.what


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("imports\n a.b as c\nfeatures\n A\n", 1, "Imports"),
        ("include\n SMT.magic\nfeatures\n A\n", 2, "language level"),
        (f"{R}   A cardinality [1..*]\n", 4, "without an end"),
        ("features\n A cardinality [1..2]\n", 2, "root"),
        (f"{R}   A cardinality [1..2]\n    or\n     B cardinality [1..2]\n", 6, "below another"),
        (f"{R}   String S\nconstraints\n len(S) < 3\n", 6, "'len'"),
        (f"{R}   Integer A\n   Integer B\nconstraints\n A - B == 0\n", 7, "two typed"),
        (f"{R}   Integer A\nconstraints\n A * A == 4\n", 6, "'A' is multiplied"),
        (f"{R}   String S\n   String T\nconstraints\n S == T\n", 7, "two typed"),
        ("features\n R {x 'a'}\nconstraints\n R.x < 'b'\n", 4, "put in order"),
    ],
)  # fmt: skip
def test_what_is_not_supported_is_refused_by_name_and_line(text: str, line: int, what: str) -> None:
    error = refused(text)
    assert isinstance(error, UnsupportedModel)
    assert error.where == f"m.uvl:{line}"
    assert what in error.what


def test_sums_with_too_many_values_are_refused_by_line() -> None:
    members = "\n".join(f"   f{n} {{w {2**n}.{n + 1}}}" for n in range(24))
    error = refused(f"features\n R\n  optional\n{members}\nconstraints\n sum(w) * 2 == avg(w)\n")
    assert isinstance(error, UnsupportedModel)
    assert error.where == "m.uvl:29"
    assert "different sums" in error.what


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    error = refused("features\n Shirt\nconstraints\n Shrt\n")
    assert "Did you mean 'Shirt'?" in error.fix


def test_a_file_cut_anywhere_is_read_as_less_or_refused_and_never_crashes() -> None:
    whole = len(parse_model(EVERYTHING, name="m.uvl").features)
    outcomes = set()
    for end in range(len(EVERYTHING)):
        try:
            model = parse_model(EVERYTHING[:end], name="m.uvl")
        except BadModel as error:
            outcomes.add(error.where.split(":")[0])
        else:
            assert len(model.features) <= whole
            outcomes.add("read")
    assert outcomes == {"m.uvl", "read"}


def test_a_model_of_a_million_features_is_refused_in_bounded_time() -> None:
    text = "features\n R\n  optional\n" + "\n".join(f"   f{n}" for n in range(1_000_000))
    began = process_time()
    error = refused(text)
    assert "More than 200,000 features" in error.what
    assert error.where == "m.uvl:200003"
    assert process_time() - began < 20


def test_a_file_that_is_none_or_no_text_is_refused(tmp_path: Path) -> None:
    for path, content, what in (
        (tmp_path / "none.uvl", None, "no such file"),
        (tmp_path / "latin.uvl", b"features\n H\xf6he\n", "Byte 11"),
        (tmp_path, None, "cannot be read"),
    ):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(BadModel, match=what) as caught:
            read_model(path)
        assert caught.value.where == str(path)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_tabs_and_a_byte_order_mark_do_not_matter(tmp_path: Path, ending: str) -> None:
    lines = ["features", "\tR", "\t\toptional", "\t\t\tA", "", "constraints", "\tA"]
    path = tmp_path / "m.uvl"
    path.write_bytes(("\ufeff" + ending.join(lines)).encode())
    model = read_model(path)
    assert [feature.name for feature in model.features] == ["R", "A"]
    assert model.constraints[0].line == 7


def test_texts_are_equal_or_not(tmp_path: Path) -> None:
    text = (
        "features\n R\n  optional\n   String Name\n   A {x 'Ada'}\n   B {x 'Bo'}\nconstraints\n"
        " A => Name == A.x\n B => A.x != B.x & Name == 'Ada'\n"
    )
    product = Product(parse_model(text, name="m.uvl"))
    assert product.state(product.choices(["A", "Name=Ada"])).valid
    assert not product.state(product.choices(["A", "Name=Bo"])).valid
    assert product.state(product.choices(["Name=Cy"])).forced_off == ("A", "B")
    assert product.state(product.choices(["!Name"])).forced_off == ("Name", "A", "B")
    assert isinstance(product.model.constraints[0].formula, Any)
    assert any(isinstance(part, Comparison) for part in product.model.constraints[0].formula.parts)

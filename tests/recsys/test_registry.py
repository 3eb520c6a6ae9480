from __future__ import annotations

import importlib
import pkgutil

import pytest

import tests.recsys.models
from recsys.errors import BadSettings, UnknownModel
from recsys.registry import MODELS, build
from tests.recsys.conformance import ModelTests


def test_every_registered_model_has_its_conformance_test() -> None:
    for module in pkgutil.iter_modules(tests.recsys.models.__path__, "tests.recsys.models."):
        importlib.import_module(module.name)
    tested = {suite.model for suite in ModelTests.__subclasses__()}
    assert tested == set(MODELS.values())


def test_an_unknown_model_is_told_the_nearest_name() -> None:
    with pytest.raises(UnknownModel, match="Did you mean 'ease'"):
        build("eese")


@pytest.mark.parametrize(
    ("settings", "place"),
    [({"factrs": 3}, "als.factrs"), ({"factors": 0}, "als.factors"), ({"alpha": "x"}, "als.alpha")],
)
def test_a_bad_setting_is_named(settings: dict[str, object], place: str) -> None:
    with pytest.raises(BadSettings) as caught:
        build("als", settings)
    assert caught.value.where == place

"""The models by name; a new model joins with one line here and one in its conformance test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from data.nearest import hint
from recsys.errors import BadSettings, UnknownModel
from recsys.model import Model
from recsys.models.als import Als
from recsys.models.atelier import Atelier
from recsys.models.attribute_popularity import AttributePopularity
from recsys.models.blend import Blend
from recsys.models.bpr import Bpr
from recsys.models.chebyshev import Chebyshev
from recsys.models.content import Content
from recsys.models.ease import Ease
from recsys.models.item_item import ItemItem
from recsys.models.linear_filter import LinearFilter
from recsys.models.low_pass import LowPass
from recsys.models.personal import Personal
from recsys.models.popularity import Popularity
from recsys.models.restacked import Restacked
from recsys.models.sansa import Sansa
from recsys.models.sequence import Sequence
from recsys.models.tifu_knn import TifuKnn
from recsys.models.two_tower import TwoTower
from recsys.models.up_cf import UpCf

MODELS: Final[dict[str, type[Model]]] = {
    model.name: model
    for model in (
        Atelier,
        Blend,
        Popularity,
        Personal,
        Als,
        Ease,
        Bpr,
        ItemItem,
        Sansa,
        LinearFilter,
        LowPass,
        Chebyshev,
        Restacked,
        TifuKnn,
        UpCf,
        Content,
        AttributePopularity,
        TwoTower,
        Sequence,
    )
}
"""Every model; the first is the default."""

DEFAULT: Final = Atelier.name


def build(name: str, settings: Mapping[str, object] | None = None) -> Model:
    """An unfitted model of that name.

    Args:
        name: one of `MODELS`.
        settings: its hyperparameters; those left out have their defaults.

    Raises:
        UnknownModel: no model has that name.
        BadSettings: a setting that the model does not have, or a value out of bounds.
    """
    if name not in MODELS:
        raise UnknownModel(
            f"There is no model '{name}'.",
            where="model",
            fix=f"{hint(name, MODELS)}The models are {', '.join(MODELS)}.",
        )
    try:
        return MODELS[name].build(settings)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadSettings(
            f"{first['msg']}.",
            where=f"{name}.{place}",
            fix="See the model's settings class for its fields and bounds.",
        ) from None

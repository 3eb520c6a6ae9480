"""The default model."""

from __future__ import annotations

from typing import ClassVar

from recsys.models.blend import Blend


class Atelier(Blend):
    """The blend, until a second stage stands on it."""

    name: ClassVar[str] = "atelier"

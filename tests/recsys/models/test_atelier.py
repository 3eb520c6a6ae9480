from __future__ import annotations

from recsys.models.atelier import Atelier
from tests.recsys.conformance import ModelTests


class TestAtelier(ModelTests):
    model = Atelier
    uncarried = 0.01  # what the personal part's tie-break adds
    thread_tolerance = 1e-3

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch

from recsys.model import Run
from recsys.models.two_tower import TwoTower
from tests.recsys.conformance import ModelTests, fit, random_lines
from tests.recsys.models.goods import two_themes

SMALL: dict[str, object] = {
    "dimension": 16,
    "epochs": 120,
    "learning_rate": 0.03,
    "batch_size": 1_000,
}


class TestTwoTower(ModelTests):
    model = TwoTower
    settings: ClassVar[dict[str, object]] = SMALL
    batch_tolerance = 1e-4
    uncarried = None  # what everybody wants of a variant differs from one to the next

    def test_contributions_and_the_bias_add_up_to_the_score(self) -> None:
        lines = random_lines()
        towers = fit(TwoTower.build(SMALL), lines)
        history, every = lines.take(np.array([5])), np.arange(lines.shape[1])
        carried = towers.contributions(history, every).sum(axis=1)
        np.testing.assert_allclose(
            carried + towers.variant_vectors()[:, -1], towers.score(history)[0], atol=1e-4
        )

    def test_a_launch_goes_to_those_who_take_its_like(self) -> None:
        lines, catalogue = two_themes()
        scores = fit(TwoTower.build(SMALL | {"id_dropout": 0.5}), lines, catalogue=catalogue).score(
            lines
        )
        garden, kitchen = catalogue.position("z-garden"), catalogue.position("z-kitchen")
        gain = scores[:, garden] - scores[:, kitchen]
        assert (gain[::2] > gain[1::2].max()).mean() > 0.9

    def test_a_seed_decides_and_the_run_leaves_torch_as_it_was(self) -> None:
        lines = random_lines(customers=20)
        torch.manual_seed(5)
        expected = torch.rand(3)
        torch.manual_seed(5)
        threads = torch.get_num_threads()
        fits = [fit(TwoTower.build(SMALL), lines, Run(seed=seed, threads=2)) for seed in (1, 1, 2)]
        first, again, other = (each.score(lines) for each in fits)
        np.testing.assert_array_equal(first, again)
        assert not np.allclose(first, other, atol=1e-3)
        assert torch.equal(torch.rand(3), expected)
        assert torch.get_num_threads() == threads
        assert not torch.are_deterministic_algorithms_enabled()

    def test_what_was_learned_is_told(self) -> None:
        losses = fit(TwoTower.build(SMALL), random_lines()).facts()["losses"]
        assert isinstance(losses, list)
        assert losses[1] < losses[0]

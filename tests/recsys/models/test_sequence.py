from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor

from recsys.interactions import Interactions
from recsys.models.sequence import Sequence
from recsys.models.sequence_net import Network
from recsys.models.sequences import NONE, Sequences, last_lines
from tests.recsys.conformance import ModelTests, empty_history, fit, interactions_of, random_lines

SMALL: dict[str, object] = {
    "dimension": 16, "layers": 1, "length": 16, "epochs": 100, "learning_rate": 0.02,
    "dropout": 0.1, "batch_size": 100,
}  # fmt: skip


class TestSequence(ModelTests):
    model = Sequence
    settings: ClassVar[dict[str, object]] = SMALL
    batch_tolerance = 1e-4
    thread_tolerance = 1e-3
    uncarried = None
    fold_in = (
        0.6  # a hundred passes over sixty short histories settle elsewhere with two more lines
    )

    def test_what_follows_a_variant_is_learned(self) -> None:
        """Everybody walks around a circle of six, from another start: next is the next one."""
        lines = interactions_of(
            [
                (f"c{start}{lap}", f"v{(start + step) % 6}", float(100 - step))
                for start in range(6)
                for lap in range(5)
                for step in range(5)
            ]
        )
        model = fit(Sequence.build(SMALL), lines)
        best = model.score(lines).argmax(axis=1)
        np.testing.assert_array_equal(
            best, [(start + 5) % 6 for start in range(6) for _ in range(5)]
        )

    def test_only_the_last_lines_are_looked_at(self) -> None:
        lines = long_history(40)
        model = fit(Sequence.build(SMALL | {"length": 8, "epochs": 2}), lines)
        late = lines.take(np.array([0]))
        late = Interactions.from_arrays(
            **{
                name: getattr(late, name)
                for name in ("customers", "variants", "as_of")
            },
            **{
                name: getattr(late, name)[-8:]
                for name in ("customer", "variant", "age", "quantity", "weight")
            },
        )  # fmt: skip
        whole = lines.take(np.array([0]))
        np.testing.assert_allclose(model.score(late), model.score(whole), atol=1e-5)
        carried = model.contributions(whole, np.arange(lines.shape[1]))
        heard = np.isin(whole.held(), late.held())
        assert not carried[:, ~heard].any()
        assert carried[:, heard].any(axis=0).all()

    def test_reasons_look_at_the_last_lines_alone_however_many_there_are(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lines = interactions_of([("a", f"v{step:04}", 2_000.0 - step) for step in range(2_000)])
        model = fit(Sequence.build(SMALL | {"length": 8, "epochs": 0}), lines)
        rows, after = [], Network.after

        def counted(
            network: Network, variant: NDArray[np.int64], weight: NDArray[np.float32]
        ) -> Tensor:
            rows.append(len(variant))
            return after(network, variant, weight)

        monkeypatch.setattr(Network, "after", counted)
        carried = model.contributions(lines, np.arange(3))
        assert carried.shape == (3, 2_000)
        assert sum(rows) == 1 + 8

    def test_blocks_of_customers_score_alike(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lines = random_lines()
        model = fit(Sequence.build(SMALL | {"epochs": 1}), lines)
        whole = model.score(lines)
        monkeypatch.setattr("recsys.models.sequence.CELLS", 7 * 17 * 64)
        np.testing.assert_allclose(model.score(lines), whole, rtol=0, atol=1e-5)

    def test_a_history_of_unknown_variants_alone_scores_as_an_empty_one(self) -> None:
        lines = interactions_of([("a", "x", 3), ("a", "y", 2), ("b", "x", 1)], ["x", "y", "z"])
        model = fit(Sequence.build(SMALL), lines)
        strange = interactions_of([("q", "z", 1)], ["x", "y", "z"])
        np.testing.assert_allclose(
            model.score(strange), model.score(empty_history(lines.variants)), atol=1e-6
        )
        assert not model.contributions(strange, np.arange(3)).any()


def long_history(count: int) -> Interactions:
    lines = [("a", f"v{step % 20:02}", float(count - step)) for step in range(count)]
    return interactions_of([*lines, ("b", "v03", 5.0), ("b", "v04", 4.0)])


def test_heads_that_do_not_divide_the_dimension_are_refused() -> None:
    with pytest.raises(ValidationError, match="3 heads do not divide the dimension 64"):
        Sequence.build({"heads": 3})


def test_sequences_are_cut_from_the_end_and_padded_on_the_left() -> None:
    lines = interactions_of(
        [*(("a", f"v{step}", float(9 - step)) for step in range(5)), ("b", "v1", 1)]
    )
    cut = Sequences.of(lines, 3, np.random.default_rng(0))
    # a's first two lines stand in a row of their own, behind that of the last three
    assert cut.line.tolist() == [[2, 3, 4], [NONE, 0, 1], [NONE, NONE, 5]]
    assert cut.weight.tolist() == [[1, 1, 1], [0, 1, 1], [0, 0, 1]]
    variant, weight = last_lines(lines, 3)
    assert variant.tolist() == [[2, 3, 4], [0, 0, 1]]
    assert weight.tolist() == [[1, 1, 1], [0, 0, 1]]
    assert [(rows.tolist(), width) for rows, width in cut.batches(2)] == [([2, 1], 2), ([0], 3)]


def test_what_comes_next_is_the_next_order_whole() -> None:
    lines = interactions_of(
        [("a", "v0", 9), ("a", "v1", 9), ("a", "v2", 5), ("a", "v3", 5), ("a", "v4", 1),
         ("b", "v1", 2), ("b", "v3", 2), ("c", "v0", 1)]
    )  # fmt: skip
    cut = Sequences.of(lines, 8, np.random.default_rng(0))
    draw = np.random.default_rng(0)
    drawn = np.stack([cut.targets(draw) for _ in range(50)])  # (50, 3, 8)
    after = [set(drawn[:, 0, 3 + step].tolist()) for step in range(5)]
    assert after == [{2, 3}, {2, 3}, {4}, {4}, {NONE}]
    # b has one order alone, so of its two lines one is taken to follow the other; c has one line
    assert (drawn[:, 1, 6] == cut.lines_variant[6]).all()
    assert (drawn[:, 1, 7] == NONE).all()
    assert (drawn[:, 2] == NONE).all()

"""Attach rates: drawn configurations are valid together, and add up to what was learned."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from data.workspace import Workspace
from production.allocation.resources import Resources
from production.configuration.attach.drawing import attach_rates, draw_configurations
from production.configuration.attach.need import with_options
from production.configuration.attach.rates import AttachRates, option_demand
from production.configuration.attach.saved import load_attach, save_attach
from production.configuration.checking import faults
from production.configuration.configuration import Configuration
from production.errors import ChoicesRefused
from tests.production.configuration.learned.shirts import STYLE, learned, market, past, shirt

DAY = np.datetime64("2025-12-29")


@cache
def drawn() -> list[Configuration]:
    return draw_configurations(learned(), 400, seed=1)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace.create(tmp_path_factory.mktemp("attach") / "workspace")
    made.write({"orders": market().orders, "variants": market().variants})
    return made


@pytest.fixture(scope="module")
def rates(workspace: Workspace) -> AttachRates:
    return attach_rates(workspace, learned(), past())


def few(**changes: object) -> AttachRates:
    """Two kinds of a style: with a monogram that takes an hour and a spool, and without."""
    plain = AttachRates(
        style_id="S",
        options=("monogram", "plain"),
        drawn=np.array([[True, False], [False, True]]),
        resources=("sewing",),
        usage=np.array([[2.0], [1.0]]),
        materials=("spool",),
        taken=np.array([[1.0], [0.0]]),
        replaces=True,
        composed=500_000,
        lines=1_000_000,
        learned_from=1_000_000,
        until="2025-12-28",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # names and kinds are the class's


def test_every_configuration_drawn_keeps_the_rules() -> None:
    assert all(faults(shirt().model, one) == [] for one in drawn())
    assert draw_configurations(learned(), 20, seed=1) == drawn()[:20]


def test_shares_and_pairs_are_those_of_the_past() -> None:
    names = ("monogram", "gift-box", "double-cuffs", "long-fit", "blue", "M")
    status = past().status[:, [shirt().model.place[name] + 1 for name in names]] > 0
    found = np.array([[name in one.selected for name in names] for one in drawn()])
    assert np.abs(found.mean(axis=0) - status.mean(axis=0)).max() < 0.12  # five deviations
    both = (found[:, 0] & found[:, 1]).mean()
    apart = found[:, 0].mean() * found[:, 1].mean()
    assert both > apart + 0.03  # planted: a monogram likes a gift box


def test_what_is_composed_of_the_style_is_counted_in_order_lines(rates: AttachRates) -> None:
    orders = market().orders
    lines = orders["variant_id"].str.startswith("SH001-") & (orders["quantity"] > 0)
    assert rates.composed == len(past())
    assert rates.lines <= lines.sum()
    assert rates.composed_share == pytest.approx(market().settings.composed, abs=0.02)
    assert rates.resources == ("cutting", "fabric", "sewing")
    assert rates.materials == ("box", "buttons", "thread_m")


def test_option_demand_is_a_part_of_the_styles_and_valid_together() -> None:
    units = np.random.default_rng(0).poisson(200, 2_000)
    found = option_demand(few(), units)
    assert (found.composed <= units).all()
    assert (found.options.sum(axis=1) == found.composed).all()  # each unit has one of the two
    assert found.usage[:, 0] == pytest.approx(2 * found.options[:, 0] + found.options[:, 1])
    assert found.materials[:, 0] == pytest.approx(found.options[:, 0])
    assert found.options[:, 0].mean() == pytest.approx(50, abs=1)
    assert found.options[:, 0].std() == pytest.approx(np.sqrt(50), abs=1)  # Poisson, thinned
    unsure = option_demand(few(learned_from=20, composed=10, lines=20), units)
    assert unsure.options[:, 0].std() > 2 * found.options[:, 0].std()


def test_no_demand_has_no_options() -> None:
    found = option_demand(few(), np.zeros(5, dtype=np.int64))
    assert not found.options.any()
    assert not found.usage.any()


def need(rates: AttachRates, usage: list[float]) -> list[float]:
    shared = Resources(
        ids=("fabric", "sewing"),
        units=("kg", "h"),
        capacity=np.array([9.0, 9.0]),
        usage=np.column_stack([[0.3] * len(usage), usage]),
        setup=np.zeros((len(usage), 2)),
    )
    styles = np.array(["S"] * (len(usage) - 1) + ["T"], dtype=object)
    found, notes = with_options(
        shared, {"S": rates, "gone": rates}, styles=styles, mean=np.array([3.0, 1.0, 5.0])
    )
    assert found.usage[:, 0].tolist() == [0.3] * len(usage)  # options say nothing of fabric
    assert len(notes) == 1
    values: list[float] = found.usage[:, 1].tolist()
    return values


def test_composed_units_enter_the_need_in_their_share() -> None:
    # half are composed and take 1.5 h; the table's mean is 0.9 h, so all rise by 0.3 h
    assert need(few(), [0.8, 1.2, 7.0]) == pytest.approx([1.1, 1.5, 7.0], abs=1e-5)
    # on top of what the table says, 0.75 h more
    assert need(few(replaces=False), [0.8, 1.2, 7.0]) == pytest.approx([1.55, 1.95, 7], abs=1e-5)


def test_kept_rates_are_loaded_as_they_were_and_altered_ones_refused(
    tmp_path: Path, rates: AttachRates
) -> None:
    made = Workspace.create(tmp_path / "workspace")
    assert load_attach(made, DAY) == {}
    folder = made.root / "attach" / save_attach(made, {STYLE: rates})
    found = load_attach(made, DAY)[STYLE]
    assert found.rates().tolist() == rates.rates().tolist()
    assert found.usage.tolist() == rates.usage.tolist()
    assert (found.options, found.lines) == (rates.options, rates.lines)
    assert load_attach(made, np.datetime64("2025-12-01")) == {}  # nobody knew it then
    whole = (folder / "rates.npz").read_bytes()
    (folder / "rates.npz").write_bytes(whole[:-9] + b"x" + whole[-8:])
    with pytest.raises(ChoicesRefused):
        load_attach(made, DAY)

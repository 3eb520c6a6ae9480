"""A shop in which garden people buy garden goods: of what is launched, they buy the garden half."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.errors import WorkspaceError
from data.workspace import Workspace
from recsys.errors import BadRequest, TooFewInteractions
from recsys.evaluation.launch_split import launches_at
from recsys.evaluation.launches import REFERENCE, evaluate_launches
from tests.recsys.models.goods import THEMES

ORIGIN = date(2024, 6, 3)
START = pd.Timestamp(ORIGIN)
LAUNCHED = 8
"""Of each theme."""


def planted(*, known_launches: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Orders and variants: 20 customers a theme, 6 old goods and 8 launched ones of each theme.

    In the window every customer buys two launched goods of their own theme, and a stranger one.
    """
    lines: list[tuple[str, str, pd.Timestamp]] = []
    for customer in range(40):
        theme = THEMES[customer % 2]
        for number in range(6):
            if (customer // 2 + number) % 3:
                day = START - pd.Timedelta(days=2 + 20 * ((customer + number) % 5))
                lines.append((f"c{customer:02}", f"{theme}-old-{number}", day))
        for number in (customer % LAUNCHED, (customer + 3) % LAUNCHED):
            day = START + pd.Timedelta(days=3 + number)
            lines.append((f"c{customer:02}", f"{theme}-new-{number}", day))
    lines.append(("stranger", "garden-new-0", START + pd.Timedelta(days=2)))
    lines.append(("c00", "garden-late", START + pd.Timedelta(days=40)))
    orders = pd.DataFrame(lines, columns=["customer_id", "variant_id", "ordered_at"])
    orders = orders.assign(
        order_id=[f"o{row}" for row in range(len(orders))],
        quantity=1,
        unit_price=2.0,
        ordered_at=orders["ordered_at"].astype("datetime64[us]"),
    )
    names = sorted(orders["variant_id"].unique())
    variants = pd.DataFrame(
        {
            "variant_id": names,
            "style_id": names,
            "title": [f"{name.split('-')[0]} thing {name[-1]}" for name in names],
            "introduced_at": [
                START + pd.Timedelta(days=-90 if known_launches else 3 + int(name[-1]))
                if "new" in name
                else pd.NaT
                for name in names
            ],
        }
    )
    variants["introduced_at"] = variants["introduced_at"].astype("datetime64[us]")
    return orders, variants


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.create(tmp_path_factory.mktemp("launches") / "shop")
    orders, variants = planted()
    workspace.write({"orders": orders, "variants": variants})
    return workspace


def test_who_launches_what_and_who_bought_it() -> None:
    orders, variants = planted()
    split = launches_at(orders, variants, origin=START, test_days=28)
    names = split.train.variants[split.launched].tolist()
    assert names == [f"{theme}-new-{number}" for theme in THEMES for number in range(LAUNCHED)]
    assert "garden-late" not in split.train.variants  # sold after the window
    assert len(split.customers) == 40
    assert split.unknown_customers == 1
    assert (split.bought.sum(axis=1) == 2).all()
    garden = split.train.customers[split.customers].astype(str) < "c99"
    assert garden.all()
    assert not split.bought[::2, LAUNCHED:].any()
    assert not split.bought[1::2, :LAUNCHED].any()
    assert split.random_recall(4) == 4 / 16
    assert split.random_recall(99) == 1
    # the models see no line of a launched variant
    assert not np.isin(split.train.variant, split.launched).any()


def test_what_the_shop_introduced_before_is_no_launch() -> None:
    orders, variants = planted(known_launches=True)
    with pytest.raises(TooFewInteractions, match="; 0 were"):
        launches_at(orders, variants, origin=START, test_days=28)


def test_content_finds_each_customers_half_and_popularity_does_not(workspace: Workspace) -> None:
    found = evaluate_launches(workspace, origins=[ORIGIN], k=LAUNCHED, models=["content"])
    rows = {(row.model, row.k): row for row in found.figures}
    assert set(rows) == {(name, k) for name in (REFERENCE, "content") for k in (5, LAUNCHED)}
    best, reference = rows["content", LAUNCHED], rows[REFERENCE, LAUNCHED]
    assert best.recall == 1.0  # the eight of their theme, and both bought ones among them
    assert best.random == 0.5
    assert reference.recall == pytest.approx(0.5, abs=0.2)
    assert best.difference == pytest.approx(1.0 - reference.recall)
    assert best.difference_interval is not None
    assert best.difference_interval.excludes_zero
    assert reference.difference is None


def test_the_mean_over_origins_weighs_each_alike(workspace: Workspace) -> None:
    days = [date(2024, 6, 3), date(2024, 6, 10)]
    found = evaluate_launches(workspace, origins=days, test_days=14, k=3, models=["content"])
    answer: Any = json.loads(json.dumps(found.to_json(), allow_nan=False))
    rows = [row for row in answer["models"] if row["model"] == "content"]
    one, two, mean = rows
    assert [one["origin"], two["origin"], mean["origin"]] == ["2024-06-03", "2024-06-10", "all"]
    for name in ("recall", "random"):
        assert mean[name] == pytest.approx((one[name] + two[name]) / 2)
    assert mean["customers"] == one["customers"] + two["customers"]
    assert mean["ci"][0] <= mean["recall"] <= mean["ci"][1]
    assert mean["over_random"] == pytest.approx(mean["recall"] / mean["random"])
    facts = answer["origins"][0]
    assert facts["launched"] == 16
    assert facts["thrice_random_is_possible"]


def test_sales_of_the_window_change_no_ranking(tmp_path: Path, workspace: Workspace) -> None:
    """Ten times the units of one launched variant, to the same customers: the same figures."""
    orders, variants = planted()
    loud = orders["variant_id"].eq("kitchen-new-0")
    orders.loc[loud, "quantity"] = 10
    other = Workspace.create(tmp_path / "loud")
    other.write({"orders": orders, "variants": variants})
    figures = [
        evaluate_launches(each, origins=[ORIGIN], k=5, models=["content"]).figures
        for each in (workspace, other)
    ]
    assert figures[0] == figures[1]


def test_what_cannot_be_ranked_is_refused(workspace: Workspace) -> None:
    with pytest.raises(BadRequest, match="'ease' puts what nobody has taken last") as caught:
        evaluate_launches(workspace, origins=[ORIGIN], models=["ease"])
    assert "content" in caught.value.fix
    for k in (0, 10**9):
        with pytest.raises(BadRequest, match="k is"):
            evaluate_launches(workspace, origins=[ORIGIN], k=k)
        with pytest.raises(BadRequest, match="test_days is"):
            evaluate_launches(workspace, origins=[ORIGIN], test_days=k)


def test_of_the_last_three_origins_those_without_launches_are_left_out_and_named(
    tmp_path: Path,
) -> None:
    orders, variants = planted()
    quiet = orders.iloc[:1].assign(ordered_at=START + pd.Timedelta(days=69, hours=1))
    workspace = Workspace.create(tmp_path / "shop")
    workspace.write({"orders": pd.concat([orders, quiet.astype(orders.dtypes)]),
                     "variants": variants})  # fmt: skip
    found = evaluate_launches(workspace, k=3, models=["content"])
    assert [facts["origin"] for facts in found.origins] == ["2024-05-20", "2024-06-17"]
    assert found.settings["origins_without_launches"] == ["2024-07-15"]
    with pytest.raises(TooFewInteractions, match="2024-07-15"):
        evaluate_launches(workspace, origins=[ORIGIN, date(2024, 7, 15)])
    with pytest.raises(TooFewInteractions, match="any of 2024-06-16, 2024-07-14, 2024-08-11"):
        evaluate_launches(workspace, test_days=1)


def test_without_a_catalogue_there_is_nothing_to_rank_by(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "shop")
    workspace.write({"orders": planted()[0]})
    with pytest.raises(WorkspaceError, match="variants"):
        evaluate_launches(workspace, origins=[ORIGIN])

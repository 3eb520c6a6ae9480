from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import PositiveFloat

from data.errors import OutsideData
from data.tables import ORDERS
from data.workspace import Workspace
from recsys.errors import BadRequest, JournalRefused, RecsysError, TooFewInteractions, UnknownModel
from recsys.evaluation.splits import Split
from recsys.model import Model, Run, Search, Settings
from recsys.models.personal import Personal
from recsys.registry import MODELS, build
from recsys.tuning import search as searching
from recsys.tuning.chosen import Tuned, chosen, chosen_before, keep
from recsys.tuning.search import METRICS, Goal, judge, tune
from recsys.tuning.space import space_of, with_values
from recsys.tuning.splits import (
    Ground,
    ground_of_file,
    ground_of_workspace,
    hold_out,
)
from tests.paths import ROOT

END = pd.Timestamp("2024-10-01")
DAYS = 260


def market(root: Path) -> Workspace:
    """40 customers with two favourites each, over 260 days up to the end of September."""
    draw = np.random.default_rng(4)
    rows = 1_500
    customer = draw.integers(40, size=rows)
    favourite = (3 * customer + draw.integers(2, size=rows)) % 20
    variant = np.where(draw.random(rows) < 0.7, favourite, draw.integers(20, size=rows))
    at = END - pd.to_timedelta(draw.integers(1, DAYS * 24, size=rows), unit="h")
    orders = pd.DataFrame(
        {
            "order_id": pd.array([f"o{n}" for n in range(rows)], dtype="str"),
            "customer_id": pd.array([f"c{n:02}" for n in customer], dtype="str"),
            "variant_id": pd.array([f"v{n:02}" for n in variant], dtype="str"),
            "quantity": 1,
            "unit_price": 9.5,
            "ordered_at": at.astype("datetime64[us]"),
        }
    )
    orders.loc[0, "ordered_at"] = END - pd.Timedelta(hours=1)
    workspace = Workspace.create(root)
    workspace.write({"orders": orders.sort_values("ordered_at", ignore_index=True)})
    return workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return market(tmp_path_factory.mktemp("market") / "workspace")


@pytest.fixture(scope="module")
def ground(workspace: Workspace) -> Ground:
    return ground_of_workspace(workspace)


class TestSpace:
    @pytest.mark.parametrize("model", MODELS)
    @pytest.mark.parametrize("timed", [True, False])
    def test_every_default_lies_where_the_search_looks(self, model: str, timed: bool) -> None:
        settings = build(model).settings
        for one in space_of(settings, timed=timed):
            assert one.search.low <= one.default <= one.search.high, one.name
            assert one.search.low < one.search.high
            assert one.search.low > 0 or not one.search.log, one.name
            for value in (one.search.low, one.search.high):
                build(model, with_values(settings, {one.name: one.rounded(value)}))

    def test_settings_in_settings_have_dotted_names(self) -> None:
        names = {one.name for one in space_of(build("blend").settings, timed=True)}
        assert {"personal.recency_days", "ease.recency_days", "ease.regularization"} <= names
        assert "untimed_regularization" not in names

    def test_what_has_no_effect_without_times_is_left_out(self) -> None:
        names = {one.name for one in space_of(build("blend").settings, timed=False)}
        assert "untimed_regularization" in names
        assert not {name for name in names if name.endswith("_days")}
        assert space_of(build("personal").settings, timed=False) == ()

    def test_replaced_values_leave_the_models_own_defaults_alone(self) -> None:
        settings = build("blend").settings
        changed = build("blend", with_values(settings, {"ease.regularization": 12.5})).settings
        whole = settings.model_dump()
        whole["ease"]["regularization"] = 12.5
        assert changed.model_dump() == whole

    def test_values_are_ones_a_person_can_type(self) -> None:
        by_name = {one.name: one for one in space_of(build("als").settings, timed=True)}
        assert by_name["factors"].rounded(63.0) == 63
        assert isinstance(by_name["factors"].rounded(63.0), int)
        assert by_name["alpha"].rounded(12.3456) == 12.35
        assert by_name["alpha"].rounded(0.50000001) == 0.5


class TestOrigins:
    def test_the_last_three_windows_are_left_for_evaluation(self, ground: Ground) -> None:
        assert ground.about["before"] == "2024-07-09"  # 84 days before the first of October
        assert ground.about["origins"] == ["2024-04-16", "2024-05-14", "2024-06-11"]
        assert ground.timed

    def test_nothing_from_the_day_on_is_looked_at(
        self, workspace: Workspace, tmp_path: Path
    ) -> None:
        other = market(tmp_path / "other")
        orders = other.read(ORDERS)
        late = orders["ordered_at"] >= pd.Timestamp("2024-07-09")
        orders.loc[late, "variant_id"] = "v00"
        orders.loc[late, "customer_id"] = None
        other.write({"orders": orders})
        found = [tune("personal", ground_of_workspace(one), trials=4) for one in (workspace, other)]
        assert found[0].data_digest != found[1].data_digest
        assert found[0] == found[1].model_copy(update={"data_digest": found[0].data_digest})

    def test_origins_can_be_named_or_counted(self, workspace: Workspace) -> None:
        before = date(2024, 6, 10)
        counted = ground_of_workspace(workspace, before=before, origins=2)
        named = ground_of_workspace(
            workspace, before=before, origins=[date(2024, 5, 13), date(2024, 4, 15)]
        )
        assert counted.about == named.about
        assert counted.about["origins"] == ["2024-04-15", "2024-05-13"]

    @pytest.mark.parametrize(
        ("before", "origins", "said"),
        [
            (None, [date(2024, 6, 12)], "from which on nothing is looked at"),
            (None, [date(2023, 6, 12)], "do not lie between"),
            (None, 20, "room for 6 origins, not 20"),
            (date(2024, 1, 20), None, "leave no room"),
            (date(2023, 1, 20), None, "leave no room"),
        ],
    )
    def test_origins_that_do_not_fit_are_refused(
        self, workspace: Workspace, before: date | None, origins: list[date] | int, said: str
    ) -> None:
        with pytest.raises(OutsideData, match=said) as caught:
            ground_of_workspace(workspace, before=before, origins=origins)
        assert caught.value.fix

    def test_a_day_beyond_the_data_ends_with_the_data(self, workspace: Workspace) -> None:
        ground = ground_of_workspace(workspace, before=date(2030, 1, 1), origins=1)
        assert ground.about["origins"] == ["2024-09-03"]
        assert ground.about["before"] == "2024-10-01"


LINES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=80)


class TestHoldOut:
    @settings(deadline=None)
    @given(LINES, st.integers(0, 5))
    def test_a_fifth_of_each_customers_variants_goes_out_whole(
        self, pairs: list[tuple[int, int]], seed: int
    ) -> None:
        lines = frame(pairs)
        stay, out = hold_out(lines, seed=seed)
        assert sorted([*stay.index, *out.index]) == list(lines.index)
        assert not set(map(tuple, stay.to_numpy())) & set(map(tuple, out.to_numpy()))
        for customer, rows in lines.groupby("customer_id"):
            variants = rows["variant_id"].nunique()
            held = out.loc[out["customer_id"] == customer, "variant_id"].nunique()
            assert held == int(0.2 * variants + 0.5)

    @settings(deadline=None)
    @given(LINES, st.randoms(use_true_random=False))
    def test_the_order_of_the_lines_does_not_matter(
        self, pairs: list[tuple[int, int]], shuffler: Any
    ) -> None:
        mixed = list(pairs)
        shuffler.shuffle(mixed)
        found = [hold_out(frame(one), seed=3)[1].to_numpy() for one in (pairs, mixed)]
        assert sorted(map(tuple, found[0])) == sorted(map(tuple, found[1]))

    def test_another_seed_draws_others(self) -> None:
        lines = frame([(customer, variant) for customer in range(6) for variant in range(10)])
        first, other = (set(hold_out(lines, seed=seed)[1].index) for seed in (0, 1))
        assert first != other

    def test_a_file_of_small_customers_says_so(self, tmp_path: Path) -> None:
        path = tmp_path / "train.txt"
        path.write_text("c0 v0 v1\nc1 v1\n")
        with pytest.raises(TooFewInteractions, match="hold one out"):
            ground_of_file(path, seed=0)


def frame(pairs: list[tuple[int, int]]) -> pd.DataFrame:
    return pd.DataFrame(
        {"customer_id": [f"c{a}" for a, _ in pairs], "variant_id": [f"v{b}" for _, b in pairs]}
    )


class TestSearch:
    def test_the_defaults_come_first_and_are_never_beaten_by_worse(self, ground: Ground) -> None:
        found = tune("personal", ground, trials=6)
        assert found.defaults == {"recency_days": 200.0}
        assert found.trials == 6
        assert found.value >= found.default_value > 0
        assert tune("personal", ground, trials=1).parameters == found.defaults

    def test_the_value_is_what_the_chosen_settings_have(self, ground: Ground) -> None:
        goal = Goal(metric="recall", k=5)
        found = tune("personal", ground, goal, trials=5)
        again = [
            judge(build("personal", found.settings()), split, goal, Run())
            for split in ground.splits
        ]
        assert found.value == np.mean(again)
        assert found.metric == "recall@5"

    @pytest.mark.parametrize("metric", METRICS)
    def test_a_model_that_knows_has_a_perfect_figure(self, ground: Ground, metric: str) -> None:
        split = ground.splits[0]
        figure = judge(Oracle(split), split, Goal(metric=metric, k=20), Run())
        assert figure == pytest.approx(1.0)

    def test_without_what_was_seen_only_the_new_counts(self, ground: Ground) -> None:
        split, goal = ground.splits[0], Goal(exclude_seen=True)
        assert 0 < (~split.seen).sum() < len(split.seen)
        assert judge(Oracle(split), split, goal, Run()) == pytest.approx(1.0)

    def test_a_peak_is_found(self, ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
        def figure(model: Model, split: Split, goal: Goal, run: Run) -> float:
            days = model.settings.model_dump()["recency_days"]
            return float(1 - abs(np.log(days / 77)))

        monkeypatch.setattr(searching, "judge", figure)
        found = tune("personal", ground, trials=40)
        assert 60 < found.parameters["recency_days"] < 100

    @pytest.mark.parametrize("failure", [RecsysError, np.linalg.LinAlgError])
    def test_settings_that_fail_are_tried_once_and_not_chosen(
        self,
        ground: Ground,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        failure: type[Exception],
    ) -> None:
        def figure(model: Model, split: Split, goal: Goal, run: Run) -> float:
            days = model.settings.model_dump()["recency_days"]
            if days < 200:
                raise failure("It could not be inverted.")
            return float(1 / days)

        monkeypatch.setattr(searching, "judge", figure)
        journal = tmp_path / "journal"
        found = tune("personal", ground, trials=12, journal=journal)
        assert found.parameters["recency_days"] == 200.0
        assert b"could not be inverted" in journal.read_bytes()
        assert tune("personal", ground, trials=12, journal=journal) == found

    def test_defaults_that_fail_end_the_search(
        self, ground: Ground, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def figure(model: Model, split: Split, goal: Goal, run: Run) -> float:
            raise TooFewInteractions("Nothing.")

        monkeypatch.setattr(searching, "judge", figure)
        with pytest.raises(TooFewInteractions):
            tune("personal", ground, trials=3)

    def test_what_makes_no_sense_is_refused(self, ground: Ground, tmp_path: Path) -> None:
        with pytest.raises(BadRequest, match="no metric 'ndgc'") as caught:
            tune("personal", ground, Goal(metric="ndgc"), trials=2)
        assert "ndcg" in caught.value.fix
        with pytest.raises(BadRequest, match="trials is 0"):
            tune("personal", ground, trials=0)
        with pytest.raises(BadRequest, match="k is 0"):
            tune("personal", ground, Goal(k=0), trials=2)
        with pytest.raises(UnknownModel):
            tune("persnal", ground, trials=2)
        path = tmp_path / "train.txt"
        path.write_text("c0 v0 v1 v2 v3\nc1 v1 v2 v3\n")
        with pytest.raises(BadRequest, match="no setting that is searched here"):
            tune("personal", ground_of_file(path, seed=0), trials=2)

    def test_progress_counts_every_split(self, ground: Ground) -> None:
        told: list[tuple[str, int, int]] = []
        tune("personal", ground, trials=3, progress=lambda *one: told.append(one))
        done = [one[1] for one in told]
        assert done == sorted(done)
        assert told[-1][1:] == (300, 300)
        assert "best ndcg@20 0." in told[-1][0]


class Oracle(Personal):
    """Knows what is bought in a window."""

    def __init__(self, split: Split) -> None:
        super().__init__()
        self._wanted = np.zeros((len(split.train.customers), len(split.train.variants)))
        real = split.item < len(split.train.variants)
        customers = split.customers[split.row[real]]
        self._wanted[customers, split.item[real]] = 1
        self._place = {name: place for place, name in enumerate(split.train.customers)}

    def score(self, histories: Any) -> Any:
        rows = [self._place[name] for name in histories.customers]
        return self._wanted[rows].astype(np.float32)


class TestJournal:
    def test_cut_off_and_gone_on_it_finds_what_it_finds_without_a_break(
        self, ground: Ground, tmp_path: Path
    ) -> None:
        whole, parts = tmp_path / "whole", tmp_path / "parts"
        found = tune("ease", ground, trials=14, journal=whole)
        tune("ease", ground, trials=3, journal=parts)
        tune("ease", ground, trials=12, journal=parts)
        assert tune("ease", ground, trials=14, journal=parts) == found
        assert parts.read_bytes() == whole.read_bytes()
        assert tune("ease", ground, trials=14) == found

    def test_what_is_there_is_not_fitted_again(
        self, ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = tmp_path / "journal"
        found = tune("personal", ground, trials=4, journal=journal)
        monkeypatch.setattr(searching, "judge", None)
        assert tune("personal", ground, trials=4, journal=journal) == found

    def test_a_torn_last_line_does_not_count(self, ground: Ground, tmp_path: Path) -> None:
        whole, torn = tmp_path / "whole", tmp_path / "torn"
        found = tune("personal", ground, trials=5, journal=whole)
        for length in (3, 700, len(whole.read_bytes()) - 4):
            torn.write_bytes(whole.read_bytes()[:length])
            assert tune("personal", ground, trials=5, journal=torn) == found
            assert torn.read_bytes() == whole.read_bytes()

    @pytest.mark.parametrize(
        ("other", "named"),
        [
            ({"run": Run(seed=1)}, "seed"),
            ({"goal": Goal(metric="recall")}, "metric"),
            ({"goal": Goal(k=10)}, "k"),
            ({"goal": Goal(exclude_seen=True)}, "exclude_seen"),
            ({"model": "popularity"}, "defaults, model, space"),
        ],
    )
    def test_trials_of_another_search_are_refused_unless_it_begins_anew(
        self, ground: Ground, tmp_path: Path, other: dict[str, Any], named: str
    ) -> None:
        journal = tmp_path / "journal"
        tune("personal", ground, trials=2, journal=journal)
        before = journal.read_bytes()
        options: dict[str, Any] = {"model": "personal", "ground": ground, "trials": 2} | other
        with pytest.raises(JournalRefused, match=f"2 trials .* differs in: {named}") as caught:
            tune(**options, journal=journal)
        assert "--restart" in caught.value.fix
        assert journal.read_bytes() == before
        assert tune(**options, journal=journal, restart=True).trials == 2
        assert journal.read_bytes() != before

    def test_other_data_or_origins_are_another_search(
        self, workspace: Workspace, ground: Ground, tmp_path: Path
    ) -> None:
        journal = tmp_path / "journal"
        tune("personal", ground, trials=1, journal=journal)
        earlier = ground_of_workspace(workspace, before=date(2024, 7, 8))
        with pytest.raises(JournalRefused, match="before, origins"):
            tune("personal", earlier, trials=1, journal=journal)
        moved = Ground(splits=ground.splits, about={**ground.about, "data_digest": "other"})
        with pytest.raises(JournalRefused, match="data_digest"):
            tune("personal", moved, trials=1, journal=journal)

    @pytest.mark.parametrize(
        "harm",
        [
            lambda text: "[]\n" + text,
            lambda text: text.replace('"figure"', '"figur"'),
            lambda text: text.replace('"parameters": {"rec', '"parameters": {"rec": "x", "rec'),
            lambda text: text + "{}\n",
            lambda text: text + "nonsense\n",
            lambda text: "\x00" * 40 + "\n" + text,
        ],
    )
    def test_damaged_trials_are_refused(
        self, ground: Ground, tmp_path: Path, harm: Callable[[str], str]
    ) -> None:
        journal = tmp_path / "journal"
        tune("personal", ground, trials=2, journal=journal)
        journal.write_text(harm(journal.read_text()))
        with pytest.raises(JournalRefused, match=r"cannot be read|another search"):
            tune("personal", ground, trials=2, journal=journal)

    def test_two_at_once_do_not_mix(self, ground: Ground, tmp_path: Path) -> None:
        journal = tmp_path / "journal"

        def meanwhile(stage: str, done: int, total: int) -> None:
            with pytest.raises(JournalRefused, match="Another process"):
                tune("personal", ground, trials=2, journal=journal)

        assert tune("personal", ground, trials=2, journal=journal, progress=meanwhile).trials == 2

    def test_killed_between_trials_it_goes_on(self, workspace: Workspace, tmp_path: Path) -> None:
        journal, whole = tmp_path / "journal", tmp_path / "whole"
        tune("personal", ground_of_workspace(workspace), trials=1, journal=journal)
        died = subprocess.run(
            [sys.executable, "-c", SEARCH, workspace.root, journal],
            env=os.environ | {"ATELIER_FAILPOINT": "trial-kept"},
            cwd=ROOT,
            check=False,
        )
        assert died.returncode == -9
        assert len(journal.read_bytes().splitlines()) == 3  # what is searched, and two trials
        ground = ground_of_workspace(workspace)
        assert tune("personal", ground, trials=4, journal=journal) == tune(
            "personal", ground, trials=4, journal=whole
        )
        assert journal.read_bytes() == whole.read_bytes()


SEARCH = """
import sys
from pathlib import Path
from data.workspace import Workspace
from recsys.tuning.search import tune
from recsys.tuning.splits import ground_of_workspace
ground = ground_of_workspace(Workspace.open(Path(sys.argv[1])))
tune("personal", ground, trials=4, journal=Path(sys.argv[2]))
"""


class TestChosen:
    def test_what_is_kept_comes_back(self, ground: Ground, tmp_path: Path) -> None:
        workspace = Workspace.create(tmp_path / "workspace")
        assert chosen(workspace, "personal") is None
        found = tune("personal", ground, trials=3)
        keep(workspace, found)
        assert chosen(workspace, "personal") == found
        assert chosen(workspace, "ease") is None
        assert found.summary().keys() >= {"trials", "origins", "metric", "value", "default_value"}

    @pytest.mark.parametrize("text", ["", "{}", "[]", '{"model": 3}', "\x00"])
    def test_what_cannot_be_read_is_refused(self, tmp_path: Path, text: str) -> None:
        workspace = Workspace.create(tmp_path / "workspace")
        (workspace.root / "tuning").mkdir()
        (workspace.root / "tuning" / "personal.json").write_text(text)
        with pytest.raises(JournalRefused, match="cannot be read") as caught:
            chosen(workspace, "personal")
        assert "atelier tune --model personal" in caught.value.fix

    def test_another_models_settings_are_refused(self, ground: Ground, tmp_path: Path) -> None:
        workspace = Workspace.create(tmp_path / "workspace")
        keep(workspace, tune("personal", ground, trials=1))
        folder = workspace.root / "tuning"
        (folder / "personal.json").rename(folder / "ease.json")
        with pytest.raises(JournalRefused):
            chosen(workspace, "ease")

    @pytest.mark.parametrize("parameters", [{"halflife": 3.0}, {"recency_days": -3.0}])
    def test_what_the_model_does_not_take_any_more_is_named(
        self, ground: Ground, tmp_path: Path, parameters: dict[str, float]
    ) -> None:
        workspace = Workspace.create(tmp_path / "workspace")
        found = tune("personal", ground, trials=1)
        keep(workspace, found.model_copy(update={"parameters": parameters}))
        with pytest.raises(JournalRefused, match=rf"personal\.{next(iter(parameters))}") as caught:
            chosen(workspace, "personal")
        assert "atelier tune --model personal" in caught.value.fix

    def test_what_looked_at_days_of_the_test_is_no_fair_choice(
        self, ground: Ground, tmp_path: Path
    ) -> None:
        workspace = Workspace.create(tmp_path / "workspace")
        with pytest.raises(BadRequest, match="None of the models is tuned"):
            chosen_before(workspace, ["personal"], date(2024, 7, 9))
        found = tune("personal", ground, trials=1)  # it looked at nothing from July 9 on
        keep(workspace, found)
        for day in (date(2024, 7, 9), date(2024, 8, 1)):
            assert chosen_before(workspace, ["ease", "personal"], day) == {"personal": found}
        with pytest.raises(BadRequest, match=r"'personal' looked .* 2024-07-09") as caught:
            chosen_before(workspace, ["personal"], date(2024, 7, 8))
        assert "--before 2024-07-08" in caught.value.fix
        assert not found.model_copy(update={"before": None}).knows_nothing_from(date(2030, 1, 1))


class Stepped(Personal):
    """Personal frequency with a whole number and a plain range besides."""

    class Steps(Settings):
        recency_days: Annotated[PositiveFloat, Search(10, 1000)] = 100.0
        steps: Annotated[int, Search(0, 3, log=False)] = 1
        share: Annotated[float, Search(-1, 1, log=False)] = 0.0

    name: ClassVar[str] = "stepped"

    @classmethod
    def build(cls, settings: Any = None) -> Any:
        made = cls()
        made.settings = cls.Steps.model_validate(settings or {})  # type: ignore[assignment]
        return made


def test_whole_numbers_and_plain_ranges_are_searched(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS, "stepped", Stepped)
    journal = tmp_path / "journal"
    found = tune("stepped", ground, trials=15, journal=journal)
    assert isinstance(found, Tuned)
    tried = [json.loads(line)["parameters"] for line in journal.read_bytes().splitlines()[1:]]
    assert {type(one["steps"]) for one in tried} == {int}
    assert {one["steps"] for one in tried} == {0, 1, 2, 3}
    assert min(one["share"] for one in tried) < 0 < max(one["share"] for one in tried)

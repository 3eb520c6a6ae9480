"""Arms of an experiment that name a saved model: who is served by which, whatever happens to it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from api.arms import named_models
from api.cli import main
from api.lists import AskedRules
from api.live import live_lines
from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.service.list_making import body_of, make_lists
from api.settings import load_settings
from api.work import key_of, train_and_save
from data.store.served import served_places
from data.tables import EVENTS, ORDERS, VARIANTS
from data.workspace import Workspace
from recsys.experiments.splitting import arm_of
from recsys.recommender import Recommender
from recsys.saved.saving import current_model, load
from recsys.saved.versions import remove_models, use_model
from tests.api.client import Client
from tests.api.test_cli import answered, refused, run
from tests.api.test_exploring import ids, list_of
from tests.api.test_metrics import figure
from tests.api.test_sessions import PEOPLE

ARM, CONTROL = "older", "control"
WEIGHTS = {CONTROL: 0.5, ARM: 0.5}


@dataclass(frozen=True)
class Shop:
    """A workspace with two models of different rankings: the current one, and the arm's."""

    root: Path
    current: str
    named: str

    @property
    def workspace(self) -> Workspace:
        return Workspace.open(self.root)

    @property
    def key(self) -> bytes:
        return key_of(self.workspace, load_settings(self.root))

    def model(self, model_id: str) -> Recommender:
        return load(self.workspace, model_id, key=self.key)

    def serves(self, customer: str) -> str:
        """The model that a customer's lists must come from."""
        name = self.workspace.pseudonyms().of(customer)
        return self.named if arm_of(name, "spring", WEIGHTS) == ARM else self.current


@pytest.fixture
def shop(workspace: Path) -> Shop:
    opened, settings = Workspace.open(workspace), load_settings(workspace)
    named, _ = train_and_save(opened, settings.model_copy(update={"model": "personal"}))
    current = use_model(opened, None, key_of(opened, settings))
    (workspace / "atelier.toml").write_text(
        f"[experiments.spring.arms]\n{CONTROL} = 0.5\n{ARM} = {{weight = 0.5, model = '{named}'}}\n"
    )
    return Shop(workspace, current, named)


@contextmanager
def serving(shop: Shop) -> Iterator[tuple[Engine, Client]]:
    with open_engine(shop.root, load_settings(shop.root)) as engine:
        yield engine, Client(create_app(engine))


def customers_of(shop: Shop, count: int = 12) -> list[str]:
    found = [str(one) for one in shop.model(shop.current).interactions.customers[:count]]
    assert {shop.serves(one) for one in found} == {shop.current, shop.named}
    return found


def one_of_each(shop: Shop) -> tuple[str, str]:
    """A customer of the control and one of the arm."""
    customers = customers_of(shop)
    control, arm = ({shop.serves(one): one for one in customers}[of]
                    for of in (shop.current, shop.named))  # fmt: skip
    return control, arm


def test_customers_of_the_arm_get_what_its_model_gives(shop: Shop) -> None:
    today = date.today()  # noqa: DTZ011  # the shop's
    asked: list[dict[str, Any]] = [
        {}, {"collapse": "none", "max_price": 60.0}, {"plan_bonus": 1.0}, {"region": "north"},
    ]  # fmt: skip
    models = {one: shop.model(one) for one in (shop.current, shop.named)}
    with serving(shop) as (engine, client):
        customers = [*customers_of(shop), *(f"nobody-{number}" for number in range(8))]
        variant = str(models[shop.current].catalogue.variants[3])
        event = {"event_id": "e", "customer_id": customers[0], "variant_id": variant,
                 "kind": "cart", "at": "2024-12-01T10:00:00"}  # fmt: skip
        assert client.post("/v1/events", json={"events": [event]}).status_code == 200
        plan = engine.listing._bonuses.latest()
        differ = 0
        for customer in customers:
            name = engine.customer_of(customer)
            wanted = shop.serves(customer)
            extra = live_lines(engine.store.of_customer(name))
            for rules in asked:
                weight = rules.get("plan_bonus", 0.0)
                compiled = AskedRules(**rules).rules(
                    stock=None, today=today, plan=plan if weight else None, plan_weight=weight
                )
                lists = {}
                for of, model in models.items():
                    found = model.recommend(name, 6, extra=extra, rules=compiled)
                    lists[of] = json.loads(body_of(of, found))
                given = list_of(client, customer, k=6, **rules)
                assert given == {**lists[wanted], "customer_id": customer}
                differ += ids(lists[shop.current]) != ids(lists[shop.named])
        assert differ > len(customers)  # else the two could not be told apart
        log = served_places(engine.store.database, experiment="spring")
        assert dict(zip(log["arm"], log["model_id"], strict=True)) == {
            CONTROL: shop.current, ARM: shop.named,
        }  # fmt: skip
        assert set(log.loc[log["arm"] == ARM, "model_id"]) == {shop.named}
        assert set(log.loc[log["arm"] == CONTROL, "model_id"]) == {shop.current}


def test_the_planner_sees_the_history_that_the_arms_model_knows(shop: Shop) -> None:
    """An order that came after the arm's model was trained is the current model's to show."""
    control, arm = one_of_each(shop)
    orders = shop.workspace.read(ORDERS)
    variant = str(shop.model(shop.named).catalogue.variants[0])
    late = orders.iloc[[0, 0]].assign(
        order_id="late", variant_id=variant, quantity=77, customer_id=[control, arm],
        ordered_at=orders["ordered_at"].max(),
    )  # fmt: skip
    shop.workspace.write({"orders": pd.concat([orders, late], ignore_index=True)})
    train_and_save(shop.workspace, load_settings(shop.root))
    with serving(shop) as (_, client):
        pages = {one: client.get(f"/planner/customer?id={one}", headers=PEOPLE).text
                 for one in (control, arm)}  # fmt: skip
    assert "<td>77</td>" in history(pages[control])
    assert "<td>77</td>" not in history(pages[arm])


def history(page: str) -> str:
    """What a customer's page says was taken last."""
    return page.partition("Taken last")[2]


def test_a_styles_variants_are_the_arms_models_and_what_has_no_customer_the_current_ones(
    shop: Shop,
) -> None:
    control, arm = one_of_each(shop)
    known = shop.model(shop.current).catalogue
    style, variant = str(known.styles[0]), str(known.variants[0])
    with serving(shop) as (engine, client):
        for customer in (control, arm):
            given = client.get(f"/v1/customers/{customer}/styles/{style}/variants").json()
            model = shop.model(shop.serves(customer))
            rules = AskedRules().rules(stock=None, today=engine.serving.today())
            wanted = model.recommend_style(customer, style, 20, rules=rules)
            assert given == json.loads(body_of(shop.serves(customer), wanted))
        assert client.get(f"/v1/variants/{variant}/similar").json()["model_id"] == shop.current
        basket = {"variant_ids": [variant], "k": 3}
        assert client.post("/v1/recommendations", json=basket).json()["model_id"] == shop.current
        page = client.get(f"/v1/customers/{arm}/styles/nothing/variants")
        assert page.json()["code"] == "recsys.unknown-style"


def test_a_style_that_the_arms_model_does_not_know_is_shown_by_the_current_one(shop: Shop) -> None:
    _, arm = one_of_each(shop)
    opened = shop.workspace
    tables = {table.name: opened.read(table) for table in (VARIANTS, ORDERS, EVENTS)}
    variants = tables["variants"]
    launched = variants["style_id"].iloc[0]
    new = set(variants.loc[variants["style_id"] == launched, "variant_id"])
    opened.write({name: table[~table["variant_id"].isin(new)] for name, table in tables.items()})
    older, _ = train_and_save(opened, load_settings(shop.root, model="personal"))
    opened.write(tables)
    use_model(opened, shop.current, shop.key)
    toml = shop.root / "atelier.toml"
    toml.write_text(toml.read_text().replace(shop.named, older))
    with serving(shop) as (_, client):
        style = f"/v1/customers/{arm}/styles/{{}}/variants"
        given = client.get(style.format(launched))
        assert given.status_code == 200
        assert given.json()["model_id"] == shop.current
        known = variants["style_id"].iloc[-1]
        assert client.get(style.format(known)).json()["model_id"] == older


def test_swaps_of_the_current_model_leave_the_arms_alone(shop: Shop) -> None:
    third, _ = train_and_save(shop.workspace, load_settings(shop.root, model="popularity"))
    use_model(shop.workspace, shop.current, shop.key)
    customers = customers_of(shop, 8)
    expected = {
        (of, customer): ids_of(shop.model(of), customer)
        for of in (shop.current, shop.named, third)
        for customer in customers
    }
    over = threading.Event()
    with serving(shop) as (engine, client), ThreadPoolExecutor(3) as pool:
        held = engine.serving.snapshot(shop.named)

        def ask(reader: int) -> list[tuple[str, dict[str, Any]]]:
            answers: list[tuple[str, dict[str, Any]]] = []
            while not over.is_set() or not answers:
                customer = customers[(reader + len(answers)) % len(customers)]
                answers.append((customer, list_of(client, customer, k=5)))
            return answers

        asked = [pool.submit(ask, reader) for reader in range(3)]
        try:
            for swap in range(10):
                use_model(shop.workspace, (third, shop.current)[swap % 2], shop.key)
                engine.refresh()
                assert engine.serving.snapshot(shop.named) is held
        finally:
            over.set()
        answers = [answer for one in asked for answer in one.result()]
    for customer, answer in answers:
        arm = shop.serves(customer) == shop.named
        assert answer["model_id"] in ({shop.named} if arm else {shop.current, third})
        assert ids(answer) == expected[answer["model_id"], customer]
    assert {answer["model_id"] for _, answer in answers} == {shop.current, shop.named, third}


def ids_of(model: Recommender, customer: str) -> list[str]:
    rules = AskedRules().rules(stock=None, today=date.today())  # noqa: DTZ011  # the shop's
    return [one.variant_id for one in model.recommend(customer, 5, rules=rules).recommendations]


def test_lists_made_ahead_and_kept_answers_are_each_models_own(shop: Shop) -> None:
    control, arm = one_of_each(shop)
    today = date.today()  # noqa: DTZ011  # the shop's
    make_lists(shop.root, shop.current, today, 1000, shop.key)
    with serving(shop) as (engine, client):
        engine.serving.look_for_lists()
        current = engine.serving.answers(engine.snapshot(), engine.serving.today())
        assert current.ready is not None
        for _ in range(2):  # the second is a kept one, of those that are looked at
            for customer in (arm, control):
                body = engine.listing.of_customer(
                    customer, 20, exclude_seen=False, asked=AskedRules(), where="", shown=False
                )
                assert json.loads(body)["model_id"] == shop.serves(customer)
                assert list_of(client, customer)["model_id"] == shop.serves(customer)
        assert engine.serving.answers(engine.snapshot(), engine.serving.today()) is current
    assert list((shop.root / "models" / shop.current).glob("lists-*"))
    assert not list((shop.root / "models" / shop.named).glob("lists-*"))


def test_an_arm_that_names_the_current_model_shares_it_until_another_is_current(
    shop: Shop,
) -> None:
    toml = shop.root / "atelier.toml"
    toml.write_text(toml.read_text().replace(shop.named, shop.current))
    with serving(shop) as (engine, _):
        held = engine.snapshot()
        assert engine.serving.snapshot(shop.current) is held
        use_model(shop.workspace, shop.named, shop.key)
        engine.refresh()
        assert engine.snapshot().model_id == shop.named
        assert engine.serving.snapshot(shop.current) is held


def missing(shop: Shop) -> str:
    shutil.rmtree(shop.root / "models" / shop.named)
    return "There is no saved model"


def altered(shop: Shop) -> str:
    names = shop.root / "models" / shop.named / "names.json"
    names.write_bytes(names.read_bytes() + b" ")
    return "altered"


def of_another_key(shop: Shop) -> str:
    manifest = shop.root / "models" / shop.named / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"signature": "', '"signature": "0', 1))
    return "altered, or signed with another key"


@pytest.mark.parametrize("harm", [missing, altered, of_another_key])
def test_a_model_that_cannot_be_used_is_told_at_start_and_by_doctor(
    shop: Shop, harm: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = answered_checks(capsys, shop)[f"model of arm '{ARM}' of experiment 'spring'"]
    assert (sound["state"], sound["found"]) == ("ok", shop.named)
    told = harm(shop)
    program = [sys.executable, "-c", "from api.cli import main; main()"]
    serve = [*program, "serve", "-w", str(shop.root), "--port", "0"]
    started = subprocess.run(serve, capture_output=True, text=True, check=False, timeout=120)
    assert started.returncode == 1
    said = " ".join(started.stderr.split())
    assert f"The model of arm '{ARM}' of experiment 'spring' cannot be used" in said
    assert told in said
    assert "Traceback" not in said
    found = answered_checks(capsys, shop)[f"model of arm '{ARM}' of experiment 'spring'"]
    assert found["state"] == "wrong"
    assert told in found["found"]
    assert f"arm '{ARM}' of experiment 'spring'" in found["found"]
    toml = shop.root / "atelier.toml"
    toml.write_text(toml.read_text() + "[experiments.spring]\nrunning = false\n")
    assert "arm" not in "".join(answered_checks(capsys, shop))


def answered_checks(capsys: pytest.CaptureFixture[str], shop: Shop) -> dict[str, dict[str, str]]:
    with pytest.raises(SystemExit):
        main(["doctor", "-w", str(shop.root), "--json"])
    return {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}


def test_a_model_that_goes_away_serves_on_from_memory(shop: Shop) -> None:
    control, arm = one_of_each(shop)
    with serving(shop) as (engine, client):
        before = list_of(client, arm, k=5)
        shutil.rmtree(shop.root / "models" / shop.named)
        engine.refresh()
        assert list_of(client, arm, k=5) == before
        assert list_of(client, control, k=5)["model_id"] == shop.current
        engine.serving.check_arms()


def test_a_worker_that_finds_no_model_refuses_its_arm_alone_until_it_is_back(
    shop: Shop, tmp_path: Path
) -> None:
    control, arm = one_of_each(shop)
    folder = shop.root / "models" / shop.named
    folder.rename(tmp_path / "away")
    with serving(shop) as (engine, client):
        assert list_of(client, control, k=5)["model_id"] == shop.current
        refusal = client.get(f"/v1/customers/{arm}/recommendations")
        assert (refusal.status_code, refusal.json()["code"]) == (503, "api.not-ready")
        assert not figure(client, "atelier_model_serves", arm=ARM)
        (tmp_path / "away").rename(folder)
        engine.refresh()
        assert list_of(client, arm, k=5)["model_id"] == shop.named


def test_a_model_that_an_arm_names_is_not_removed(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("-w", shop.root)
    error = refused(capsys, "models", "remove", shop.named, *words)
    assert f"arm '{ARM}' of experiment 'spring'" in error["what"]
    assert answered(capsys, "models", "remove", "--keep", 1, *words) == {"removed": []}
    listed = {one["model_id"]: one for one in answered(capsys, "models", "list", *words)["models"]}
    assert listed[shop.named]["named_by"] == f"arm '{ARM}' of experiment 'spring'"
    assert listed[shop.current]["named_by"] is None
    third = answered(capsys, "train", *words, "--model", "popularity")["model_id"]
    assert answered(capsys, "models", "remove", "--keep", 1, *words) == {"removed": [shop.current]}
    assert "experiment 'spring'" in " ".join(run(capsys, "models", "list", *words)[1].split())
    (shop.root / "atelier.toml").write_text("")
    assert answered(capsys, "models", "remove", shop.named, *words) == {"removed": [shop.named]}
    assert current_model(shop.workspace) == third


def test_an_erased_customers_arm_goes_on_with_the_model_written_anew(shop: Shop) -> None:
    control, arm = one_of_each(shop)
    with serving(shop) as (engine, client):
        assert list_of(client, arm, k=5)["fallback"] is None
        assert client.request("DELETE", f"/v1/customers/{arm}").status_code == 200
        given = list_of(client, arm, k=5)
        assert given["fallback"] == "popular"  # by a model that knows the customer no more
        anew = given["model_id"]
        assert anew not in {shop.named, shop.current, current_model(shop.workspace)}
        assert list_of(client, control, k=5)["model_id"] == current_model(shop.workspace)
    with serving(shop) as (engine, client):  # the settings name the old one still
        engine.serving.check_arms()
        assert list_of(client, arm, k=5)["model_id"] == anew
    assert list(named_models(shop.workspace, load_settings(shop.root))) == [anew]
    with pytest.raises(Exception, match="There is no saved model"):
        remove_models(shop.workspace, [shop.named])


def test_figures_and_the_report_name_each_arms_model(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(shop) as (engine, client):
        for customer in customers_of(shop, 30):
            list_of(client, customer, k=5)
        serves = {"experiment": "spring", "arm": ARM, "model_id": shop.named}
        assert figure(client, "atelier_model_serves", **serves) == 1
        assert figure(client, "atelier_model_serves", arm="", model_id=shop.current) == 1
        with engine.store.database.transaction() as connection:
            connection.exec_driver_sql("UPDATE served_lists SET at = '2024-12-01 00:00:00.000000'")
    out = shop.root / "out.json"
    status, shown, _ = run(
        capsys, "evaluate", "experiment", "spring", "-w", shop.root, "--json", out
    )
    assert status == 0
    told = {arm["arm"]: arm["models"] for arm in json.loads(out.read_text())["arms"]}
    assert told == {CONTROL: [shop.current], ARM: [shop.named]}
    assert f"Lists of {ARM} by: {shop.named}" in " ".join(shown.split())

"""Answers that are known already are to the byte those that the model gives anew."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.service.answers import MOST_BYTES, Answers, Asked, Known
from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.service.list_making import make_lists, span_of
from api.service.ready_lists import PLAIN_K, ReadyList, Span, open_lists, write_lists
from api.settings import load_settings
from api.work import key_of, train_and_save
from data.workspace import Workspace
from recsys.catalogue import Catalogue
from recsys.saved.saving import current_model
from tests.api.client import Client


@pytest.fixture
def ahead(workspace: Path) -> Path:
    """The workspace with its lists made ahead."""
    ready(workspace)
    return workspace


def ready(root: Path, most: int = 10_000) -> int:
    """Make the lists of a workspace's model as the service's own process does."""
    workspace = Workspace.open(root)
    key = key_of(workspace, load_settings(root))
    return make_lists(root, str(current_model(workspace)), date.today(), most, key)  # noqa: DTZ011


@pytest.fixture
def engine(ahead: Path) -> Iterator[Engine]:
    with open_engine(ahead, load_settings(ahead)) as engine:
        engine.serving.look_for_lists()
        yield engine


@pytest.fixture
def slow(ahead: Path) -> Iterator[Client]:
    """The same service, which knows no answer ahead and forgets each at once."""
    with open_engine(ahead, load_settings(ahead)) as engine:
        yield Client(create_app(engine))
        assert engine.serving.answers(engine.snapshot(), engine.serving.today()).ready is None


def path(customer: object, query: str = "") -> str:
    return f"/v1/customers/{customer}/recommendations{query}"


def forget(engine: Engine) -> None:
    """Let the model answer anew."""
    engine.serving._answers = {}


def event(customer: str, variant: str, number: int) -> dict[str, object]:
    return {
        "event_id": f"e-{customer}-{number}",
        "customer_id": customer,
        "variant_id": variant,
        "kind": "cart",
        "at": f"2024-09-01T10:0{number}:00",
    }


def computed(engine: Engine) -> Engine:
    """The engine, whose model must not be asked from now on."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the model was asked")

    engine.listing.of_customer = refuse  # type: ignore[method-assign,assignment]  # it must not be reached
    return engine


def test_lists_made_ahead_are_those_that_the_model_makes(engine: Engine, slow: Client) -> None:
    customers = engine.snapshot().recommender.interactions.customers
    expected = [slow.get(path(customer)) for customer in customers]
    client = Client(create_app(computed(engine)))
    assert len(customers) > 50
    for customer, model in zip(customers, expected, strict=True):
        quick = client.get(path(customer))
        assert quick.content == model.content
        assert quick.headers["content-type"] == model.headers["content-type"]
        assert quick.headers["x-request-id"]


def test_after_events_the_next_list_knows_them_and_is_then_known(
    engine: Engine, slow: Client, client: Client
) -> None:
    shop = engine.snapshot().recommender
    for customer in shop.interactions.customers[:6].tolist():
        before = client.get(path(customer))
        for number in range(2):
            variant = str(shop.catalogue.variants[-1 - number])
            sent = {"events": [event(customer, variant, number)]}
            assert client.post("/v1/events", json=sent).status_code == 200
            after = client.get(path(customer))
            assert after.content != before.content
            assert after.content == slow.get(path(customer)).content
            assert after.content == client.get(path(customer)).content
            before = after


def test_events_of_another_process_count_at_once(engine: Engine, client: Client) -> None:
    shop = engine.snapshot().recommender
    customer = str(shop.interactions.customers[0])
    before = client.get(path(customer)).content
    root = engine.workspace.root
    with open_engine(root, load_settings(root)) as other:
        sent = {"events": [event(customer, str(shop.catalogue.variants[-1]), 1)]}
        assert Client(create_app(other)).post("/v1/events", json=sent).status_code == 200
    assert client.get(path(customer)).content != before


@pytest.mark.parametrize("query", ["?k=1", "?k=5", "?k=20", "?k=100", ""])
def test_the_second_answer_is_the_first(engine: Engine, client: Client, query: str) -> None:
    customer = engine.snapshot().recommender.interactions.customers[3]
    first = client.get(path(customer, query)).content
    forget(engine)
    assert client.get(path(customer, query)).content == first
    known = Client(create_app(computed(engine)))
    assert known.get(path(customer, query)).content == first


@pytest.mark.parametrize(
    "query",
    ["?k=0", "?k=101", "?k=+5", "?k=%35", "?k=5&k=6", "?kk=5", "?k=", "?k=5&in_stock=true"],
)
def test_what_is_not_plain_goes_the_routes_own_way(
    engine: Engine, slow: Client, client: Client, query: str
) -> None:
    customer = engine.snapshot().recommender.interactions.customers[3]
    for _ in range(2):
        ours, theirs = client.get(path(customer, query)), slow.get(path(customer, query))
        assert ours.status_code == theirs.status_code
        if ours.status_code == 200:
            assert ours.content == theirs.content
    assert client.request("HEAD", path(customer)).status_code == 405


def test_another_model_brings_its_own_lists(engine: Engine, client: Client) -> None:
    root = engine.workspace.root
    customer = engine.snapshot().recommender.interactions.customers[3]
    first = client.get(path(customer)).json()
    second, _ = train_and_save(engine.workspace, load_settings(root, model="popularity"))
    engine.refresh()
    anew = client.get(path(customer))
    assert anew.json()["model_id"] == second != first["model_id"]
    assert ready(root) > 50
    forget(engine)
    engine.serving.look_for_lists()
    assert Client(create_app(computed(engine))).get(path(customer)).content == anew.content


def test_the_process_that_makes_lists_is_let_go_once_it_ends(workspace: Path) -> None:
    with open_engine(workspace, load_settings(workspace)) as engine:
        engine.serving.look_for_lists()
        (process,) = active_children()
        answers = engine.serving.answers(engine.snapshot(), engine.serving.today())
        for _ in range(600):
            time.sleep(0.1)
            engine.serving.look_for_lists()
            if answers.ready is not None and not Path(f"/proc/{process.pid}").exists():
                return
    pytest.fail("the lists were not made, or their process stayed")


def test_a_file_that_is_altered_cut_or_of_another_span_is_not_read(ahead: Path) -> None:
    workspace = Workspace.open(ahead)
    key = key_of(workspace, load_settings(ahead))
    with open_engine(ahead, load_settings(ahead)) as engine:
        snapshot = engine.snapshot()
        span = span_of(snapshot.model_id, snapshot.recommender, engine.serving.today())
        customers = snapshot.recommender.interactions.customers
    file = span.file(ahead / "models")
    whole = file.read_bytes()
    assert open_lists(file, span, customers, key) is not None
    assert open_lists(file, span, customers, b"another key") is None
    assert open_lists(file, replace(span, after="2000-01-01"), customers, key) is None
    random = np.random.default_rng(0)
    for number, place in enumerate(random.integers(0, len(whole), 40).tolist()):
        copy = file.with_name(f"copy-{number}")
        copy.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert open_lists(copy, span, customers, key) is None
        copy.write_bytes(whole[:place])
        assert open_lists(copy, span, customers, key) is None
    shutil.rmtree(file.parent)
    assert open_lists(file, span, customers, key) is None


def test_only_so_many_lists_are_made_the_latest_customers_first(workspace: Path) -> None:
    assert ready(workspace, most=7) == 7
    with open_engine(workspace, load_settings(workspace)) as engine:
        engine.serving.look_for_lists()
        history = engine.snapshot().recommender.interactions
        answers = engine.serving.answers(engine.snapshot(), engine.serving.today())
        assert answers.ready is not None
        last = [
            float(history.age[history.customer == place].min())
            for place in range(len(history.customers))
        ]
        made = [place for place in range(len(last)) if answers.ready.body(place) is not None]
        left = set(range(len(last))) - set(made)
        assert max(last[place] for place in made) <= min(last[place] for place in left)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    span = Span(model_id="m", first="0001-01-01", after="2030-01-01")
    customers = np.array(["a", "b", "c"], dtype=object)
    lists = [
        (2, ReadyList(body=b"{2}", shown=np.array([4, 5], np.int32), fallback=None)),
        (0, ReadyList(body=b"{zero}", shown=np.arange(20, dtype=np.int32), fallback="popular")),
    ]
    file = span.file(tmp_path)
    assert write_lists(file, span, 3, lists, b"key") == 2
    read = open_lists(file, span, customers, b"key")
    assert read is not None
    assert len(read) == 2
    assert [read.body(place) for place in range(3)] == [b"{zero}", None, b"{2}"]
    assert [read.fallback(place) for place in range(3)] == ["popular", None, None]
    assert read.shown[2].tolist() == [4, 5] + [-1] * (PLAIN_K - 2)
    assert read.place("c") == 2
    assert read.place("d") is None
    assert [one.name for one in file.parent.iterdir()] == [file.name]
    with file.open("r+b") as written:
        written.seek(file.read_bytes().index(b"{zero}"))
        written.write(b"{more}")
    assert [read.body(place) for place in range(3)] == [None, None, b"{2}"]
    file.write_bytes(b"")
    assert [read.body(place) for place in range(3)] == [None, None, None]


def test_answers_given_before_are_kept_within_their_bytes() -> None:
    answers = Answers(Span(model_id="m", first="0001-01-01", after="9999-12-31"))
    keys = [Asked(customer_id=str(number), request=(), events=()) for number in range(5)]
    for key in keys:
        answers.keep(key, Known(b"x" * (MOST_BYTES // 4), None))
    assert [answers.given(key) is None for key in keys] == [True, False, False, False, False]
    answers.given(keys[1])
    answers.keep(keys[0], Known(b"x" * (MOST_BYTES // 4), None))
    assert answers.given(keys[2]) is None
    assert answers.given(keys[1]) is not None


def test_an_answer_takes_the_place_of_the_one_made_from_earlier_events() -> None:
    answers = Answers(Span(model_id="m", first="0001-01-01", after="9999-12-31"))
    other = Asked(customer_id="b", request=(), events=())
    answers.keep(other, Known(b"other", None))
    asked = [
        Asked(customer_id="a", request=(), events=tuple(map(str, range(number))))
        for number in range(20)
    ]
    for one in asked:  # together far more than is kept
        answers.keep(one, Known(b"x" * (MOST_BYTES // 4), None))
    assert [answers.given(one) is not None for one in asked] == [False] * 19 + [True]
    assert answers.given(other) == Known(b"other", None)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8), st.integers(0, 60))
def test_within_a_span_the_same_variants_are_on_sale(days: list[tuple[int, int]], day: int) -> None:
    start = date(2024, 1, 1)
    moments = np.array(
        [[start + timedelta(one), start + timedelta(two)] for one, two in days] or np.zeros((0, 2)),
        dtype="datetime64[D]",
    )
    names = np.array([str(number) for number in range(len(days))], dtype=object)
    catalogue = replace(
        Catalogue.of(names.tolist()), introduced_at=moments[:, 0], discontinued_at=moments[:, 1]
    )
    today = np.datetime64(start + timedelta(day), "D")
    first, after = catalogue.unchanged(today)
    assert first <= today < after
    now = catalogue.on_sale(today)
    for other in range(-2, 64):
        looked = np.datetime64(start + timedelta(other), "D")
        if first <= looked < after:
            assert np.array_equal(catalogue.on_sale(looked), now)

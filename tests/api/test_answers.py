"""Answers over HTTP and on the command line."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from api.answers import MOST_LETTERS
from api.cli import main
from api.service.app import create_app
from api.service.engine import Engine
from data.store import LiveEvent
from data.tables import KNOWLEDGE, ORDERS, VARIANTS
from data.workspace import Workspace
from tests.api.client import Client
from tests.paths import ROOT

QUESTION = "Does it run small?"


def test_an_answer_names_its_entry(client: Client) -> None:
    found = client.post("/v1/answers", json={"question": "How do I wash wool?", "k": 2}).json()
    first = found["answers"][0]
    assert first["answer_id"] == "wash-wool.en"
    assert "wool" in first["answer"]
    assert len(found["answers"]) <= 2
    assert found["notes"] == []


def test_a_question_that_nothing_answers_gets_a_note(client: Client) -> None:
    found = client.post("/v1/answers", json={"question": "zzz qqq"})
    assert found.status_code == 200
    assert found.json()["answers"] == []
    assert found.json()["notes"][0]["code"] == "empty.no_answer"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": ""},
        {"question": "x" * (MOST_LETTERS + 1)},
        {"question": "a\x00b"},
        {"question": 5},
        {"question": "x", "k": 0},
        {"question": "x", "k": 21},
        {"question": "x", "customer_id": ""},
        {"question": "x", "more": 1},
    ],
)
def test_bad_questions_are_refused(client: Client, body: dict[str, object]) -> None:
    assert client.post("/v1/answers", json=body).status_code == 422


def test_orders_of_the_table_and_of_a_minute_ago_count(engine: Engine) -> None:
    client = Client(create_app(engine))
    knowledge = engine.workspace.read(KNOWLEDGE)
    styles = sorted(knowledge["style_id"].dropna().unique())
    variants = engine.workspace.read(VARIANTS).set_index("variant_id")["style_id"]
    orders = engine.workspace.read(ORDERS)
    bought = orders.assign(style_id=orders["variant_id"].map(variants))
    asked = bought.dropna(subset="customer_id").query("style_id == @styles[-1] and quantity > 0")

    def own(customer: str) -> set[str]:
        body = {"question": QUESTION, "k": 20, "language": "en", "customer_id": customer}
        answers = client.post("/v1/answers", json=body).json()["answers"]
        return {one["style_id"] for one in answers if one["own"]}

    assert styles[-1] in own(str(asked["customer_id"].iloc[0]))
    assert own("nobody") == set()
    variant = str(variants.index[variants == styles[0]][0])
    event = {"event_id": "o", "customer_id": "nobody", "variant_id": variant, "kind": "order",
             "value": 1, "at": "2024-09-01T10:00:00"}  # fmt: skip
    assert client.post("/v1/events", json={"events": [event]}).status_code == 200
    assert own("nobody") == {styles[0]}
    assert isinstance(engine.store.of_customer(engine.customer_of("nobody"))[0], LiveEvent)


def test_another_table_counts_from_the_next_question_on(engine: Engine) -> None:
    client = Client(create_app(engine))
    body = {"question": "How do I wash wool?"}
    assert client.post("/v1/answers", json=body).json()["answers"]
    fewer = engine.workspace.read(KNOWLEDGE).query("answer_id == 'payment.en'")
    engine.workspace.write({"knowledge": fewer})
    assert client.post("/v1/answers", json=body).json()["answers"] == []
    engine.workspace.path(KNOWLEDGE).unlink()
    refused = client.post("/v1/answers", json=body)
    assert refused.status_code == 503
    assert refused.json()["code"] == "api.not-ready"


def test_the_question_is_not_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.post("/v1/answers", json={"question": "canary of mine", "customer_id": "canary"})
    assert "canary" not in caplog.text


def run(*words: str, code: int = 0) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == code


def test_on_the_command_line(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert Workspace.open(workspace).has(KNOWLEDGE)
    run("answer", "怎么付款", "-w", str(workspace), "--json", "--customer", "nobody")
    assert json.loads(capsys.readouterr().out)["answers"][0]["answer_id"] == "payment.zh"
    run("answer", "zzz qqq", "-w", str(workspace))
    assert "No entry" in capsys.readouterr().out
    run("answer", "x" * 501, "-w", str(workspace), code=2)


def test_the_evaluation_tells_its_figures(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, questions = tmp_path / "out.json", ROOT / "data" / "sample" / "truth" / "questions.csv"
    run("evaluate", "answers", "--questions", str(questions), "-w", str(workspace),
        "--json", str(out))  # fmt: skip
    everything = json.loads(out.read_text())["languages"][0]
    assert everything["language"] == "all"
    assert everything["recall"]["3"]["low"] < everything["recall"]["3"]["value"]
    assert "recall@1" in capsys.readouterr().out

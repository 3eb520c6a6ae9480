"""A broker's address, its messages, and what is set aside of them; Kafka in memory."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.broker.address import parse_address
from api.broker.intake import Intake
from api.broker.messages import read_message
from api.broker.subscribing import broker_of
from api.cli.app import app as commands
from api.errors import Invalid, Malformed, SettingsError, TooLarge
from api.service.engine import Engine
from api.service.limits import MOST_BYTES
from api.settings import load_settings
from data.errors import EventRefused, StoreError
from data.store import open_store
from data.store.dead_letters import LONGEST_BODY, MOST_LETTERS, letters_of, set_aside
from data.tables import ORDERS
from tests.api.broker.test_brokers import bodies, event, stored

NOW = datetime(2026, 3, 2, 10)  # noqa: DTZ001  # UTC, as the store keeps it


@pytest.fixture
def variant(engine: Engine) -> str:
    return str(engine.workspace.read(ORDERS)["variant_id"].iloc[0])


@pytest.mark.parametrize(
    ("text", "shown", "source"),
    [
        ("nats://u:secret@h:4222?subject=shop.>", "nats://h:4222?subject=shop.>", "shop.>"),
        ("redis://:secret@h:6379/2?stream=s&group=g", "redis://h:6379/2?stream=s", "s"),
        ("amqps://u:secret@h/v?queue=q&prefetch=5", "amqps://h/v?queue=q", "q"),
        ("kafka://a:9092,b:9092?topic=t", "kafka://a:9092,b:9092?topic=t", "t"),
    ],
)
def test_an_address_keeps_its_secret(text: str, shown: str, source: str) -> None:
    found = parse_address(text)
    assert (found.shown, found.source) == (shown, source)
    assert "secret" not in repr(found)
    assert found.url == text.partition("?")[0]


@pytest.mark.parametrize(
    "text",
    [
        "", "nats://", "http://u:secret@h?subject=x", "nats://u:secret@h", "nats://h?stream=x",
        "nats://u:secret@h?subject=x&queue=y", "redis://h?stream=x&stream=y",
        "amqp://u:secret@h?queue=q&prefetch=0", "amqp://h?queue=q&prefetch=many",
        "redis://h?stream=a%20b", "nats://[h?subject=x", "amqp://h?queue=q&group=g",
    ],
)  # fmt: skip
def test_a_wrong_address_is_refused_without_its_secret(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_address(text)
    assert "secret" not in str(refused.value)


def test_commands_refuse_a_wrong_address(workspace: Path) -> None:
    for command in ("serve", "listen"):
        words = [command, "--workspace", str(workspace), "--events-from", "ftp://u:secret@h"]
        told = CliRunner().invoke(commands, words)
        assert isinstance(told.exception, SettingsError)
        assert "secret" not in str(told.exception)


def test_a_message_is_an_event_or_a_batch() -> None:
    one, other = event(1, "v"), event(2, "v")
    assert [found.event_id for found in read_message(json.dumps(one).encode())] == ["e00001"]
    batch = json.dumps({"events": [one, other]}).encode()
    assert [found.event_id for found in read_message(batch)] == ["e00001", "e00002"]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"", Malformed),
        (b"[]", Malformed),
        (b'{"events": []}', Invalid),
        (b'{"events": [], "more": 1}', Invalid),
        (json.dumps(event(1, "v", value=True)).encode(), Invalid),
        (json.dumps(event(1, "v", value=1)).replace("1}", "NaN}").encode(), Malformed),
        (b'{"event_id": "a", "event_id": "b"}', Malformed),
        (b"[" * 100_000, Malformed),
        (b" " * (MOST_BYTES + 1), TooLarge),
    ],
)
def test_a_message_that_is_none(body: bytes, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        read_message(body)


def test_what_is_stored_set_aside_and_left_for_later(
    engine: Engine, variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake = Intake(engine, "somewhere")
    (good,) = bodies(range(1), variant)
    assert intake.take(good)
    assert intake.take(b"poison")
    assert intake.take(b"poison"), "a message that comes again is set aside once"
    assert [letter.body for letter in letters_of(engine.store)] == [b"poison"]

    def away(*_: Any, **__: Any) -> None:
        raise StoreError("The store is busy.")

    monkeypatch.setattr("api.broker.intake.set_aside", away)
    assert not intake.take(b"other poison"), "what could not be set aside is to come again"
    monkeypatch.setattr(engine.store.__class__, "append", away)
    assert not intake.take(good)
    assert stored(engine.workspace.root) == ["e00000"]


def test_letters_are_bounded(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.store.dead_letters.MOST_LETTERS", 3)
    assert MOST_LETTERS > 3
    refusal = EventRefused("It says nothing.")
    for number in range(5):
        body = str(number).encode() * (LONGEST_BODY + 1)
        set_aside(engine.store, "here", body, refusal, now=NOW.replace(minute=number))
    kept = letters_of(engine.store)
    assert [letter.body[:1] for letter in kept] == [b"2", b"3", b"4"]
    assert not any(letter.whole for letter in kept)


def test_letters_are_listed_taken_again_and_removed(workspace: Path, engine: Engine) -> None:
    variant = str(engine.workspace.read(ORDERS)["variant_id"].iloc[0])
    (good,) = bodies(range(1), variant)
    refusal = EventRefused("Nobody knew the variant.")
    first = set_aside(engine.store, "here", good, refusal, now=NOW)
    second = set_aside(engine.store, "here", b"poison", refusal, now=NOW.replace(hour=11))

    def run(*words: str) -> Any:
        words = ("dead-letters", *words, "--workspace", str(workspace), "--json")
        return json.loads(CliRunner().invoke(commands, words, catch_exceptions=False).stdout)

    listed = run("list")["letters"]
    assert [letter["letter_id"] for letter in listed] == [first, second]
    assert listed[1]["body"] == "poison"
    assert run("retry", first) == {"letter_id": first, "stored": 1}
    assert stored(workspace) == ["e00000"]
    assert run("remove", second) == {"letter_id": second}
    store = open_store(load_settings(workspace).store_url(workspace))
    assert letters_of(store) == []
    store.close()


def test_kafka_in_memory(engine: Engine, variant: str) -> None:
    from faststream.kafka import TestKafkaBroker

    address = parse_address("kafka://localhost:9092?topic=shop")
    intake = Intake(engine, address.shown)

    async def scenario() -> None:
        async with TestKafkaBroker(broker_of(address, intake.handle)) as broker:
            for body in (*bodies(range(5), variant), b"poison", *bodies(range(3, 8), variant)):
                await broker.publish(body, "shop")

    asyncio.run(scenario())
    assert stored(engine.workspace.root) == [f"e{number:05d}" for number in range(8)]
    assert [letter.code for letter in letters_of(engine.store)] == ["api.malformed"]

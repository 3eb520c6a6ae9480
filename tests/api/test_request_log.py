"""Every line of the log is one JSON object, whoever says it, and holds nothing that was sent."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from api.service import request_log

CANARY = "canary-77"


@contextmanager
def configured() -> Iterator[None]:
    """The log as the service sets it up, and as it was afterwards."""
    loggers = (logging.getLogger(), request_log.log)
    before = [(one, one.handlers[:], one.level, one.propagate) for one in loggers]
    request_log.configure()
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        for one, handlers, level, propagate in before:
            one.handlers[:], one.propagate = handlers, propagate
            one.setLevel(level)


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_what_a_library_says_is_one_line_without_values(capsys: pytest.CaptureFixture[str]) -> None:
    library = logging.getLogger("some.library")
    with configured():
        library.warning("Bad request from %s.", CANARY)
        try:
            int(CANARY)
        except ValueError:
            library.exception("Task exception was never retrieved\nfuture: <Task %s>", CANARY)
        library.info("not worth a line")
    warned, failed = logged(capsys)
    assert (warned["event"], warned["logger"]) == ("library", "some.library")
    assert warned["text"] == "Bad request from %s."
    assert (failed["text"], failed["error"]) == ("Task exception was never retrieved", "ValueError")
    assert failed["at"][0].endswith("without_values")
    assert CANARY not in json.dumps([warned, failed])


def test_a_warning_of_pythons_is_a_line_that_tells_where(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with configured():
            warnings.warn("divide by zero", RuntimeWarning, stacklevel=1)
    [line] = logged(capsys)
    assert line["logger"] == "py.warnings"
    assert "test_request_log.py" in line["text"]
    assert line["text"].endswith("RuntimeWarning: divide by zero")


def test_what_the_service_says_has_its_own_fields(capsys: pytest.CaptureFixture[str]) -> None:
    with configured():
        request_log.say("serving", url="http://here")
        request_log.crashed(ValueError(CANARY), task="watch")
    said, crashed = logged(capsys)
    assert (said["event"], said["url"], said["level"]) == ("serving", "http://here", "info")
    assert (crashed["event"], crashed["error"], crashed["task"]) == ("crash", "ValueError", "watch")
    assert CANARY not in json.dumps(crashed)

"""Writers that wait at once share a transaction, and none of them another's fate."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text

from data.errors import StoreError, UnknownOrder
from data.store.database import Database, open_database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    opened = open_database(f"sqlite:///{tmp_path / 'a.db'}", 5.0)
    with opened.transaction() as connection:
        connection.execute(text("CREATE TABLE seen (number INTEGER PRIMARY KEY)"))
    return opened


def insert(connection: Connection, number: int) -> int:
    connection.execute(text("INSERT INTO seen VALUES (:n)"), {"n": number})
    if number % 7 == 3:
        raise UnknownOrder(f"{number}")
    return number


def seen(database: Database) -> list[int]:
    with database.transaction(reads=True) as connection:
        return list(connection.scalars(text("SELECT number FROM seen ORDER BY number")))


def gathered(database: Database, numbers: range) -> list[int | Exception]:
    """Work of many threads, all of which wait while the turn is held elsewhere."""
    commits: list[int] = []
    event.listen(database.engine, "commit", lambda _: commits.append(1))

    def attempt(number: int) -> int | Exception:
        try:
            return database.retried(lambda connection: insert(connection, number))
        except (UnknownOrder, StoreError) as error:
            return error

    with ThreadPoolExecutor(len(numbers)) as pool:
        with database._writers.turn:
            futures = [pool.submit(attempt, number) for number in numbers]
            until(lambda: len(database._writers.waiting) == len(numbers))
        answers = [future.result() for future in futures]
    assert len(commits) < len(numbers)
    return answers


def until(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("it did not come true")


def test_what_one_raises_undoes_only_its_own(database: Database) -> None:
    answers = gathered(database, range(20))
    refused = {3, 10, 17}
    for number, answer in enumerate(answers):
        if number in refused:
            assert isinstance(answer, UnknownOrder)
            assert answer.what == f"{number}"
        else:
            assert answer == number
    assert seen(database) == sorted(set(range(20)) - refused)
    database.close()


def test_a_store_that_fails_is_nobody_s_success(database: Database) -> None:
    database.retried(lambda connection: insert(connection, 5))  # so that another 5 is an error
    answers = gathered(database, range(10))
    assert all(isinstance(answer, StoreError) for answer in answers)
    assert seen(database) == [5]
    assert database.retried(lambda connection: insert(connection, 6)) == 6
    database.close()


def test_who_waits_in_vain_is_told_and_its_work_is_not_done(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'a.db'}", 0.1)
    done: list[int] = []
    with database._writers.turn, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(database.retried, lambda _: done.append(1))
        with pytest.raises(StoreError, match="busy"):
            waiting.result()
    database.retried(lambda _: None)
    assert done == []
    database.close()


def test_nobody_has_an_answer_before_the_commit(database: Database) -> None:
    order: list[str] = []
    event.listen(database.engine, "commit", lambda _: order.append("commit"))

    def write(number: int) -> None:
        database.retried(lambda connection: insert(connection, number))
        order.append("answer")

    threads = [threading.Thread(target=write, args=(number,)) for number in (0, 1, 2)]
    with database._writers.turn:
        for thread in threads:
            thread.start()
        until(lambda: len(database._writers.waiting) == 3)
    for thread in threads:
        thread.join()
    assert order == ["commit", "answer", "answer", "answer"]
    database.close()

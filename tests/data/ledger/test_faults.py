"""Gate 6: whatever fails beneath the ledger is one error, and never a partial state."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError

from api.service.problems import status_of
from data.errors import StoreError
from data.ledger import Ledger, Receipt, open_ledger
from data.store.engine import FULL
from tests.data.ledger.killing import FAILPOINTS
from tests.data.ledger.shop import DAY, Clock, key, open_shop, stands, units


def refused(work: Callable[[], object], said: str) -> None:
    with pytest.raises(StoreError, match=said) as found:
        work()
    assert status_of(found.value) == 503
    assert found.value.fix


def untouched(ledger: Ledger, *, free: int = 10, records: int = 2) -> None:
    assert stands(ledger) == (free, 10 - free, 0)
    report = ledger.verify_audit()
    assert (report.records, report.faults) == (records, ())


@pytest.mark.parametrize("step", ["hold", "confirm", "change", "cancel"])
def test_a_disk_that_fails_half_way_leaves_nothing(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def work() -> Receipt:
        request = key("failed")
        if step == "hold":
            return ledger.hold(units(3), request=request)
        if step == "change":
            return ledger.change(held.order_id, units(5).lines, version=1, request=request)
        done: Receipt = getattr(ledger, step)(held.order_id, version=1, request=request)
        return done

    held = ledger.hold(units(2), request=key("held"))
    for failpoint in FAILPOINTS[:-1]:  # at the last one the work is done
        monkeypatch.setenv("ATELIER_FAILPOINT_ERROR", failpoint)
        refused(work, "disk refuses to write")
        untouched(ledger, free=8, records=3)
    monkeypatch.delenv("ATELIER_FAILPOINT_ERROR")
    assert not work().replayed
    assert not ledger.miscounted()


class TestSqlite:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        open_shop(f"sqlite:///{tmp_path / 'a.db'}", Clock()).close()
        return tmp_path / "a.db"

    def test_every_connection_syncs_what_it_commits(self, path: Path) -> None:
        ledger = open_ledger(f"sqlite:///{path}")
        held: list[tuple[object, object]] = []

        @event.listens_for(ledger.database.engine, "commit")
        def _ask(connection: object) -> None:
            raw = connection.connection.dbapi_connection  # type: ignore[attr-defined]
            held.append(
                tuple(
                    raw.execute(f"PRAGMA {name}").fetchone()[0]
                    for name in ("journal_mode", "synchronous")
                )
            )

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: ledger.hold(units(1), request=key(f"{n}")), range(8)))
        assert held
        assert set(held) == {("wal", FULL)}
        ledger.close()

    @pytest.mark.parametrize("pages", [0, 1, 2, 3, 5, 8])
    def test_a_disk_that_is_full_at_any_page_stores_whole_orders_only(
        self, path: Path, pages: int
    ) -> None:
        ledger = open_ledger(f"sqlite:///{path}", clock=Clock())

        @event.listens_for(ledger.database.engine, "connect")
        def _limit(connection: sqlite3.Connection, _: object) -> None:
            taken = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {taken + pages}")

        ledger.close()  # let go of the connection that knows no limit
        ledger.set_capacity([("saw", DAY, 10**6)], actor="planner")
        names = (f"{number}".rjust(200, "x") for number in range(1000))
        done: list[Receipt] = []
        refused(
            lambda: done.extend(ledger.hold(units(1), request=key(name)) for name in names),
            "disk is full",
        )
        ledger.close()
        again = open_ledger(f"sqlite:///{path}", clock=Clock())
        assert stands(again) == (10**6 - len(done), len(done), 0)
        assert again.verify_audit().faults == ()
        again.hold(units(1), request=key("there is room again"))
        again.close()

    def test_a_file_that_is_read_only_can_be_read(self, path: Path) -> None:
        ledger = open_ledger(f"sqlite:///file:{path}?mode=ro&uri=true", clock=Clock())
        refused(lambda: ledger.hold(units(1), request=key("a")), "cannot be written")
        untouched(ledger, records=1)
        ledger.close()

    def test_a_writer_that_does_not_end_is_waited_for_only_so_long(self, path: Path) -> None:
        ledger = open_ledger(f"sqlite:///{path}", clock=Clock(), patience=0.2)
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        begun = time.perf_counter()
        with ThreadPoolExecutor(4) as pool:  # they wait in one queue, each its own time
            for failed in [
                pool.submit(ledger.hold, units(1), request=key(f"{n}")) for n in range(4)
            ]:
                refused(failed.result, "busy")
        assert time.perf_counter() - begun < 5
        untouched(ledger, records=1)
        holder.execute("ROLLBACK")
        holder.close()
        ledger.hold(units(1), request=key("0"))
        ledger.close()

    def test_a_file_that_was_overwritten_is_refused(self, path: Path) -> None:
        path.write_bytes(b"\xff" * path.stat().st_size)
        refused(lambda: open_ledger(f"sqlite:///{path}"), "no store|damaged")


class TestPostgresql:
    def test_a_server_that_lets_go_half_way_leaves_nothing(
        self, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ledger = open_shop(postgres_url, Clock(), press=100)
        for point in FAILPOINTS[:-1]:

            def cut(name: str, point: str = point) -> None:
                if name == point:
                    terminate(postgres_url)

            with monkeypatch.context() as patch:
                for module in ("steps", "once"):
                    patch.setattr(f"data.ledger.{module}.reach", cut)
                refused(lambda: ledger.hold(units(3), request=key("a")), "does not answer")
            untouched(ledger)
        ledger.hold(units(3), request=key("a"))
        assert stands(ledger) == (7, 3, 0)
        ledger.close()

    def test_connections_that_the_server_dropped_while_they_rested_are_made_anew(
        self, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ledger = open_shop(postgres_url, Clock(), press=100)
        end_resting(ledger, postgres_url)
        monkeypatch.setattr("data.store.engine.RESTED_SECONDS", 0.0)
        ledger.hold(units(3), request=key("a"))
        assert stands(ledger) == (7, 3, 0)
        ledger.close()

    def test_a_connection_dropped_in_use_is_one_failure_and_then_forgotten(
        self, postgres_url: str
    ) -> None:
        ledger = open_shop(postgres_url, Clock(), press=100)
        end_resting(ledger, postgres_url)
        refused(lambda: ledger.hold(units(3), request=key("a")), "does not answer")
        assert not ledger.hold(units(3), request=key("a")).replayed
        assert stands(ledger) == (7, 3, 0)
        ledger.close()

    def test_a_database_that_is_read_only_can_be_read(self, postgres_url: str) -> None:
        open_shop(postgres_url, Clock(), press=100).close()
        asked = str(make_url(postgres_url).query["options"])
        options = f"{asked} -c default_transaction_read_only=on"
        url = make_url(postgres_url).update_query_dict({"options": options})
        ledger = open_ledger(url.render_as_string(hide_password=False), clock=Clock())
        refused(lambda: ledger.hold(units(1), request=key("a")), "cannot be written")
        untouched(ledger)
        ledger.close()

    def test_a_lock_that_does_not_end_is_waited_for_only_so_long(self, postgres_url: str) -> None:
        open_shop(postgres_url, Clock(), press=100).close()
        ledger = open_ledger(postgres_url, clock=Clock(), patience=0.2)
        holder = create_engine(postgres_url)
        with holder.begin() as connection:
            connection.execute(text("SELECT * FROM ledger_capacity FOR UPDATE"))
            refused(lambda: ledger.hold(units(1), request=key("a")), "busy")
        untouched(ledger)
        holder.dispose()
        ledger.close()

    def test_what_the_server_undoes_for_another_s_sake_is_done_again(
        self, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ledger = open_shop(postgres_url, Clock(), press=100)
        tries = []

        def reach(name: str) -> None:
            if name == "ledger-written":
                tries.append(name)
                if len(tries) < 3:
                    raise deadlock()

        monkeypatch.setattr("data.ledger.steps.reach", reach)
        assert not ledger.hold(units(3), request=key("a")).replayed
        assert len(tries) == 3
        assert stands(ledger) == (7, 3, 0)
        monkeypatch.setattr("data.ledger.steps.reach", always)
        refused(lambda: ledger.hold(units(3), request=key("b")), "busy")
        monkeypatch.undo()
        assert stands(ledger) == (7, 3, 0)
        ledger.close()


def end_resting(ledger: Ledger, url: str) -> None:
    """Let the server end the ledger's only connection, which no transaction uses."""
    with ledger.database.transaction(reads=True) as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(
            text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid}
        ).scalar_one()
    engine.dispose()


def deadlock() -> DBAPIError:
    from psycopg.errors import DeadlockDetected

    return DBAPIError("statement", {}, DeadlockDetected("deadlock detected"))


def always(name: str) -> None:
    if name == "ledger-written":
        raise deadlock()


def terminate(url: str) -> None:
    """End the server's side of every other connection to this test's schema."""
    other = create_engine(url)
    others = """
        SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_class ON relation = pg_class.oid
        WHERE relname = 'ledger_keys' AND relnamespace = current_schema()::regnamespace
          AND pid <> pg_backend_pid()
    """
    with other.connect() as connection:
        assert connection.execute(text(others)).all()
    other.dispose()

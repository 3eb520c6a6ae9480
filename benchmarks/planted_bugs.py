"""Whether the tests catch bugs: each is planted in a copy, and the tests of its subject must fail.

The bugs are of the kinds that reviews miss: a bound that is off by one, a guard that is gone, a tie
that is broken the other way, an idle check. The tests are run on the copy without a bug first, and
must pass; then each bug is planted alone. One that no test notices is printed, and the exit status
is 1 where more than one slips through.

    python benchmarks/planted_bugs.py
    python benchmarks/planted_bugs.py --only 3
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

ROOT: Final = Path(__file__).resolve().parent.parent
SECONDS_A_BUG: Final = 900
MOST_MISSED: Final = 1


@dataclass(frozen=True)
class Bug:
    """A text that is put in the place of another, and the tests that should notice.

    Attributes:
        what: in words.
        path: the file.
        right: what stands there once.
        wrong: what is planted.
        tests: of the subject.
    """

    what: str
    path: str
    right: str
    wrong: str
    tests: tuple[str, ...]


BUGS: Final = (
    Bug(
        "capacity is taken whether or not it is free",
        "data/ledger/capacity.py",
        "capacity.c[name] >= x for name",
        "capacity.c[name] >= x - x for name",
        ("tests/data/ledger/test_orders.py",),
    ),
    Bug(
        "an order that is being made can be cancelled",
        "data/ledger/states.py",
        '"in_production": {"ship": "shipped"},',
        '"in_production": {"ship": "shipped", "cancel": "cancelled"},',
        ("tests/data/ledger/test_orders.py", "tests/data/ledger/test_life.py"),
    ),
    Bug(
        "the promised day itself does not count as a day of work",
        "production/promise/calendar.py",
        'np.searchsorted(self.days, day, side="right")',
        'np.searchsorted(self.days, day, side="left")',
        ("tests/production/promise",),
    ),
    Bug(
        "what a customer returned counts as bought, so that it is left out of the list",
        "recsys/ranking.py",
        "bought = histories.bought()",
        "bought = np.ones(len(histories.customer), bool)",
        ("tests/recsys/test_ranking.py", "tests/recsys/test_recommender.py"),
    ),
    Bug(
        "NDCG discounts the first place",
        "recsys/evaluation/metrics.py",
        "np.arange(2, hits.shape[1] + 2)",
        "np.arange(3, hits.shape[1] + 3)",
        ("tests/recsys/evaluation/test_metrics.py",),
    ),
    Bug(
        "a cancellation undoes the oldest order that fits, not the latest",
        "data/cleaning/cancellation.py",
        "ascending=[True, True, False, False],",
        "ascending=[True, True, True, False],",
        ("tests/data/test_cancellation.py",),
    ),
    Bug(
        "files of a saved model are not compared with their digest",
        "recsys/saved/manifest.py",
        "if not hmac.compare_digest(hashlib.sha256(content).hexdigest(), digest):",
        "if not digest:",
        ("tests/recsys/saved",),
    ),
    Bug(
        "sums of money are rounded to even",
        "production/configuration/pricing.py",
        "quantize(Decimal(1).scaleb(-options.decimals), ROUND_HALF_UP)",
        "quantize(Decimal(1).scaleb(-options.decimals))",
        ("tests/production/configuration",),
    ),
    Bug(
        "a key of a lower role may do what a higher one may",
        "api/service/access.py",
        "if ROLES.index(caller.role) < ROLES.index(role):",
        "if ROLES.index(caller.role) > ROLES.index(role):",
        ("tests/api/test_keys.py",),
    ),
    Bug(
        "an event sent again with another content is taken for the same",
        "data/store/store.py",
        "if batch[stored.event_id] != stored:",
        "if batch[stored.event_id].event_id != stored.event_id:",
        ("tests/data/test_store.py",),
    ),
    Bug(
        "the information gap forgets what is left over",
        "production/plans/measures.py",
        '"information_gap": (rows["shortage"] + rows["leftover"]) / demand,',
        '"information_gap": rows["shortage"] / demand,',
        ("tests/production/plans",),
    ),
    Bug(
        "a hold that ends this very moment is not given back",
        "data/ledger/steps.py",
        "head.expires_at <= now:",
        "head.expires_at < now:",
        ("tests/data/ledger/test_orders.py", "tests/data/ledger/test_life.py"),
    ),
)


def run(copy: Path, tests: tuple[str, ...]) -> bool:
    """Whether the tests pass on a copy."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "2", "-m", "not slow", *tests]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=SECONDS_A_BUG,
        check=False,
    )
    if done.returncode not in {0, 1, 2}:  # passed, failed, stopped at the first failure
        raise SystemExit(f"the tests could not be run:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    return done.returncode == 0


def copied(folder: Path) -> Path:
    """The files that git knows, as they stand."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    copy = folder / "copy"
    for name in filter(None, listed.stdout.decode().split("\0")):
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    return copy


def planted(copy: Path, bug: Bug) -> bool:
    """Whether the tests notice a bug; the copy is as before afterwards."""
    path = copy / bug.path
    right = path.read_text(encoding="utf-8")
    if right.count(bug.right) != 1:
        raise SystemExit(f"{bug.path} does not have once: {bug.right}")
    path.write_text(right.replace(bug.right, bug.wrong), encoding="utf-8")
    try:
        return not run(copy, bug.tests)
    finally:
        path.write_text(right, encoding="utf-8")


def main() -> None:
    """Plant every bug in turn, and tell which were noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", type=int, action="append", help="number of a bug, from 1")
    chosen = parser.parse_args().only or range(1, len(BUGS) + 1)
    table = Table("bug", "file", "noticed", "seconds", title="Bugs planted in a copy")
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder))
        tests = tuple(sorted({test for number in chosen for test in BUGS[number - 1].tests}))
        if not run(copy, tests):
            raise SystemExit("the tests fail without any bug")
        for number in chosen:
            bug, begun = BUGS[number - 1], time.perf_counter()
            noticed = planted(copy, bug)
            missed += not noticed
            seconds = f"{time.perf_counter() - begun:.0f}"
            table.add_row(bug.what, bug.path, "yes" if noticed else "NO", seconds)
    Console().print(table)
    raise SystemExit(1 if missed > MOST_MISSED else 0)


if __name__ == "__main__":
    main()

"""Rows of the stock table turned into shares of weeks and days."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from production.demand.censoring.exposure import in_stock_shares

IDS = np.array(["a", "b"], dtype=object)
MONDAYS = np.datetime64("2024-01-01") + np.timedelta64(7, "D") * np.arange(4)
DAYS = np.datetime64("2024-01-01") + np.arange(14)


def stock(*rows: tuple[str, str, float | None], **more: Any) -> pd.DataFrame:
    ids, dates, shares = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "variant_id": list(ids),
            "date": pd.to_datetime(list(dates)).astype("datetime64[us]"),
            "in_stock": pd.array(list(shares), dtype="Float64").to_numpy(float, na_value=np.nan),
            **more,
        }
    )


def test_a_weekly_row_is_a_week() -> None:
    found = in_stock_shares(stock(("a", "2024-01-08", 0.25)), IDS, MONDAYS)
    assert found.tolist() == [[1.0, 0.25, 1.0, 1.0], [1.0] * 4]


def test_daily_rows_are_days() -> None:
    rows = [("b", f"2024-01-{day:02d}", 0.0 if day < 4 else 1.0) for day in range(1, 29)]
    found = in_stock_shares(stock(*rows), IDS, MONDAYS)
    np.testing.assert_allclose(found, [[1.0] * 4, [4 / 7, 1.0, 1.0, 1.0]])


def test_a_list_of_sold_out_days_will_do() -> None:
    found = in_stock_shares(stock(("a", "2024-01-03", 0.0), ("a", "2024-01-04", 1.0)), IDS, MONDAYS)
    np.testing.assert_allclose(found[0], [6 / 7, 1.0, 1.0, 1.0])


def test_a_week_that_starts_on_thursday_is_spread_over_two() -> None:
    found = in_stock_shares(stock(("a", "2024-01-04", 0.5)), IDS, MONDAYS)
    np.testing.assert_allclose(found[0], [1 - 0.5 * 4 / 7, 1 - 0.5 * 3 / 7, 1.0, 1.0])


def test_weekly_rows_fill_the_days_of_a_daily_panel() -> None:
    found = in_stock_shares(
        stock(("a", "2024-01-03", 0.5), ("a", "2024-01-08", 1.0)), IDS, DAYS, per_week=7
    )
    np.testing.assert_allclose(found[0], [1.0] * 2 + [0.5] * 5 + [1.0] * 7)


def test_units_on_hand_stand_in_for_a_missing_share() -> None:
    rows = stock(
        ("a", "2024-01-01", None), ("a", "2024-01-08", None), ("a", "2024-01-15", None),
        ("b", "2024-01-01", 0.5),
        on_hand=pd.array([3, 0, None, 0], dtype="Int64"),
    )  # fmt: skip
    found = in_stock_shares(rows, IDS, MONDAYS)
    assert found.tolist() == [[1.0, 0.0, 1.0, 1.0], [0.5, 1.0, 1.0, 1.0]]
    without = in_stock_shares(rows.drop(columns="in_stock"), IDS, MONDAYS)
    assert without.tolist() == [[1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 1.0, 1.0]]


def test_rows_of_other_variants_and_times_do_not_matter() -> None:
    rows = stock(("x", "2024-01-01", 0.0), ("a", "2023-12-01", 0.0), ("b", "2024-02-05", 0.0))
    assert (in_stock_shares(rows, IDS, MONDAYS) == 1).all()
    assert (in_stock_shares(rows.iloc[:0], IDS, MONDAYS) == 1).all()


def test_the_order_of_rows_does_not_matter() -> None:
    rows = stock(("b", "2024-01-09", 0.0), ("a", "2024-01-01", 0.2), ("b", "2024-01-01", 0.7))
    again = in_stock_shares(rows.iloc[::-1], IDS, MONDAYS)
    np.testing.assert_array_equal(in_stock_shares(rows, IDS, MONDAYS), again)

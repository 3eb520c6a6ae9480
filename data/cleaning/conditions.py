"""Conditions of a mapping, evaluated on a chunk or on a staged table."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.grammar import Condition


def holds(
    when: Mapping[str, Condition], typed: pd.DataFrame, raw: pd.DataFrame
) -> NDArray[np.bool_]:
    """(rows,) where all conditions hold.

    Tests of text see a canonical column as cleaned; tests of numbers see it as parsed.

    Args:
        when: conditions by canonical column or, failing that, by column of the file.
        typed: the canonical columns, typed.
        raw: the file's columns as texts.
    """
    result = np.ones(len(typed), dtype=bool)
    for name, condition in when.items():
        result &= _holds(condition, typed[name] if name in typed else raw[name])
    return result


def _holds(condition: Condition, values: pd.Series) -> NDArray[np.bool_]:
    """(rows,) where one column meets one condition."""
    result = np.ones(len(values), dtype=bool)
    codes, distinct = pd.factorize(values, use_na_sentinel=False)
    words = [None if pd.isna(word) else str(word) for word in distinct]

    def spread(tests: list[bool]) -> NDArray[np.bool_]:
        return np.array(tests, dtype=bool)[codes]

    if condition.matches is not None:
        seek = re.compile(condition.matches).search
        result &= spread([word is not None and bool(seek(word)) for word in words])
    if condition.lacks is not None:
        seek = re.compile(condition.lacks).search
        result &= spread([word is not None and not seek(word) for word in words])
    if condition.among is not None:
        result &= spread([word in condition.among for word in words])
    if condition.out is not None:
        result &= spread([word is not None and word not in condition.out for word in words])
    if condition.missing:
        result &= values.isna().to_numpy() | spread([word in {None, ""} for word in words])
    if condition.below is not None or condition.above is not None:
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        with np.errstate(invalid="ignore"):
            if condition.below is not None:
                result &= numbers < condition.below
            if condition.above is not None:
                result &= numbers > condition.above
    return result

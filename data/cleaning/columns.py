"""One column: from the file's text to typed values, with what is wrong cell by cell.

Everything here works on the distinct texts of a column and is spread over the rows at the end,
so that a column of n rows and u distinct texts costs O(n + u).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.cleaning.parse import Context, Parsed, parse
from data.grammar import Reading, Spec
from data.tables import Column

TEXTUAL: Final = frozenset({"id", "customer", "text", "category"})

INVISIBLE: Final = "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
"""Zero-width and direction marks: they change an id's bytes, not what people read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """One laid column.

    Attributes:
        name: the canonical name.
        origin: the file's column, for findings.
        raw: (rows,) str, the texts as they stand in the file.
        typed: (rows,) typed; missing where the text is missing or at fault.
        fault: (rows,) int16, 0 or the position in `faults` from 1.
        faults: (rule, hint) of each kind of fault.
        aside: (rows,) bool, rows that the spec sets aside.
        touched: cells changed, by what changed them.
        personal: the texts name customers, and go into no finding.
    """

    name: str
    origin: str
    raw: pd.Series
    typed: pd.Series
    fault: NDArray[np.int16]
    faults: tuple[tuple[str, str], ...]
    aside: NDArray[np.bool_]
    touched: dict[str, int]
    personal: bool


@dataclass(slots=True)
class _Texts:
    """The distinct texts of a column on their way through the steps."""

    texts: pd.Series
    weights: NDArray[np.int64]
    touched: dict[str, int] = field(default_factory=dict)

    def change(self, after: pd.Series, name: str) -> None:
        """Take over changed texts and count the cells that they stand in."""
        before = self.texts.fillna("")
        changed = (before != after.fillna("")).to_numpy()
        count = int(self.weights[changed].sum())
        if count:
            self.touched[name] = self.touched.get(name, 0) + count
        self.texts = after


def lay(frame: pd.DataFrame, spec: Spec, column: Column, context: Context) -> Cells:
    """Make one canonical column of a chunk's raw texts.

    Args:
        frame: raw texts.
        spec: how the column is made.
        column: what it becomes.
        context: what holds for all columns.
    """
    raw = _origin(frame, spec)
    codes, distinct = pd.factorize(raw, use_na_sentinel=False)
    weights = np.bincount(codes, minlength=len(distinct))
    work = _Texts(pd.Series(distinct, dtype="str"), weights)
    _normalise(work, spec, column, context.reading)
    texts, unmatched = _extract(work.texts, spec)
    work.texts = texts
    if spec.replacements:
        work.texts = texts.replace(spec.replacements)
    parsed = parse(work.texts, spec, column, context)
    if spec.otherwise == "refuse" and unmatched.any():
        hint = f"The text does not match {spec.extract!r}."
        parsed.mark(unmatched, "format", hint)
    return Cells(
        name=column.name,
        origin=" + ".join(spec.source),
        raw=raw,
        typed=_spread(parsed, codes),
        fault=parsed.fault[codes],
        faults=tuple(parsed.faults),
        aside=(unmatched & (spec.otherwise == "set aside"))[codes],
        touched=work.touched,
        personal=column.kind == "customer",
    )


def _origin(frame: pd.DataFrame, spec: Spec) -> pd.Series:
    """The raw texts that a spec starts from; missing where one of several parts is."""
    if spec.constant is not None:
        text = str(spec.constant)
        if isinstance(spec.constant, bool):
            text = text.lower()
        return pd.Series([text], dtype="str").take(np.zeros(len(frame), dtype=np.intp))
    raw = frame[spec.source[0]]
    for name in spec.source[1:]:
        part = frame[name]
        raw = (raw + spec.join + part).mask((raw == "") | (part == ""))
    return raw.reset_index(drop=True)


def _normalise(work: _Texts, spec: Spec, column: Column, reading: Reading) -> None:
    """Blanks, Unicode, missing texts and case."""
    if column.kind in TEXTUAL:
        odd = ~work.texts.fillna("").str.isascii().to_numpy(dtype=bool)
        if odd.any():
            after = work.texts.copy()
            after[odd] = after[odd].str.normalize("NFC").str.replace(INVISIBLE, "", regex=True)
            work.change(after, "unicode")
    if spec.strip:
        work.change(work.texts.str.strip(), "blanks")
    nothing = {"", *reading.missing, *spec.missing}
    work.texts = work.texts.mask(work.texts.isin(nothing))
    if spec.case is not None:
        folded = work.texts.str.upper() if spec.case == "upper" else work.texts.str.lower()
        work.change(folded, "case")


def _extract(texts: pd.Series, spec: Spec) -> tuple[pd.Series, NDArray[np.bool_]]:
    """The first group of the spec's pattern, and where it found nothing."""
    if spec.extract is None:
        return texts, np.zeros(len(texts), dtype=bool)
    pattern = re.compile(spec.extract)
    found = [
        None if text is None else pattern.search(text)
        for text in texts.astype(object).where(texts.notna(), None)
    ]
    parts = [match and (match.group(1) if pattern.groups else match.group()) for match in found]
    extracted = pd.Series(parts, dtype="str", index=texts.index)
    unmatched = (extracted.isna() & texts.notna()).to_numpy()
    if spec.otherwise == "keep":
        extracted = extracted.where(~unmatched, texts)
    return extracted, unmatched


def _spread(parsed: Parsed, codes: NDArray[np.intp]) -> pd.Series:
    return parsed.typed.take(codes).reset_index(drop=True)

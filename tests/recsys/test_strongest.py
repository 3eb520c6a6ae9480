from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recsys.strongest import strongest

cells = hnp.arrays(
    np.float32,
    st.integers(0, 40),
    elements=st.sampled_from([1e-40, 1e-30, 0.5, 1.0, float(np.nextafter(np.float32(1), 2)), 3e38]),
)


@given(cells, st.integers(1, 5), st.data())
def test_they_are_those_of_a_sort_by_row_and_value(
    value: np.ndarray, count: int, data: st.DataObject
) -> None:
    row = np.sort(data.draw(hnp.arrays(np.int64, len(value), elements=st.integers(0, 4))))
    kept, place = strongest(row, value, count)
    expected = []
    for one in range(5):
        here = np.flatnonzero(row == one)
        best = sorted(here, key=lambda cell: -value[cell])[:count]
        expected += [(cell, rank) for rank, cell in enumerate(best)]
    assert list(zip(kept, place, strict=True)) == expected

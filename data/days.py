"""The days that moments mean, where a file writes days as midnights of another time zone."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

HOURS_OFF: Final = 3


def days_of(moments: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """The day of each moment, or the nearest midnight's where all of them are shifted midnights.

    A system on another time zone writes the 1st of June as 23:00 of the day before, in summer alone
    perhaps. Moments on the full hour, none further than HOURS_OFF from a midnight, are no times of
    day but such days.

    Args:
        moments: (N,) datetime64 of any unit; missing ones stay missing.

    Returns:
        (N,) datetime64[D].

    >>> days_of(np.array(["2024-05-31T22", "2024-06-01T22"], "datetime64[m]")).astype(str).tolist()
    ['2024-06-01', '2024-06-02']
    >>> days_of(np.array(["2024-05-31T22", "2024-06-01T09"], "datetime64[m]")).astype(str).tolist()
    ['2024-05-31', '2024-06-01']
    """
    midnights = (moments.astype("datetime64[s]") + np.timedelta64(12, "h")).astype("datetime64[D]")
    known = ~np.isnat(moments)
    off = np.abs((moments - midnights)[known] / np.timedelta64(1, "h"))
    if np.all((off <= HOURS_OFF) & (off % 1 == 0)):
        return midnights
    return moments.astype("datetime64[D]")

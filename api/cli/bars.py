"""Small charts of characters: a line of bars, a bar, a distribution's fan."""

from __future__ import annotations

from collections.abc import Sequence

STEPS = "▁▂▃▄▅▆▇█"
EIGHTHS = "▏▎▍▌▋▊▉█"


def spark(values: Sequence[float]) -> str:
    """One bar a value, from zero to the largest.

    >>> spark([0, 1, 2, 4])
    '▁▃▅█'
    """
    most = max(values, default=0.0)
    if most <= 0:
        return STEPS[0] * len(values)
    return "".join(STEPS[round(max(one, 0.0) / most * (len(STEPS) - 1))] for one in values)


def bar(value: float, most: float, width: int = 20) -> str:
    """A bar as long as a value's size is of the largest size; with a minus before it below zero.

    >>> bar(5, 10, width=4), bar(-10, 10, width=4)
    ('██', '-████')
    """
    if most <= 0:
        return ""
    eighths = round(min(abs(value) / most, 1.0) * width * 8)
    whole, rest = divmod(eighths, 8)
    drawn = "█" * whole + (EIGHTHS[rest - 1] if rest else "")
    return f"-{drawn}" if value < 0 and drawn else drawn


def fan(levels: Sequence[float], most: float, width: int = 40) -> str:
    """A distribution from zero to `most`: its outer levels thin, its inner ones thick, its middle.

    >>> fan([2, 4, 6, 8, 10], 10, width=10)
    '  ░░▒▒┃▒▒░'
    """
    if most <= 0:
        return "┃"
    low, lower, middle, upper, high = (min(round(one / most * width), width - 1) for one in levels)
    cells = [" "] * (high + 1)
    cells[low : high + 1] = "░" * (high + 1 - low)
    cells[lower : upper + 1] = "▒" * (upper + 1 - lower)
    cells[middle] = "┃"
    return "".join(cells)

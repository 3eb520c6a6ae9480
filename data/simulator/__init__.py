"""A generated market with known truth, of any size, from one seed."""

from data.simulator.market import Market, Truth, simulate
from data.simulator.settings import SAMPLE, MarketSettings
from data.simulator.writing import write_market, write_sample

__all__ = [
    "SAMPLE",
    "Market",
    "MarketSettings",
    "Truth",
    "simulate",
    "write_market",
    "write_sample",
]

"""Demand bottom-up from preferences: who orders, how many lines, of what, how many units each."""

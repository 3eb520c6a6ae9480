"""Promises: the day by which an order can be made, with what, and how sure that is."""

"""Allocation that weighs the bad tail: conditional value at risk over drawn demand."""

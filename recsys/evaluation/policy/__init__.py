"""Policies: what lists of another policy would have earned, told from the log of served lists."""

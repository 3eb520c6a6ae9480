"""Answers for customer service: entries of a knowledge table, found by text."""

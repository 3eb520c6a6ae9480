"""Saved models: signed folders, their versions, and which of them is in use."""

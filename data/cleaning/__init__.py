"""Cleaning: from raw texts to typed rows, by named rules that count what they do."""

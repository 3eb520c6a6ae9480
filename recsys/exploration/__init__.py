"""Exploration: some places of a list try what little is known of, by chances that are logged."""

"""The command line: one file a command, heavy imports inside the commands."""

from api.cli.app import app, main

__all__ = ["app", "main"]

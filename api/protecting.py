"""Protecting a workspace from before pseudonyms: its customers' ids give way to them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from api.settings import load_settings
from data.customers import KEY_FILE, Pseudonyms, new_pseudonyms, write_key
from data.erasing import personal_tables, rename_in_store, scrub
from data.store import open_store
from data.tables import CUSTOMER
from data.workspace import RAW_FORMAT, Workspace, write_marker


def protect(root: Path) -> bool:
    """Put the customers of a workspace of format 1 under pseudonyms; whether there was need to.

    Models, customer groups, learned choices and quarantined rows name customers by id, or can, and
    are removed: train again. What a crash cut off goes on when it is asked for again, since
    pseudonyms stay as they are.

    Raises:
        WorkspaceError: no workspace, or another process is changing it.
        StoreError: the store is away, busy, full or read-only.
    """
    marker = root / "workspace.json"
    try:
        raw = json.loads(marker.read_text(encoding="utf-8"))["format"] == RAW_FORMAT
    except (OSError, ValueError, KeyError, TypeError):
        raw = False
    if not raw:
        Workspace.open(root)  # says what is wrong with it
        return False
    workspace = Workspace(root)
    workspace.recover()
    with workspace.locked():
        pseudonyms = _pseudonyms(root)
        tables = {}
        for table in personal_tables():
            if workspace.has(table):
                frame = workspace.read(table)
                tables[table.name] = frame.assign(**{CUSTOMER: pseudonyms.column(frame[CUSTOMER])})
        workspace.swap(tables)
        for name in ("models", "groups", "choices", "quarantine"):
            shutil.rmtree(root / name, ignore_errors=True)
        (root / "models").mkdir()
    store = open_store(load_settings(root).store_url(root))
    try:
        rename_in_store(store.database, pseudonyms.of)
        scrub(store.database)
    finally:
        store.close()
    write_marker(root, pseudonyms)
    return True


def _pseudonyms(root: Path) -> Pseudonyms:
    """Those of a try before, which a crash cut off, or new ones, kept at once."""
    path = root / KEY_FILE
    if path.is_file():
        return Pseudonyms(path.read_bytes())
    made = new_pseudonyms()
    write_key(root, made)
    return made

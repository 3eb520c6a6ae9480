"""What all rooms' tests share."""

from __future__ import annotations

import os

from data.customers import KEY_VARIABLE

os.environ.setdefault(KEY_VARIABLE, "a key for tests, the same in every run")

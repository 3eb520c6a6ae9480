"""Threads of the service share the C library's memory."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys, threading
from xml.etree import ElementTree
from api.service.memory import few_arenas

if sys.argv[1] == "few":
    few_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
meet = threading.Barrier(12)

def hold():
    meet.wait()
    libc.malloc(1000)
    meet.wait()

threads = [threading.Thread(target=hold) for _ in range(12)]
for one in threads: one.start()
for one in threads: one.join()
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
print(len(ElementTree.parse(sys.argv[2]).findall("heap")))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas to count")
def test_however_many_threads_there_are_two_arenas(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    def arenas(way: str) -> int:
        file = tmp_path_factory.mktemp("memory") / "info.xml"
        words = [sys.executable, "-c", PROGRAM, way, str(file)]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        return int(done.stdout)

    assert arenas("few") <= 2 < arenas("many")

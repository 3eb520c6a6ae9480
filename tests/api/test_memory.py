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


FREED = """
import ctypes
from api.service.memory import few_arenas, trim

few_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]

def held():
    lines = open("/proc/self/smaps_rollup").read().splitlines()
    return int(next(line for line in lines if line.startswith("Pss_Anon:")).split()[1])

before = held()
places = [libc.malloc(1000) for _ in range(100_000)]
for place in places: ctypes.memset(place, 1, 1000)
for place in places[:-1]: libc.free(place)
del places
kept = held() - before
trim()
print(kept, held() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked to trim")
def test_what_is_free_below_a_small_piece_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", FREED], check=True, capture_output=True, text=True)
    kept, left = (int(one) for one in done.stdout.split())
    assert kept > 90_000  # kB
    assert left < 20_000


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

"""The container file and the systemd unit name what there is, and start what they say."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import typer

from api.cli import app
from tests.paths import ROOT

TLS = ROOT / "tests" / "api" / "tls"
UNIT = ROOT / "deploy" / "atelier.service"


def unit() -> configparser.RawConfigParser:
    found = configparser.RawConfigParser(strict=False)
    found.optionxform = str  # type: ignore[assignment,method-assign]  # as its documentation says
    found.read(UNIT)
    return found


def steps() -> list[tuple[str, str]]:
    """The container file's instructions."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def is_a_command_with_its_flags(words: list[str]) -> None:
    command = typer.main.get_command(app)
    assert Path(words[0]).name == "atelier"
    command.make_context("atelier", words[1:2])  # raises where there is no such command
    known = command.commands[words[1]]  # type: ignore[attr-defined]  # a group has them
    known.make_context(words[1], words[2:])


def test_the_unit_starts_a_command_that_there_is() -> None:
    is_a_command_with_its_flags(shlex.split(unit()["Service"]["ExecStart"]))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd is installed")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    text = UNIT.read_text(encoding="utf-8")
    program = unit()["Service"]["ExecStart"].split()[0]
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace(program, "/bin/true"), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False
    )
    assert UNIT.name not in done.stderr, done.stderr


def test_the_container_copies_every_room_and_starts_a_command_that_there_is() -> None:
    copied = [words.split()[:-1] for step, words in steps() if step == "COPY"]
    sources = {source for some in copied for source in some}
    assert all((ROOT / source).exists() for source in sources)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= sources
    assert {"pyproject.toml", project["project"]["readme"], "requirements.lock"} <= sources
    [start] = [words for step, words in steps() if step == "CMD"]
    is_a_command_with_its_flags(json.loads(start))


def test_the_container_asks_whether_the_service_answers() -> None:
    [check] = [words for step, words in steps() if step == "HEALTHCHECK"]
    assert json.loads(check.partition("CMD ")[2]) == ["python", "-m", "api.alive"]


@pytest.mark.parametrize("tls", [False, True])
def test_the_health_check_finds_the_port_and_tls(tls: bool, tmp_path: Path) -> None:
    class Healthy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Healthy) as server:
        said: dict[str, str] = {"ATELIER_PORT": str(server.server_port)}
        if tls:
            cert, key = TLS / "cert.pem", TLS / "key.pem"
            said |= {"ATELIER_TLS_CERT": str(cert), "ATELIER_TLS_KEY": str(key)}
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(cert, key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        answering = threading.Thread(target=server.serve_forever, daemon=True)
        answering.start()
        asked = [sys.executable, "-P", "-m", "api.alive"]
        environment = {**os.environ, **said, "ATELIER_WORKSPACE": str(tmp_path)}
        assert subprocess.run(asked, env=environment, check=False).returncode == 0
        server.shutdown()
    assert subprocess.run(asked, env=environment, check=False).returncode == 1


def test_a_command_runs_as_the_unit_does() -> None:
    text = (ROOT / "deploy" / "atelier-command").read_text(encoding="utf-8")
    service = unit()["Service"]
    assert f"EnvironmentFile={service['EnvironmentFile']}" in text
    assert f"User={service['User']}" in text
    assert f"--setenv={service['Environment']}" in text
    assert service["ExecStart"].split()[0] in text


def test_both_have_the_same_workspace() -> None:
    [environment] = [words for step, words in steps() if step == "ENV"]
    found = re.search(r"ATELIER_WORKSPACE=(\S+)", environment)
    assert found
    assert unit()["Service"]["Environment"] == f"ATELIER_WORKSPACE={found[1]}"

"""A review that is served, and requests to it made by hand."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from queue import Queue

from register.project import Project
from register.review.app import Desk
from register.review.serve import Manner, serve


@dataclass
class Page:
    """A served review, spoken to by hand."""

    link: str
    project: Path
    process: subprocess.Popen[str] | None = None
    cookie: str = ""

    @property
    def host(self) -> str:
        return self.link.split("/")[2]

    @property
    def token(self) -> str:
        return self.link.partition("token=")[2]

    def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], str]:
        """Send a request as the reviewer's browser would, but for the headers given (an empty one is left out)."""
        usual = {"Host": self.host, "Cookie": self.cookie}
        body = "&".join(f"{key}={value}" for key, value in (form or {}).items())
        if method == "POST":
            usual |= {"Origin": f"http://{self.host}", "Content-Type": "application/x-www-form-urlencoded"}
            usual["Content-Length"] = str(len(body))
        connection = http.client.HTTPConnection(self.host, timeout=10)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in (usual | (headers or {})).items():
            if value:
                connection.putheader(name, value)
        connection.endheaders(body.encode())
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text

    def enter(self) -> None:
        status, headers, _ = self.ask("GET", f"/enter?token={self.token}")
        assert status == 303
        (morsel,) = SimpleCookie(headers["set-cookie"]).values()
        assert "HttpOnly" in headers["set-cookie"]
        assert "SameSite=Strict" in headers["set-cookie"]
        self.cookie = f"{morsel.key}={morsel.value}"

    def form_key(self) -> str:
        return re.findall(r'name="form_key" value="([^"]+)"', self.ask("GET", "/progress")[2])[0]

    def stop(self, how: int | None = None) -> int:
        """Wait for the command to end, after a signal if one is given; return its exit code."""
        assert self.process
        if how is not None and self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=20)

    def decisions(self) -> list[dict[str, object]]:
        path = self.project / "decisions" / "people.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def log(self) -> str:
        return "".join(path.read_text("utf-8") for path in self.project.glob("runs/*/log.jsonl"))


@contextmanager
def commanded(project: Path, *arguments: str) -> Iterator[Page]:
    """Serve a project's review by the command, in a process of its own that ends with the block."""
    code = "from register.cli import main; main()"
    command = [
        sys.executable,
        "-c",
        code,
        "--lang",
        "en",
        "-q",
        "-C",
        str(project),
        "review",
        "--reviewer",
        "ana",
    ]
    process = subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        assert process.stdout
        page = Page(process.stdout.readline().strip(), project, process)
        try:
            yield page
        finally:
            page.stop(signal.SIGTERM)


@contextmanager
def served(project: Project, who: str = "ana", language: str = "en", **manner: bool) -> Iterator[Page]:
    """Serve a project's review as the command does, in a thread that ends with the block."""
    desks: Queue[Desk] = Queue()
    chosen = Manner(who, language, **manner)
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(serve, project, None, chosen, 0, desks.put)
        desk = desks.get(timeout=60)
        try:
            yield Page(desk.keys.link, project.root)
        finally:
            desk.finish()
            done.result(timeout=20)

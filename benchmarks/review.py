"""The review page with 10,000 queued pairs: how long the first page takes, and how long the next pair.

A small synthetic country is linked with a cautious threshold, so that it leaves many weak bridges, and its run is laid
beside itself as many times as it takes. Requests go through the real server, one after the other, as a browser sends
them: a decision is the form, its confirmation on the disk, and the page of the next pair. That is measured at the start
and when most pairs are decided.

    python -m benchmarks.review --copies 8
"""

from __future__ import annotations

import argparse
import http.client
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import duckdb

from register.project import Project
from register.review.app import Desk
from register.review.queue import BRIDGES
from register.review.serve import Manner, serve

LINK = 20.0
FIRST, NEXT = 0.5, 0.1
IDS = ("identity_id", "identity_id_l", "identity_id_r", "person_id", "record_id", "record_key")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and fail if a page takes longer than allowed."""
    parser = argparse.ArgumentParser(prog="benchmarks.review", description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=2_000)
    parser.add_argument("--copies", type=int, default=8)
    parser.add_argument("--turns", type=int, default=100)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        project = _project(Path(scratch), options.people, options.copies)
        _measure(project, options.turns)


def _measure(project: Project, turns: int) -> None:
    desks: Queue[Desk] = Queue()
    with ThreadPoolExecutor(1) as thread:
        begun = time.perf_counter()
        done = thread.submit(serve, project, None, Manner("ana"), 0, desks.put)
        desk = desks.get(timeout=600)
        prepared = time.perf_counter() - begun
        session = desk.session
        sizes = {queue: len(numbers) for queue, numbers in session.queue.order.items()}
        print(f"queued pairs: {sum(sizes.values()):,} {sizes}; picked in {prepared:.1f} s")
        browser = _Browser(desk)
        first, next_pairs = browser.enter(), [browser.decide() for _ in range(turns)]
        left = [session.queue.items[n] for n in session.queue.order[BRIDGES][turns:-turns]]
        session.tally.log.append(*(session.make(item.pair, "same", "", item).to_entry() for item in left))
        begun = time.perf_counter()
        browser.get(f"/queue/{BRIDGES}")
        caught_up = time.perf_counter() - begun
        late = [browser.decide() for _ in range(turns - 1)]
        desk.finish()
        done.result(timeout=30)
    print(f"first page: {1000 * first:.0f} ms (allowed {1000 * FIRST:.0f})")
    worst = 0.0
    for name, seconds in (("at the start", next_pairs), (f"after {len(left):,} decisions", late)):
        high = statistics.quantiles(seconds, n=20)[-1]
        worst = max(worst, high)
        print(
            f"decide and next pair, {name}: median {1000 * statistics.median(seconds):.0f} ms, 95th percentile "
            f"{1000 * high:.0f} ms, longest {1000 * max(seconds):.0f} ms (allowed {1000 * NEXT:.0f})"
        )
    print(f"page after another session wrote {len(left):,} decisions: {1000 * caught_up:.0f} ms")
    if first > FIRST or worst > NEXT:
        sys.exit("the page is too slow")


@dataclass
class _Browser:
    """Sends what a browser sends, and keeps the last page."""

    desk: Desk
    cookie: str = ""
    page: str = ""

    def enter(self) -> float:
        """Follow the link, then time the first page."""
        link = self.desk.keys.link.removeprefix(self.desk.keys.origin)
        self.cookie = self._ask("GET", link, "")[1].split(";")[0]
        begun = time.perf_counter()
        self.get(f"/queue/{BRIDGES}")
        return time.perf_counter() - begun

    def get(self, path: str) -> None:
        self.page = self._ask("GET", path, "")[2]

    def decide(self) -> float:
        """Send the form of the page shown and load the next one; return the seconds."""
        found = re.findall(r'name="(form_key|item)" value="([^"]+)"', self.page)
        body = "&".join(f"{name}={value}" for name, value in dict(found).items()) + "&judgement=same&note="
        begun = time.perf_counter()
        location = self._ask("POST", "/decide", body)[0]
        self.get(location)
        return time.perf_counter() - begun

    def _ask(self, method: str, path: str, body: str) -> tuple[str, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.desk.keys.port, timeout=60)
        headers = (
            {"Cookie": self.cookie, "Origin": self.desk.keys.origin}
            if method == "POST"
            else {"Cookie": self.cookie}
        )
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status not in (200, 303):
            sys.exit(f"{method} {path} answered {answer.status}")
        return answer.headers.get("location", ""), answer.headers.get("set-cookie", ""), text


def _project(folder: Path, people: int, copies: int) -> Project:
    """Return a project whose run holds so many copies of a country."""
    from register.console import Console
    from register.pipeline import build
    from register.project import init_project
    from register.synth import generate

    generate(folder / "country", people=people, seed=1, years=(2018, 2024))
    project = init_project(folder / "project", "col")
    rules = project.linkage_rules / "people.toml"
    rules.write_text(re.sub(r"(?m)^link = .*$", f"link = {LINK}", rules.read_text("utf-8")), "utf-8")
    for extract in (folder / "country" / "extracts").iterdir():
        shutil.move(extract, project.extracts / extract.name)
    report = build(project, Console("en", quiet=True), until="resolve")
    for path in (report.path / "tables").glob("*/*.parquet"):
        _multiply(path, copies)
    return project


def _multiply(path: Path, copies: int) -> None:
    """Lay a table beside itself: the same rows of other people."""
    with duckdb.connect() as con:
        columns = [row[0] for row in con.execute(f"describe from '{path}'").fetchall()]
        other = ", ".join(f"copy || '-' || {name} as {name}" for name in columns if name in IDS)
        if not other:
            return
        beside = path.with_suffix(".new")
        con.execute(
            f"copy (select * exclude (copy) replace ({other}) from '{path}', range({copies}) as t (copy))"
            f" to '{beside}' (format parquet)"
        )
    beside.replace(path)


if __name__ == "__main__":
    main()

"""Attacks on the review page: from another origin, with other keys, through names, paths and forms."""

from __future__ import annotations

import csv
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from kit.review import Country, country
from kit.review_page import Page, commanded, served

from register.engine import literal
from register.review.exchange import export
from register.review.guard import HEADERS

SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://example.invalid")'


def spoil(found: Country) -> None:
    """Put what an attacker could write on a visa form into the names of a run."""
    for path in found.project.runs.glob("*/tables/identified/identity.parquet"):
        beside = path.with_suffix(".new")
        duckdb.sql(
            f"copy (select * replace ({literal(SCRIPT)} as given_name, {literal(FORMULA)} as surname_1,"
            f" {literal(SCRIPT)} as given_name_raw, {literal(FORMULA)} as surname_1_raw, null as full_name_raw)"
            f" from {literal(path)}) to {literal(beside)} (format parquet)"
        )
        beside.replace(path)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page on which the reviewer has entered."""
    found = country(600, 16.0).copy(tmp_path_factory.mktemp("attack"))
    spoil(found)
    with served(found.project) as page:
        page.enter()
        yield page


def test_the_page_listens_on_this_machine_alone(page: Page) -> None:
    assert page.host.startswith("127.0.0.1:")
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in others - {"127.0.0.1"}:
        with pytest.raises(OSError):  # noqa: PT011 - refused or unreachable, by the network's choice
            socket.create_connection((address, int(page.host.split(":")[1])), timeout=2).close()


@pytest.mark.parametrize(
    "host", ["", "evil.example", "localhost:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}"]
)
def test_another_name_of_the_host_is_refused(page: Page, host: str) -> None:
    """What a page of another site would reach after pointing its own name at this machine (DNS rebinding)."""
    wrong = host.format(port=page.host.split(":")[1])
    assert page.ask("GET", "/progress", {"Host": wrong})[0] in (400, 421)


@pytest.mark.parametrize(
    "origin", ["", "null", "https://evil.example", "http://localhost:1", "http://127.0.0.1"]
)
def test_a_form_from_another_origin_is_refused(page: Page, origin: str) -> None:
    before = page.decisions()
    form = {"form_key": page.form_key(), "item": "0", "judgement": "same"}
    assert page.ask("POST", "/decide", {"Origin": origin}, form)[0] == 403
    assert page.decisions() == before


def test_a_request_that_another_site_caused_is_refused(page: Page) -> None:
    for site in ("cross-site", "same-site"):
        assert page.ask("GET", "/queue/sample", {"Sec-Fetch-Site": site})[0] == 403


@pytest.mark.parametrize(
    "cookie", ["", "other=1", "register_review_{port}=x", "register_review_{port}", 'a="']
)
def test_nothing_is_seen_without_the_session(page: Page, cookie: str) -> None:
    wrong = cookie.format(port=page.host.split(":")[1])
    for path in ("/", "/queue/sample", "/pair/0", "/progress", "/history", "/static/style.css"):
        status, _, text = page.ask("GET", path, {"Cookie": wrong})
        assert (status, text) == (403, "403\n"), path
    form = {"form_key": page.form_key(), "item": "0", "judgement": "same"}
    assert page.ask("POST", "/decide", {"Cookie": wrong}, form)[0] == 403


def test_the_link_works_once_and_no_other_does(page: Page) -> None:
    for token in (page.token, "", "x", page.token[:-1], "ñ"):
        quoted = token.replace("ñ", "%C3%B1")
        status, headers, _ = page.ask("GET", f"/enter?token={quoted}", {"Cookie": ""})
        assert status == 403
        assert "set-cookie" not in headers


@pytest.mark.parametrize("key", ["", "x", "ñ"])
def test_a_form_that_the_page_did_not_make_is_refused(page: Page, key: str) -> None:
    before = page.decisions()
    for path in ("/decide", "/undo", "/language", "/finish"):
        form = {"form_key": key, "item": "0", "judgement": "same", "language": "es"}
        assert page.ask("POST", path, {}, {k: v.replace("ñ", "%C3%B1") for k, v in form.items()})[0] == 403
        assert page.ask("GET", path)[0] in (404, 405)
    assert page.decisions() == before


def test_a_script_in_a_name_is_text(page: Page) -> None:
    _, headers, text = page.ask("GET", "/queue/sample")
    assert SCRIPT not in text
    assert "&lt;script&gt;alert(1)" in text
    assert re.findall(r"<script[^>]*>", text) == ['<script src="/static/keys.js" defer>']
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"\sstyle=|\son\w+=", text)


def test_a_script_in_a_note_is_text(page: Page) -> None:
    form = {
        "form_key": page.form_key(),
        "item": "3",
        "judgement": "unsure",
        "note": "%3Cimg+src%3Dx+onerror%3D1%3E",
    }
    assert page.ask("POST", "/decide", {}, form)[0] == 303
    for path in ("/history", "/pair/3"):
        text = page.ask("GET", path)[2]
        assert "<img" not in text
        assert "&lt;img" in text


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/..%2f..%2f__init__.py", "/static/%2e%2e/app.py", "/static//etc/passwd",
        "/static/style.css%00.js", "/static/templates/pair.html", "/../../etc/passwd", "/queue/../../etc/passwd",
        "/queue/people.jsonl", "/pair/999999999", "/pair/-1", "/pair/0x1", "/decisions/people.jsonl",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_page(page: Page, path: str) -> None:
    status, _, text = page.ask("GET", path)
    assert status in (400, 404)
    assert "root:" not in text
    assert "import" not in text


def test_a_page_that_is_not_there_leads_back(page: Page) -> None:
    status, _, text = page.ask("GET", "/pair/999999999")
    assert status == 404
    assert '<a href="/">' in text
    assert "999999999" not in text


@pytest.mark.parametrize(
    "form",
    [
        {"item": "0", "judgement": "perhaps"}, {"item": "99999999", "judgement": "same"}, {"judgement": "same"},
        {"item": "-1", "judgement": "same"}, {"item": "%C2%B2", "judgement": "same"}, {"item": "0"},
    ],
)  # fmt: skip
def test_a_form_that_makes_no_sense_decides_nothing(page: Page, form: dict[str, str]) -> None:
    before = page.decisions()
    assert page.ask("POST", "/decide", {}, {"form_key": page.form_key(), **form})[0] == 400
    assert page.decisions() == before


def test_a_flood_is_refused(page: Page) -> None:
    form = {"form_key": page.form_key(), "note": "x" * 100_000}
    assert page.ask("POST", "/decide", {}, form)[0] == 413
    assert page.ask("PUT", "/decide")[0] == 405


def test_the_language_form_sends_nobody_elsewhere(page: Page) -> None:
    for back in ("//evil.example", "https://evil.example", "%2F%5Cevil.example", "%2F%2Fevil.example"):
        form = {"form_key": page.form_key(), "language": "en", "back": back}
        status, headers, _ = page.ask("POST", "/language", {}, form)
        assert (status, headers["location"]) == (303, "/")


def test_every_answer_forbids_to_keep_it_and_to_load_anything_else(page: Page) -> None:
    for path in ("/", "/queue/sample", "/progress", "/nothing", "/static/style.css", "/enter"):
        for cookie in (page.cookie, ""):
            _, headers, text = page.ask("GET", path, {"Cookie": cookie})
            assert {name: headers.get(name) for name in HEADERS} == HEADERS, path
            assert headers["cache-control"] == "no-store"
            assert not re.findall(r'(?:src|href|action)="(?!/|#)', text)


def test_access_is_logged_without_names(page: Page) -> None:
    text = page.ask("GET", "/queue/sample")[2]
    form = {"form_key": page.form_key(), "item": "0", "judgement": "same"}
    assert page.ask("POST", "/decide", {"Origin": "https://evil.example"}, form)[0] == 403
    shown = set(re.findall(r"[A-Z0-9]{6,}", re.sub(r"<[^>]+>", " ", text)))
    lines = [json.loads(line) for line in page.log().splitlines()]
    seen = [line for line in lines if line["event"] == "review.pair"]
    assert set(seen[-1]) == {"time", "event", "who", "left", "right"}
    assert any(line["event"] == "review.refused" and line["reason"] == "origin" for line in lines)
    log = page.log()
    assert not [word for word in shown if word in log]
    assert page.token not in log


def test_the_session_ends_with_the_command(tmp_path: Path) -> None:
    found = country(600, 16.0).copy(tmp_path)
    with commanded(found.project.root) as first:
        first.enter()
        assert first.ask("POST", "/finish", {}, {"form_key": first.form_key()})[0] == 200
        assert first.stop() == 0
        with pytest.raises(OSError):  # noqa: PT011
            first.ask("GET", "/progress")
    with commanded(found.project.root, "--port", first.host.split(":")[1]) as second:
        assert second.ask("GET", "/progress", {"Cookie": first.cookie})[0] == 403
        assert second.ask("GET", f"/enter?token={first.token}")[0] == 403


def test_two_pages_on_one_port_cannot_be(tmp_path: Path, page: Page) -> None:
    found = country(600, 16.0).copy(tmp_path)
    with commanded(found.project.root, "--port", page.host.split(":")[1]) as other:
        assert other.stop() == 2
        assert "port" in other.link


def test_a_spreadsheet_takes_no_name_for_a_formula(tmp_path: Path) -> None:
    found = country(600, 16.0).copy(tmp_path)
    spoil(found)
    path = tmp_path / "pairs.csv"
    export(found.open(), path)
    assert oct(path.stat().st_mode)[-3:] == "600"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    assert rows[0]["surname_1_a"] == "'" + FORMULA
    assert not [cell for row in rows for cell in row.values() if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]

"""The diagnosis as one page that needs no other file: charts, the table behind each, and what to look for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

from register.diagnose import sections_model, sections_persons
from register.diagnose.measure import Diagnosis
from register.diagnose.pieces import Pieces
from register.link.rules import Rules
from register.locale import LANGUAGES
from register.page import html
from register.run import Run
from register.schema import Schema

FOLDER = "diagnose"
SECTIONS: dict[str, Callable[[Pieces], Iterator[str]]] = {
    "blocks": sections_model.blocks,
    "levels": sections_model.levels,
    "weights": sections_model.weight_bands,
    "unlinkables": sections_model.unlinkables,
    "clusters": sections_persons.clusters,
    "bridges": sections_persons.bridges,
    "conflicts": sections_persons.conflicts,
    "trust": sections_persons.trust,
    "figures": sections_persons.figures,
}


def write_pages(found: Diagnosis, run: Run, rules: Rules, schema: Schema) -> list[Path]:
    """Write the page in every language into the run's folder ``diagnose/``; return the files."""
    folder = run.path / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    written = []
    for language in LANGUAGES:
        path = folder / f"linkage_{language}.html"
        path.touch(mode=0o600)
        path.write_text(page(Pieces(found, rules, schema, language)), "utf-8")
        written.append(path)
    return written


def page(p: Pieces) -> str:
    """Return the whole page."""
    title = p.text("title", run=p.found.run)
    contents = "".join(f'<li><a href="#{name}">{escape(p.text(name))}</a></li>' for name in SECTIONS)
    sections = "".join(
        f'<section id="{name}"><h2>{escape(p.text(name))}</h2>{"".join(section(p))}</section>'
        for name, section in SECTIONS.items()
    )
    body = (
        f"<header><h1>{escape(title)}</h1>"
        f'<p class="note"><strong>{escape(p.text("confidential"))}</strong></p>'
        f'<p class="soft">{escape(p.text("made", made=p.found.made[:10], run=p.found.run))}</p></header>'
        f'<main id="main">{_headline(p)}<nav aria-label="{escape(p.text("contents"))}">'
        f"<h2>{escape(p.text('contents'))}</h2><ol>{contents}</ol></nav>{sections}</main>"
    )
    return html.page(title, p.language, body, p.text("skip"))


def _headline(p: Pieces) -> str:
    now = {figure.name: figure.now for figure in p.found.figures}
    shown = {
        "identities": p.count(now["identities"]),
        "persons": p.count(now["persons"]),
        "expected_precision": p.percent(now["expected_precision"], 2),
        "expected_recall": p.percent(now["expected_recall"], 2),
    }
    entries = (f"<div><dt>{escape(p.text(name))}</dt><dd>{value}</dd></div>" for name, value in shown.items())
    return f'<dl class="headline">{"".join(entries)}</dl>'

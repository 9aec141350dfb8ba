"""Pairs out to a CSV and decisions back from one, for offices that review in a spreadsheet.

The separator is a semicolon and the file begins with a byte order mark: that is what spreadsheets of the region open
as columns with their accents. What begins like a formula is written with an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from register.decisions import COLUMNS, JUDGEMENTS, Decision, Pair, order
from register.errors import ExtractError, writing
from register.link.strata import identities_of
from register.review.app import Desk
from register.review.compare import as_written
from register.review.queue import QUEUES

KEYS = COLUMNS[:-1]
FILLED = ("judgement", "note")
SHOWN = ("surname_1", "surname_2", "given_name", "birth_date", "sex", "citizenship_code", "document_kind_code",
         "document_number", "document_2_number", "municipality_code")  # fmt: skip
WORDS = {
    **{word: word for word in JUDGEMENTS},
    **dict.fromkeys(("igual", "misma", "misma persona", "same person"), "same"),
    **dict.fromkeys(
        ("distinta", "distinto", "diferente", "personas distintas", "different people"), "different"
    ),
    **dict.fromkeys(("dudosa", "dudoso", "no se sabe"), "unsure"),
    **dict.fromkeys(("pasar", "omitir"), "skip"),
}


@dataclass(frozen=True)
class Imported:
    """How many decisions a file added, how many were there already, and lines without a judgement."""

    new: int
    same: int
    empty: int


def export(desk: Desk, path: Path) -> int:
    """Write the open pairs of every queue, each pair once; return how many. The file is for its owner alone.

    Raises
    ------
    LockedError
        If it cannot be written.
    """
    session = desk.session
    said = _said(desk)
    rows: dict[Pair, list[str]] = {}
    for queue in QUEUES:
        for number in session.queue.order[queue]:
            item = session.queue.items[number]
            if item.pair not in rows and session.is_open(item):
                keys = [part for anchor in item.anchors for part in anchor]
                left, right = (said[identity] for identity in item.identities)
                values = [cell for both in zip(left, right, strict=True) for cell in both]
                rows[item.pair] = [queue, *keys, *values, "", ""]
    shown = [f"{name}_{side}" for name in ("name", *SHOWN) for side in "ab"]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(["queue", *KEYS, *shown, *FILLED])
    writer.writerows([_harmless(cell) for cell in row] for row in rows.values())
    with writing(path) as beside:
        beside.write_text(text.getvalue(), "utf-8-sig", newline="")
    return len(rows)


def _said(desk: Desk) -> dict[str, list[str]]:
    """Return by identity of a pair what the file shows of it."""
    found = desk.engine.con.execute(
        "select * from seen_identity where identity_id in (select l from item union select r from item)"
    )
    names = [column[0] for column in found.description or ()]
    rows = (dict(zip(names, row, strict=True)) for row in found.fetchall())
    return {
        row["identity_id"]: [as_written(row), *(desk.label.value(name, row[name]) for name in SHOWN)]
        for row in rows
    }


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "'", "\t", "\r")) else cell


def take(desk: Desk, path: Path) -> Imported:
    """Append the decisions of a file, all or none; what the reviewer already said is not said again.

    Raises
    ------
    ExtractError
        If the file cannot be read, naming the line; nothing is taken then.
    LockedError
        If the decisions cannot be written.
    """
    session = desk.session
    lines = _lines(path)
    judged: list[Decision] = []
    place: dict[Decision, int] = {}
    empty = 0
    for number, line in lines:
        judgement = _judgement(line, path, number)
        if judgement:
            pair = order(
                *((_bare(line[KEYS[n]]), _bare(line[KEYS[n + 1]]), _bare(line[KEYS[n + 2]])) for n in (0, 3))
            )
            decision = session.make(pair, judgement, _bare(line.get("note") or ""), session.item_of(pair))
            judged.append(decision)
            place[decision] = number
        else:
            empty += 1
    known = identities_of(desk.engine.con, (anchor for decision in judged for anchor in decision.pair))
    for decision in judged:
        if any(anchor not in known for anchor in decision.pair):
            raise ExtractError("unknown_record", where=f"{path}:{place[decision]}", run=session.run)
    fresh = [decision for decision in judged if not _is_said(desk, decision)]
    if fresh:
        session.tally.log.append(*(decision.to_entry() for decision in fresh))
        session.refresh()
    return Imported(len(fresh), len(judged) - len(fresh), empty)


def _lines(path: Path) -> list[tuple[int, Mapping[str, str]]]:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text("cp1252", errors="replace")
    except OSError as error:
        raise ExtractError("bad_review_file", where=str(path), reason=type(error).__name__) from error
    head = text.partition("\n")[0]
    delimiter = max(";,\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey="")
    missing = [column for column in (*KEYS, "judgement") if column not in (reader.fieldnames or ())]
    if missing:
        raise ExtractError("bad_review_columns", where=f"{path}:1", columns=", ".join(missing))
    found: list[tuple[int, Mapping[str, str]]] = []
    for line in reader:
        if any(line[column] is None for column in (*KEYS, "judgement")):
            raise ExtractError("bad_review_file", where=f"{path}:{reader.line_num}", reason="…")
        found.append((reader.line_num, line))
    return found


def _judgement(line: Mapping[str, str], path: Path, number: int) -> str:
    said = _bare(line["judgement"]).strip().casefold()
    if said and said not in WORDS:
        raise ExtractError("bad_judgement", where=f"{path}:{number}", name=said[:20])
    return WORDS[said] if said else ""


def _bare(cell: str) -> str:
    """Return a cell as it was before the apostrophe."""
    return cell[1:] if cell[:1] == "'" and _harmless(cell[1:]) == cell else cell


def _is_said(desk: Desk, decision: Decision) -> bool:
    made = [d for d in desk.session.tally.by_pair.get(decision.pair, ()) if d.who == decision.who]
    return bool(made) and (made[-1].judgement, made[-1].note) == (decision.judgement, decision.note)

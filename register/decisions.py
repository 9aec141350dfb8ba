"""What reviewers decided about pairs of records: one append-only file outside the runs, read and written here alone.

``decisions/people.jsonl`` holds one JSON object a line. Records are named by the sources' own keys, so that decisions
outlive runs and models:

    {"id": "…", "at": "2026-03-02T15:04:05+00:00", "who": "ana", "source_l": "visa", "record_key_l": "V7",
     "role_l": "self", "source_r": "crossing", "record_key_r": "M12", "role_r": "self", "judgement": "same"}

The first seven below `who` are all that a line made by hand needs. Others may follow: ``note``; ``queue``, ``run``,
``weight`` and ``linked``, what the pair was when it was asked; ``blind``, where two reviewers decide without
seeing each other; ``settles``, a decision that ends a disagreement. ``{"id", "at", "who", "undoes"}`` takes a decision
back. Nothing is ever changed or deleted: what holds follows from the order of the lines (see `stand`).
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from register.errors import DeclarationError, LockedError

SAME, DIFFERENT, UNSURE, SKIP = JUDGEMENTS = ("same", "different", "unsure", "skip")
COLUMNS = ("source_l", "record_key_l", "role_l", "source_r", "record_key_r", "role_r", "judgement")
LONGEST_NOTE = 2_000

#: A person named in a record: source, the office's key, role.
Anchor = tuple[str, str, str]
#: Two of them, the smaller first.
Pair = tuple[Anchor, Anchor]


@dataclass(frozen=True)
class Decision:
    """One decision as it was made. ``weight`` and ``linked`` are the model's at that moment, None where unknown."""

    id: str
    at: str
    who: str
    pair: Pair
    judgement: str
    note: str = ""
    queue: str = ""
    run: str = ""
    weight: float | None = None
    linked: bool | None = None
    blind: bool = False
    settles: bool = False

    def to_entry(self) -> dict[str, Any]:
        """Return the line of the file that says this; what has nothing to say is left out."""
        (left, right) = self.pair
        keys = dict(zip(COLUMNS, (*left, *right, self.judgement), strict=True))
        more = {
            name: getattr(self, name) for name in _OPTIONAL if getattr(self, name) not in ("", None, False)
        }
        if self.linked is False:
            more["linked"] = False
        return {"id": self.id, "at": self.at, "who": self.who, **keys, **more}


_OPTIONAL = ("note", "queue", "run", "weight", "linked", "blind", "settles")


@dataclass(frozen=True)
class Standing:
    """What holds about a pair. ``state`` is agreed, disagreed, or waiting for the second of two blind reviewers.

    ``judgement`` is None unless agreed. ``voices`` are the decisions in force, one a reviewer, the oldest first.
    """

    pair: Pair
    judgement: str | None
    state: str
    voices: tuple[Decision, ...]


def order(one: Anchor, other: Anchor) -> Pair:
    """Return a pair with the smaller record first: A with B is B with A."""
    return (one, other) if one <= other else (other, one)


def new_decision(who: str, pair: Pair, judgement: str, **more: Any) -> Decision:
    """Return a decision made now."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    return Decision(secrets.token_hex(8), now, who, order(*pair), judgement, **more)


def stand(decisions: Iterable[Decision]) -> dict[Pair, Standing]:
    """Return what holds about each pair that somebody judged.

    A reviewer's later judgement replaces the own earlier one; a skip replaces nothing. Where two reviewers say same
    and different, neither holds until somebody settles it. A blind decision waits for a second reviewer's. The pair
    judged last comes last: where pairs of records are of the same two identities, what was said last holds.
    """
    voices: dict[Pair, dict[str, Decision]] = {}
    for decision in decisions:
        if decision.judgement == SKIP:
            continue
        of_pair = voices[decision.pair] = voices.pop(decision.pair, {})
        if decision.settles:
            of_pair.clear()
        of_pair.pop(decision.who, None)
        of_pair[decision.who] = decision
    return {pair: _weigh(pair, tuple(of_pair.values())) for pair, of_pair in voices.items()}


def _weigh(pair: Pair, voices: tuple[Decision, ...]) -> Standing:
    said = {voice.judgement for voice in voices}
    is_blind = any(voice.blind for voice in voices) and not any(voice.settles for voice in voices)
    if is_blind and len(voices) < 2:
        return Standing(pair, None, "waiting", voices)
    if not is_blind and len(said) > 1:
        # Who is unsure leaves the pair to those who are not; blind reviewers must agree in that too.
        said.discard(UNSURE)
    if len(said) > 1:
        return Standing(pair, None, "disagreed", voices)
    return Standing(pair, said.pop(), "agreed", voices)


@dataclass
class DecisionLog:
    """The file of decisions. Several processes may append to it and read it at once.

    An append is one write under a lock and is on the disk when it returns. A process killed in mid-write leaves a
    piece of a line without an end; the next append closes it with a line that says so, and readers pass over it.
    """

    path: Path
    entries: list[Mapping[str, Any]] = field(default_factory=list)
    _read: int = 0
    _line: int = 0

    def refresh(self) -> DecisionLog:
        """Read what was appended since; return the log itself.

        Raises
        ------
        DeclarationError
            If a line cannot be read, naming it.
        LockedError
            If the file may not be read.
        """
        try:
            with self.path.open("rb") as stream:
                if os.fstat(stream.fileno()).st_size < self._read:
                    self.entries, self._read, self._line = [], 0, 0
                stream.seek(self._read)
                self._take(stream.read())
        except FileNotFoundError:
            self.entries, self._read, self._line = [], 0, 0
        except PermissionError as error:
            raise LockedError("no_permission", where=str(self.path)) from error
        return self

    def _take(self, text: bytes) -> None:
        *whole, rest = text.split(b"\n")
        parsed = [_parse(line) for line in whole]
        for place, entry in enumerate(parsed):
            self._line += 1
            is_mended = place + 1 < len(parsed) and "torn" in (parsed[place + 1] or {})
            if entry is None and not is_mended:
                raise _bad(self.path, self._line, "JSON")
            if entry and "torn" not in entry:
                self.entries.append(_checked(entry, self.path, self._line))
        self._read += len(text) - len(rest)
        last = _parse(rest) if rest.strip() else None
        if last:
            # A line made by hand may want its end; one torn off by a kill is no JSON.
            self.entries.append(_checked(last, self.path, self._line + 1))
            self._read += len(rest)

    def append(self, *entries: Mapping[str, Any]) -> None:
        """Write entries to the disk, all in one piece.

        Raises
        ------
        LockedError
            If the file cannot be written; the entries are not kept then.
        """
        lines = b"".join(_line(entry) for entry in entries)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            is_new = not self.path.exists()
            file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                _write(file, _mend(file) + lines)
                os.fsync(file)
            finally:
                os.close(file)
            if is_new:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise LockedError("cannot_write", where=str(self.path)) from error

    def decide(self, decision: Decision) -> Decision:
        """Append a decision and return it."""
        self.append(decision.to_entry())
        return decision

    def undo(self, who: str, decision_id: str) -> None:
        """Take a decision back."""
        now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        self.append({"id": secrets.token_hex(8), "at": now, "who": who, "undoes": decision_id})

    def decisions(self, start: int = 0) -> Iterator[Decision]:
        """Yield the decisions that nobody took back, in the order in which they were made, from an entry on."""
        undone = {entry["undoes"] for entry in self.entries if "undoes" in entry}
        for place, entry in enumerate(self.entries[start:], start):
            decision_id = str(entry.get("id") or f"line {place + 1}")
            if "undoes" not in entry and decision_id not in undone:
                yield _decision(decision_id, entry)


def read_standing(path: Path) -> dict[Pair, Standing]:
    """Return what holds about each judged pair of a file; nothing if there is no file."""
    return stand(DecisionLog(path).refresh().decisions())


def _decision(decision_id: str, entry: Mapping[str, Any]) -> Decision:
    left, right = ((entry[f"source_{s}"], entry[f"record_key_{s}"], entry[f"role_{s}"]) for s in "lr")
    more = {name: entry[name] for name in _OPTIONAL if entry.get(name) is not None}
    who, at = str(entry.get("who") or ""), str(entry.get("at") or "")
    return Decision(decision_id, at, who, order(left, right), entry["judgement"], **more)


def _parse(line: bytes) -> dict[str, Any] | None:
    """Return a line's object, empty for an empty line, None if it is none."""
    if not line.strip():
        return {}
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _checked(entry: dict[str, Any], path: Path, line: int) -> dict[str, Any]:
    if "undoes" in entry:
        return entry
    for column in COLUMNS:
        if not isinstance(entry.get(column), str):
            raise _bad(path, line, column)
    if entry["judgement"] not in JUDGEMENTS:
        raise _bad(path, line, "judgement")
    return entry


def _bad(path: Path, line: int, reason: str) -> DeclarationError:
    return DeclarationError("bad_decisions", where=f"{path}:{line}", reason=reason)


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _mend(file: int) -> bytes:
    """Return what must come first, so that a new line starts on a line of its own."""
    tail, place = b"", os.lseek(file, 0, os.SEEK_END)
    while place and b"\n" not in tail:
        size = min(place, 1 << 16)
        place -= size
        tail = os.pread(file, size, place) + tail
    rest = tail.rpartition(b"\n")[2]
    if not rest:
        return b""
    return b"\n" if _parse(rest) is not None else b"\n" + _line({"torn": len(rest)})


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)

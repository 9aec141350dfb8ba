"""`register link`: any tables, by a file of rules."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from register.cli import main
from register.errors import DeclarationError, QualityError, UsageError
from register.link_files import link_files

HOW_TO = Path(__file__).parent.parent.parent / "docs" / "how-to" / "link-other-tables.en.md"
CENSUS = """folio,nombres,apellidos,nacimiento
1,José,Núñez,23/04/1988
2,Ana María,Ibáñez,01/02/1990
3,Luis,Quispe,30/11/1971
4,Luis,Quispe,30/11/1971
"""
REGISTER = """folio,first_name,last_name,dob
a,JOSE,NUNES,1988-04-23
b,ANA MARIA,IBANEZ,1990-02-10
c,PETER,GREGORY,1969-11-06
d,LUIS,QUISPE,1971-11-30
"""
WEIGHTS = """matches_per_identity = 1.0
[weight.given]
exact = { m = 0.9, u = 0.01 }
typo = { m = 0.05, u = 0.01 }
"within_0.9" = { m = 0.02, u = 0.01 }
other = { m = 0.03, u = 0.97 }
[weight.surname]
exact = { m = 0.9, u = 0.005 }
typo = { m = 0.04, u = 0.005 }
phonetic = { m = 0.02, u = 0.001 }
"within_0.9" = { m = 0.02, u = 0.01 }
other = { m = 0.02, u = 0.98 }
[weight.birth]
exact = { m = 0.9, u = 0.0001 }
typo = { m = 0.05, u = 0.002 }
same_year = { m = 0.03, u = 0.02 }
other = { m = 0.02, u = 0.978 }
"""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Two files, and the rules of the guide with weights beside them."""
    (tmp_path / "census.csv").write_text(CENSUS, "utf-8")
    (tmp_path / "register.csv").write_text(REGISTER, "utf-8")
    rules = re.search(r"```toml\n(.*?)```", HOW_TO.read_text("utf-8"), re.S)
    assert rules
    (tmp_path / "rules.toml").write_text(rules[1], "utf-8")
    (tmp_path / "rules.weights.toml").write_text(WEIGHTS, "utf-8")
    (tmp_path / "rules.frequencies.csv").write_text("concept,value,frequency\n", "utf-8")
    return tmp_path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def change(work: Path, old: str, new: str) -> None:
    rules = work / "rules.toml"
    text = rules.read_text("utf-8")
    assert old in text
    rules.write_text(text.replace(old, new), "utf-8")


def link(work: Path, *names: str) -> list[tuple[str, str]]:
    link_files([work / name for name in names], work / "rules.toml", work / "pairs.csv", work / "groups.csv")
    return [(row["record_id_l"], row["record_id_r"]) for row in rows(work / "pairs.csv")]


def test_two_files_of_other_columns_and_formats_are_linked_by_the_rules_of_the_guide(work: Path) -> None:
    assert link(work, "census.csv", "register.csv") == [
        ("census:1", "register:a"),
        ("census:2", "register:b"),
        ("census:3", "register:d"),
    ]
    pair = rows(work / "pairs.csv")[0]
    assert float(pair["match_probability"]) > 0.9
    assert {"match_weight", "match_key", "gamma_given", "gamma_surname", "gamma_birth"} <= pair.keys()
    groups = {row["record_id"]: row["group_id"] for row in rows(work / "groups.csv")}
    assert len(groups) == 8
    assert groups["census:1"] == groups["register:a"] != groups["register:c"]


def test_a_row_may_have_several_partners_unless_the_rules_say_otherwise(work: Path) -> None:
    change(work, "one_to_one = true", "one_to_one = false")
    assert [pair for pair in link(work, "census.csv", "register.csv") if pair[1] == "register:d"] == [
        ("census:3", "register:d"),
        ("census:4", "register:d"),
    ]


def test_one_file_is_freed_of_duplicates(work: Path) -> None:
    change(work, 'source = "file"', "")
    change(work, "one_to_one = true", "")
    assert link(work, "census.csv") == [("census:3", "census:4")]


def test_a_row_without_a_key_goes_by_its_number(work: Path) -> None:
    change(work, 'id = "folio"', "")
    assert link(work, "census.csv", "register.csv")[0] == ("census:1", "register:1")


def test_a_file_may_be_parquet_and_larger_than_what_is_read_at_once(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import polars as pl

    monkeypatch.setattr("register.link_files.ROWS_AT_ONCE", 2)
    whole = link(work, "census.csv", "register.csv")
    pl.read_csv(work / "register.csv").write_parquet(work / "register.parquet")
    assert link(work, "census.csv", "register.parquet") == whole


def test_mistakes_in_the_rules_name_the_file_the_key_and_the_right_word(work: Path) -> None:
    change(work, 'as = "sound"', 'as = "sond"')
    with pytest.raises(DeclarationError) as error:
        link(work, "census.csv", "register.csv")
    assert "rules.toml [column.surname_sound]" in str(error.value)
    assert "sound" in str(error.value)
    change(work, 'as = "sond"', 'as = "sound"')
    change(work, '["nacimiento", "dob"]', '["nacimento", "dob"]')
    with pytest.raises(DeclarationError) as error:
        link(work, "census.csv", "register.csv")
    assert "census.csv" in str(error.value)
    assert "nacimiento" in str(error.value)


def test_rules_without_weights_are_refused(work: Path) -> None:
    (work / "rules.weights.toml").unlink()
    with pytest.raises(QualityError) as error:
        link(work, "census.csv", "register.csv")
    assert error.value.key == "linkage_untrained"


def test_two_files_of_one_name_are_refused(work: Path) -> None:
    (work / "old").mkdir()
    (work / "old" / "census.csv").write_text(CENSUS, "utf-8")
    with pytest.raises(UsageError) as error:
        link(work, "census.csv", "old/census.csv")
    assert error.value.key == "link_files_same_name"


def test_the_command_trains_links_and_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("JOSE", "ANA", "LUIS", "PETER", "EUDOXIA", "LILIANA", "MARIA", "PEDRO")
    surnames = (
        "NUNEZ",
        "IBANEZ",
        "QUISPE",
        "GREGORY",
        "CHIRIPUA",
        "ZAMBRANO",
        "MAMANI",
        "ROJAS",
        "DIAZ",
        "VERA",
    )
    people = [
        (n, given[n % 8], surnames[n // 8 % 10], f"{1950 + n % 50}-{n % 12 + 1:02}-{n % 28 + 1:02}")
        for n in range(240)
    ]
    for name in ("one", "two"):
        lines = ["folio,first_name,last_name,dob"]
        for n, first, last, born in people:
            # Every fifth has an error of one kind or another in the second file.
            wrong = n // 5 % 6 if name == "two" and n % 5 == 0 else None
            first = {0: first[:-1] + "X", 1: "CARLOS"}.get(wrong, first)  # type: ignore[call-overload]
            last = {2: last[:-1], 3: "PEREZ"}.get(wrong, last)  # type: ignore[call-overload]
            born = {4: born[:-1] + "9", 5: born[:5] + "12-31"}.get(wrong, born)  # type: ignore[call-overload]
            lines.append(f"{n},{first},{last},{born}")
        (tmp_path / f"{name}.csv").write_text("\n".join(lines), "utf-8")
    rules = re.search(r"```toml\n(.*?)```", HOW_TO.read_text("utf-8"), re.S)
    assert rules
    text = (
        rules[1]
        .replace('"exact", "typo", "phonetic", 0.9', '"exact", "typo"')
        .replace('"typo", 0.9', '"typo"')
    )
    (tmp_path / "rules.toml").write_text(text, "utf-8")
    files = [str(tmp_path / f"{name}.csv") for name in ("one", "two")]
    output = tmp_path / "pairs.parquet"
    main(["--json", "link", *files, "--rules", str(tmp_path / "rules.toml"), "--train", "-o", str(output)])
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == {"one": 240, "two": 240}
    assert 225 <= told["links"] <= 240
    assert output.is_file()
    assert (tmp_path / "rules.weights.toml").is_file()

"""The file of decisions: what holds about a pair, and that no decision is ever lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.linkage import PASSPORT, Town, someone

from register.console import Console
from register.decisions import (
    JUDGEMENTS,
    Decision,
    DecisionLog,
    Standing,
    new_decision,
    order,
    read_standing,
    stand,
)
from register.errors import DeclarationError
from register.pipeline import build
from register.project import init_project
from register.synth import generate

A, B, C = (("visa", key, "self") for key in "ABC")


def log(path: Path, *said: tuple[str, str], blind: bool = False) -> DecisionLog:
    """Return the log of what reviewers said of A and B, one after the other."""
    log = DecisionLog(path / "people.jsonl")
    for who, judgement in said:
        log.decide(new_decision(who, (A, B), judgement, blind=blind))
    return log.refresh()


def holds(log: DecisionLog) -> Standing:
    (found,) = stand(log.decisions()).values()
    return found


def test_the_later_judgement_of_a_reviewer_holds(tmp_path: Path) -> None:
    assert holds(log(tmp_path, ("ana", "same"), ("ana", "different"))).judgement == "different"


def test_a_skip_says_nothing_and_replaces_nothing(tmp_path: Path) -> None:
    assert holds(log(tmp_path, ("ana", "same"), ("ana", "skip"))).judgement == "same"
    assert not stand(log(tmp_path / "other", ("ana", "skip")).decisions())


def test_two_reviewers_who_disagree_decide_nothing_until_one_settles_it(tmp_path: Path) -> None:
    found = log(tmp_path, ("ana", "same"), ("luis", "different"))
    assert (holds(found).state, holds(found).judgement) == ("disagreed", None)
    found.decide(new_decision("eva", (B, A), "same", settles=True))
    assert (holds(found.refresh()).state, holds(found).judgement) == ("agreed", "same")
    found.decide(new_decision("luis", (A, B), "different"))
    assert holds(found.refresh()).state == "disagreed"


def test_who_is_unsure_leaves_the_pair_to_those_who_are_not(tmp_path: Path) -> None:
    assert holds(log(tmp_path, ("ana", "unsure"), ("luis", "same"))).judgement == "same"


def test_a_blind_judgement_waits_for_a_second_one_that_agrees(tmp_path: Path) -> None:
    found = log(tmp_path, ("ana", "same"), blind=True)
    assert (holds(found).state, holds(found).judgement) == ("waiting", None)
    found.decide(new_decision("luis", (A, B), "same", blind=True))
    assert holds(found.refresh()).judgement == "same"
    unlike = log(tmp_path / "other", ("ana", "unsure"), ("luis", "same"), blind=True)
    assert holds(unlike).state == "disagreed"


def test_an_undone_decision_was_never_made_and_stays_in_the_file(tmp_path: Path) -> None:
    found = log(tmp_path, ("ana", "same"), ("ana", "different"))
    last = list(found.decisions())[-1]
    found.undo("ana", last.id)
    assert holds(found.refresh()).judgement == "same"
    assert len((tmp_path / "people.jsonl").read_text("utf-8").splitlines()) == 3


def test_a_line_made_by_hand_needs_the_keys_and_the_judgement_alone(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    line = dict(zip(("source_l", "record_key_l", "role_l"), B, strict=True))
    line |= dict(zip(("source_r", "record_key_r", "role_r"), A, strict=True)) | {"judgement": "same"}
    path.write_text(json.dumps(line), "utf-8")  # without the end of its line
    assert read_standing(path)[(A, B)].judgement == "same"
    DecisionLog(path).decide(new_decision("ana", (A, C), "different"))
    assert {pair: found.judgement for pair, found in read_standing(path).items()} == {
        (A, B): "same",
        (A, C): "different",
    }


@pytest.mark.parametrize("line", ["{broken", '{"judgement": "same"}', "[1]", json.dumps({"source_l": 3})])
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str) -> None:
    found = log(tmp_path, ("ana", "same"))
    with found.path.open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")
    with pytest.raises(DeclarationError) as error:
        read_standing(found.path)
    assert error.value.where == f"{found.path}:2"


def test_a_judgement_that_is_none_is_named(tmp_path: Path) -> None:
    found = log(tmp_path, ("ana", "same"), ("ana", "same"))
    text = found.path.read_text("utf-8").replace('"same"', '"perhaps"', 1)
    found.path.write_text(text, "utf-8")
    with pytest.raises(DeclarationError):
        read_standing(found.path)


def test_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    found = DecisionLog(tmp_path / "decisions" / "people.jsonl")
    found.decide(new_decision("ana", (A, B), "same"))
    assert oct(found.path.stat().st_mode)[-3:] == "600"
    assert oct(found.path.parent.stat().st_mode)[-3:] == "700"


@given(st.integers(min_value=1, max_value=200))
def test_a_line_torn_anywhere_costs_that_line_alone(cut: int) -> None:
    """Whatever a kill left of a line, what came before and what comes after are read."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        found = log(Path(folder), ("ana", "same"), ("luis", "different"))
        whole = found.path.read_bytes()
        second = whole.index(b"\n") + 1
        torn = min(second + cut, len(whole) - 2)
        found.path.write_bytes(whole[:torn])
        assert [d.who for d in DecisionLog(found.path).refresh().decisions()] == ["ana"]
        reader = DecisionLog(found.path).refresh()
        DecisionLog(found.path).decide(new_decision("eva", (A, B), "same"))
        assert [d.who for d in reader.refresh().decisions()] == ["ana", "eva"]
        assert [d.who for d in DecisionLog(found.path).refresh().decisions()] == ["ana", "eva"]
        assert found.path.read_bytes().startswith(whole[:torn])


WRITER = """
import sys
from pathlib import Path
from register.decisions import DecisionLog, new_decision
log = DecisionLog(Path(sys.argv[1]))
n = 0
while n < int(sys.argv[3]):
    log.decide(new_decision(sys.argv[2], (("visa", str(n), "self"), ("visa", "x", "self")), "same", note="ñ" * 900))
    n += 1
    print(n, flush=True)
"""


def writer(path: Path, who: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), who, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_reviewers_at_once_lose_no_decision(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    reader = DecisionLog(path)
    both = [writer(path, who, 150) for who in ("ana", "luis")]
    while any(one.poll() is None for one in both):
        reader.refresh()
        time.sleep(0.005)
    for one in both:
        one.communicate()
    for found in (reader.refresh(), DecisionLog(path).refresh()):
        made = [(d.who, d.pair[0][1]) for d in found.decisions()]
        for who in ("ana", "luis"):
            assert [key for by, key in made if by == who] == [str(n) for n in range(150)]


def test_a_reviewer_killed_in_mid_write_loses_no_decision_that_was_confirmed(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    confirmed = 0
    for _ in range(3):
        process = writer(path, "ana", 100_000)
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.15)
        os.kill(process.pid, signal.SIGKILL)
        confirmed += 1 + len(process.communicate()[0].splitlines())
        # what a kill inside the system's write would leave
        with path.open("ab") as stream:
            stream.write(b'{"id": "half", "at": "2026-')
    DecisionLog(path).decide(new_decision("luis", (A, B), "same"))
    made = list(DecisionLog(path).refresh().decisions())
    assert confirmed <= len(made) - 1 <= confirmed + 3
    assert made[-1].who == "luis"


said = st.tuples(
    st.sampled_from(["ana", "luis", "eva"]), st.sampled_from(JUDGEMENTS), st.booleans(), st.booleans()
)


@given(st.lists(said, max_size=8))
def test_what_holds_is_what_a_patient_reader_would_say(said: list[tuple[str, str, bool, bool]]) -> None:
    decisions = [
        Decision(str(n), "", who, order(A, B), judgement, blind=blind, settles=settles)
        for n, (who, judgement, blind, settles) in enumerate(said)
    ]
    judged = [decision for decision in decisions if decision.judgement != "skip"]
    ends = [place for place, decision in enumerate(judged) if decision.settles]
    valid = judged[ends[-1] if ends else 0 :]
    last = {decision.who: decision for decision in valid}.values()
    found = stand(decisions).get((A, B))
    if not judged:
        assert found is None
        return
    assert found
    words = {decision.judgement for decision in last}
    blind = any(decision.blind for decision in last) and not any(decision.settles for decision in last)
    if blind and len(last) == 1:
        assert found.state == "waiting"
    elif (blind and len(words) > 1) or {"same", "different"} <= words:
        assert found.state == "disagreed"
    else:
        assert found.judgement == next(iter(words - {"unsure"}), "unsure")


def test_reviewers_win_over_documents_that_several_people_used() -> None:
    """B and Y show one passport, A and X another; A is not B, and yet X is Y: the documents are what gives way."""
    one, other = (PASSPORT, "112233445"), (PASSPORT, "998877665")
    identities = {
        "a": someone(document=one, records=2),
        "b": someone(document=other, records=2),
        "x": someone(surname_2=None, document=one),
        "y": someone(surname_2=None, document=other),
    }
    person = Town(identities, decisions=[("a", "b", "different"), ("x", "y", "same")]).link().person_of
    assert person["a"] != person["b"]
    assert person["x"] == person["y"]


def test_a_contradiction_is_told_in_the_conflicts() -> None:
    """A is B, B is C, and A is not C: one of the three is wrong, and nobody but a reviewer can say which."""
    identities = {
        "a": someone("MARIA", "RODRIGUEZ", "GOMEZ"),
        "b": someone("EUDOXIA", "CHIRIPUA", "QUINAYAS", document=(PASSPORT, "998877665")),
        "c": someone("NUBIA", "MANJARREZ", "TIQUE", document=(PASSPORT, "443322110")),
    }
    decisions = [("a", "b", "same"), ("b", "c", "same"), ("a", "c", "different")]
    linked = Town(identities, decisions=decisions).link()
    told = linked.rows("select identity_id_l, identity_id_r, detail from conflict where rule = 'decision'")
    assert told == [("a", "c", "kept")]


def test_records_of_two_identities_judged_both_ways_are_told_in_the_conflicts() -> None:
    identities = {"a": someone(), "b": someone(document=(PASSPORT, "998877665"))}
    linked = Town(identities, decisions=[("a", "b", "different"), ("b", "a", "same")]).link()
    told = linked.rows("select detail from conflict where rule = 'decision'")
    assert told == [("contested",)]


def test_of_two_pairs_of_records_what_was_said_last_comes_last(tmp_path: Path) -> None:
    """The records may be of the same two identities: a second thought about the first pair is the last word."""
    found = log(tmp_path, ("ana", "different"))
    found.decide(new_decision("ana", (A, C), "same"))
    found.decide(new_decision("ana", (A, B), "different"))
    assert list(stand(found.refresh().decisions())) == [order(A, C), order(A, B)]


def test_records_of_one_identity_cannot_be_parted_and_that_is_told() -> None:
    linked = Town({"a": someone()}, records={"again": "a"}, decisions=[("a", "again", "different")]).link()
    told = linked.rows("select identity_id_l, identity_id_r, detail from conflict where rule = 'decision'")
    assert told == [("a", "a", "one identity")]
    assert (
        not Town({"a": someone()}, records={"again": "a"}, decisions=[("a", "again", "same")])
        .link()
        .rows("from conflict")
    )


def test_a_build_says_which_decisions_change_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(tmp_path / "country", people=60, seed=5, years=(2020, 2021))
    project = init_project(tmp_path / "project", "col")
    for path in (tmp_path / "country" / "extracts").iterdir():
        shutil.copy(path, project.extracts / path.name)
    run = build(project, Console("en", quiet=True), until="resolve")
    mentions = run.path / "tables" / "identified" / "mention.parquet"
    ((one, other),) = duckdb.sql(
        f"""
        select min(record_key), max(record_key) from '{mentions}' where source = 'crossing'
        group by identity_id having count(*) > 1 order by all limit 1
        """
    ).fetchall()
    keys = [(one, other), (one, "withdrawn")]
    DecisionLog(project.decisions).append(
        *(
            new_decision("ana", (("crossing", x, "self"), ("crossing", y, "self")), "different").to_entry()
            for x, y in keys
        )
    )
    again = build(project, Console("en"), until="resolve")
    said = " ".join(capsys.readouterr().err.split())
    assert again.manifest["stages"]["resolve"]["decisions"]["absent"] == 1
    assert "1 decision names records that are in no extract" in said
    assert "1 identity whose records a reviewer held to be two people" in said
    assert "contradict" not in said

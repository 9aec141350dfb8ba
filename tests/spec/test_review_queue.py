"""What reviewers are asked, and what their answers do: on a synthetic country whose truth is known."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from kit.review import Country, country

from register.decisions import new_decision, read_standing
from register.diagnose.measure import diagnose
from register.errors import UsageError
from register.review.agreement import measure
from register.review.queue import QUEUES
from register.review.session import Session
from register.synth.evaluate import evaluate

PEOPLE, CAUTIOUS = 1200, 20.0


def fresh(folder: Path) -> Country:
    """A country whose office links only what is nearly certain, so that many true links are missed."""
    return country(PEOPLE, CAUTIOUS).copy(folder)


def answer(found: Country, session: Session, queues: tuple[str, ...], many: int) -> int:
    """Answer the truth to so many pairs, queue after queue; return how many there were."""
    count = 0
    for queue in queues:
        while count < many and (item := session.next(queue)):
            session.decide(item, "same" if found.is_one(item) else "different", "")
            count += 1
    return count


def test_three_hundred_answers_raise_recall_at_unchanged_precision(tmp_path: Path) -> None:
    found = fresh(tmp_path)
    (run,) = found.project.runs.iterdir()
    before = evaluate(run / "tables", found.truth)
    assert answer(found, found.open().session, ("threshold", "conflicts", "bridges"), 300) == 300
    found.build()
    after = evaluate(run / "tables", found.truth)
    assert before.recall < 0.998
    assert after.recall > before.recall + 0.5 * (1 - before.recall)
    assert after.precision >= before.precision
    assert after.exact > before.exact


def true_error(found: Country) -> tuple[float, float]:
    """Return the true precision and recall of a run over the pairs that were scored."""
    ((precision, recall),) = found.rows(
        f"""
        with who as (
            select identity_id, min(true_id) as who from '{{t}}/mention.parquet'
            join '{found.truth}/mention.parquet' using (source, record_key, role) group by 1
        )
        select count(*) filter (linked and same) / count(*) filter (linked),
            count(*) filter (linked and same) / count(*) filter (same)
        from (
            select a.person_id = b.person_id as linked, x.who = y.who as same from '{{t}}/pair.parquet'
            join '{{t}}/membership.parquet' as a on a.identity_id = identity_id_l
            join '{{t}}/membership.parquet' as b on b.identity_id = identity_id_r
            join who as x on x.identity_id = identity_id_l join who as y on y.identity_id = identity_id_r
            where match_key <> 'identical'
        )
        """
    )
    return precision, recall


def test_the_error_measured_on_the_sample_covers_the_true_one(tmp_path: Path) -> None:
    found = fresh(tmp_path)
    session = found.open().session
    assert answer(found, session, ("sample",), 300) == 300
    measured = measure(session)
    precision, recall = true_error(found)
    assert measured.reviewed == 300
    assert measured.precision_low <= precision <= measured.precision_high
    assert measured.recall_low <= recall <= measured.recall_high
    assert measured.recall_high - measured.recall_low < 0.02
    # The diagnosis counts the same answers, whatever else was reviewed.
    answer(found, session, ("threshold",), 20)
    told = diagnose(found.project)[1].trust.reviewed
    assert told is not None
    assert asdict(told) == pytest.approx(asdict(measure(session)))
    # Answers do not make the model look perfect once they are applied: pairs keep the stratum they were drawn from.
    found.build()
    again = measure(found.open().session)
    assert measured.recall <= again.recall <= true_error(found)[1] < 1


def test_answers_to_other_queues_do_not_bend_the_measure(tmp_path: Path) -> None:
    found = fresh(tmp_path)
    session = found.open().session
    answer(found, session, ("threshold", "bridges"), 60)
    strata = {(item.linked, item.band) for item in session.queue.items if item.queue == "sample"}
    first = {
        stratum: next(i for i in session.queue.items if (i.linked, i.band) == stratum and i.rank == 1)
        for stratum in strata
    }
    answered = sum(not session.is_open(item) for item in first.values())
    assert measure(session).bands == answered < len(strata)


def test_each_queue_holds_what_it_says() -> None:
    session = country(PEOPLE, CAUTIOUS).open().session
    items = {queue: [session.queue.items[n] for n in session.queue.order[queue]] for queue in QUEUES}
    near = [abs((item.weight or 0) - CAUTIOUS) for item in items["threshold"]]
    assert near == sorted(near)
    assert {item.linked for item in items["threshold"]} == {True, False}
    assert all(item.linked and item.weight and item.weight >= CAUTIOUS + 4 for item in items["bridges"])
    assert all(item.reason and not item.linked for item in items["conflicts"])
    assert len({(item.linked, item.band) for item in items["sample"]}) == len(session.queue.strata)
    assert len(items["sample"]) == len({item.pair for item in items["sample"]})
    couples = [item.pair for item in items["threshold"]]
    assert len(couples) == len(set(couples))


def test_the_random_order_is_the_same_in_every_session_and_not_in_every_project(tmp_path: Path) -> None:
    found = fresh(tmp_path)
    pairs = [item.pair for item in found.open().session.queue.items if item.queue == "sample"]
    assert pairs == [item.pair for item in found.open().session.queue.items if item.queue == "sample"]
    (found.project.root / "secret.key").write_text("another secret of this length\n")
    other = [item.pair for item in found.open().session.queue.items if item.queue == "sample"]
    assert pairs != other


def test_what_is_skipped_comes_again_at_the_end(tmp_path: Path) -> None:
    session = fresh(tmp_path).open().session
    first = session.next("threshold")
    assert first
    session.decide(first, "skip", "")
    second = session.next("threshold", after=first.number)
    assert second
    assert second != first
    while (item := session.next("threshold")) and item != first:
        session.decide(item, "unsure", "")
    assert session.next("threshold") == first


def test_undo_gives_the_pair_back_and_another_reviewer_sees_it(tmp_path: Path) -> None:
    found = fresh(tmp_path)
    ana, luis = found.open("ana").session, found.open("luis").session
    item = ana.next("threshold")
    assert item
    ana.decide(item, "same", "by her mother's name")
    luis.refresh()
    assert luis.next("threshold") != item
    assert luis.undo() is None
    undone = ana.undo()
    assert undone
    assert undone.note == "by her mother's name"
    luis.refresh()
    assert luis.next("threshold") == ana.next("threshold") == item


def test_blind_reviewers_are_asked_the_same_pairs_and_see_nothing_of_each_other(tmp_path: Path) -> None:
    found = fresh(tmp_path)
    ana, luis, eva = (found.open(who, is_blind=True).session for who in ("ana", "luis", "eva"))
    asked = []
    for _ in range(10):
        item = ana.next("threshold")
        assert item
        ana.decide(item, "same", "")
        asked.append(item)
    luis.refresh()
    assert not list(luis.visible())
    answers = []
    for expected in asked:
        item = luis.next("threshold")
        assert item == expected
        luis.decide(item, "different" if len(answers) == 3 else "same", "")
        answers.append(item)
    assert luis.disagreements() == []
    eva.refresh()
    assert eva.next("threshold") not in asked
    states = [standing.state for standing in read_standing(found.project.decisions).values()]
    assert (states.count("agreed"), states.count("disagreed")) == (9, 1)


def test_a_contradiction_is_found_with_the_chain_that_makes_it(tmp_path: Path) -> None:
    found = fresh(tmp_path)
    desk = found.open()
    session = desk.session
    items = [session.queue.items[n] for n in session.queue.order["threshold"][:2]]
    (a, b), (c, _) = items[0].anchors, items[1].anchors
    for pair, judgement in (((a, b), "same"), ((b, c), "same"), ((a, c), "different")):
        session.tally.log.decide(new_decision("ana", pair, judgement))
    session.refresh()
    (contradiction,) = session.contradictions()
    assert set(contradiction.apart.pair) == {a, c}
    chain = [set(step.pair) for step in contradiction.chain]
    assert chain in ([{a, b}, {b, c}], [{b, c}, {a, b}])
    found.build()
    assert found.rows(
        "select count(*) from '{t}/conflict.parquet' where (rule, detail) = ('decision', 'kept')"
    ) == [(1,)]


@pytest.mark.parametrize("name", ["", "   ", "a\x00b", "x" * 61])
def test_a_reviewer_has_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as error:
        country(PEOPLE, CAUTIOUS).open(name)
    assert error.value.key == "bad_reviewer"


def test_what_was_judged_and_is_in_no_queue_can_be_opened_and_mended(tmp_path: Path) -> None:
    found = fresh(tmp_path)
    session = found.open().session
    a, c = (session.queue.items[number].anchors[0] for number in session.queue.order["threshold"][:2])
    session.tally.log.decide(new_decision("ana", (a, c), "same"))
    again = found.open("luis").session
    item = again.item_of((a, c))
    assert item
    assert item.queue not in QUEUES
    assert not again.is_open(item)
    again.decide(item, "different", "", settles=True)
    (standing,) = read_standing(found.project.decisions).values()
    assert (standing.state, standing.judgement) == ("agreed", "different")


def test_a_decision_that_contradicts_others_says_so_until_it_is_undone(tmp_path: Path) -> None:
    found = fresh(tmp_path)
    session = found.open().session
    items = [session.queue.items[n] for n in session.queue.order["threshold"][:2]]
    (a, b), (c, _) = items[0].anchors, items[1].anchors
    for pair, judgement in (((a, b), "same"), ((b, c), "same"), ((a, c), "unsure")):
        session.tally.log.decide(new_decision("luis", pair, judgement))
    for is_blind in (True, False):
        session = found.open("ana", is_blind=is_blind).session
        item = session.item_of((a, c))
        assert item
        session.decide(item, "different", "")
        # A blind reviewer must not learn what another said.
        assert (session.contradicted() is None) == is_blind
        assert len(session.contradictions()) == (0 if is_blind else 1)
        session.undo()
        assert session.contradicted() is None
        assert session.contradictions() == []

"""Person ids stay from run to run: what becomes of them when extracts and decisions come in."""

from __future__ import annotations

from functools import partial

from kit.linkage import PASSPORT, Linked, someone
from kit.linkage import Town as AnyTown

Town = partial(AnyTown, others=0)

LILIANA = someone()
LILIANA_RENEWED = someone(document=(PASSPORT, "998877665"))
PEDRO = someone("PEDRO", "QUISPE", "MAMANI", born="1971-11-30", sex="1", document=(PASSPORT, "554433221"))
EUDOXIA = someone("EUDOXIA", "CHIRIPUA", "QUINAYAS", born="1990-02-14", document=(PASSPORT, "443322110"))


def changes(linked: Linked) -> list[tuple[str, str, str | None]]:
    return [(row[0], row[1], row[2]) for row in linked.rows("from person_change") if row[1] != "retired"]


def test_ids_are_opaque_and_the_same_in_every_build() -> None:
    first, second = (Town({"a": LILIANA, "b": PEDRO}).link().person_of for _ in range(2))
    assert first == second
    assert first["a"] != first["b"]
    assert all("LILIANA" not in person and person != "a" for person in first.values())


def test_new_records_of_a_known_person_change_no_id() -> None:
    before = Town({"a": LILIANA, "b": PEDRO}).link().person_of
    after = Town({"a": LILIANA, "0": LILIANA_RENEWED, "b": PEDRO, "c": EUDOXIA}, before=before).link()
    assert after.person_of["a"] == after.person_of["0"] == before["a"]
    assert after.person_of["b"] == before["b"]
    assert after.resolved.ids_changed == 0
    newcomer = after.person_of["c"]
    assert (newcomer, "new", None) in changes(after)


def test_a_corrected_record_stays_with_the_person_that_is_known_by_it_alone() -> None:
    before = Town({"a": someone("LILIAMA", "SANBRANO", document=None), "b": PEDRO}).link().person_of
    now = {"z": LILIANA, "b": PEDRO}
    after = Town(now, before=before, corrected={"z": "a"}).link()
    assert after.person_of == {"z": before["a"], "b": before["b"]}
    assert after.rows("from person_change") == []
    assert after.resolved.ids_changed == 0
    # Another record that says the same is another person: nothing ties it to the one before.
    other = Town(now, before=before, corrected={"z": "somebody else"}).link()
    assert other.person_of["z"] not in before.values()


def test_a_corrected_record_that_joins_another_person_merges_the_two() -> None:
    before = {"a": "p-young", "b": "p-old"}
    linked = Town(
        {"z": LILIANA, "b": LILIANA_RENEWED},
        before=before,
        corrected={"z": "a"},
        first_seen={"p-young": "2022-05-01", "p-old": "2018-01-15"},
    ).link()
    assert linked.person_of == {"z": "p-old", "b": "p-old"}
    assert linked.rows("from person_change") == [("p-young", "merged", "p-old")]


def test_a_record_corrected_to_say_what_another_person_says_merges_the_two() -> None:
    """Nothing is left of what she said, and yet her record is there: it is the other's now."""
    linked = Town(
        {"b": PEDRO}, before={"a": "p-a", "b": "p-b"}, records={"hers": "b"}, corrected={"hers": "a"}
    ).link()
    assert linked.person_of == {"b": "p-b"}
    assert linked.rows("from person_change") == [("p-a", "merged", "p-b")]


def test_a_record_corrected_to_be_somebody_elses_is_told_to_have_been_hers() -> None:
    """Her other records still say what the corrected one said: she goes on, and it goes to another or stands alone."""
    corrected = {"hers": "a"}
    alone = Town({"a": LILIANA, "hers": PEDRO}, before={"a": "p-a"}, corrected=corrected).link()
    assert changes(alone) == [(alone.person_of["hers"], "split", "p-a")]
    other = Town(
        {"a": LILIANA, "b": PEDRO},
        before={"a": "p-a", "b": "p-b"},
        records={"hers": "b"},
        corrected=corrected,
    ).link()
    assert other.person_of == {"a": "p-a", "b": "p-b"}
    assert changes(other) == [("p-b", "moved", "p-a")]


def test_an_id_in_use_is_given_to_nobody_else() -> None:
    """The identity that an id was made from is withdrawn, others keep the id; then it is back as another person."""
    both = {"a": LILIANA, "b": LILIANA_RENEWED}
    whole = Town(both).link().person_of
    maker, other = sorted(
        both, key=lambda name: Town({name: both[name]}).link().person_of[name] != whole[name]
    )
    alone = Town({other: both[other]}, before=whole).link().person_of
    assert alone == {other: whole[other]}
    for _ in range(2):
        parted = Town(both, before=alone, decisions=[("a", "b", "different")]).link()
        assert parted.person_of[other] == whole[other] != parted.person_of[maker]
        # Even where the next id that it would get is in use.
        alone = {other: whole[other], "gone": parted.person_of[maker]}


def test_of_two_persons_found_to_be_one_the_older_id_survives() -> None:
    before = {"a": "p-young", "b": "p-old", "c": "p-pedro"}
    linked = Town(
        {"a": LILIANA, "b": LILIANA_RENEWED, "c": PEDRO},
        before=before,
        first_seen={"p-young": "2022-05-01", "p-old": "2018-01-15", "p-pedro": "2019-01-01"},
    ).link()
    assert linked.person_of == {"a": "p-old", "b": "p-old", "c": "p-pedro"}
    assert changes(linked) == [("p-young", "merged", "p-old")]


def test_a_person_found_to_be_two_keeps_the_id_where_most_records_are() -> None:
    before = dict.fromkeys("abcd", "p-one")
    linked = Town(
        {"a": LILIANA, "b": LILIANA_RENEWED, "c": someone(surname_2=None), "d": PEDRO}, before=before
    ).link()
    found = linked.person_of
    assert found["a"] == found["b"] == found["c"] == "p-one"
    assert found["d"] not in before.values()
    assert changes(linked) == [(found["d"], "split", "p-one")]
    assert linked.resolved.ids_changed == 0.25


def test_a_person_whose_records_were_withdrawn_is_retired() -> None:
    linked = Town({"a": LILIANA}, before={"a": "p-liliana", "gone": "p-pedro"}).link()
    assert linked.rows(
        "select person_id, change, other_person_id from person_change where change = 'retired'"
    ) == [("p-pedro", "retired", None)]


def test_a_split_undone_restores_the_id() -> None:
    whole = Town({"a": LILIANA, "b": LILIANA_RENEWED}).link().person_of
    parted = Town(
        {"a": LILIANA, "b": LILIANA_RENEWED}, before=whole, decisions=[("a", "b", "different")]
    ).link()
    first_seen = dict.fromkeys(whole.values(), "2018-01-01")
    again = Town({"a": LILIANA, "b": LILIANA_RENEWED}, before=parted.person_of, first_seen=first_seen).link()
    assert len(set(parted.person_of.values())) == 2
    assert set(again.person_of.values()) == set(whole.values())


def test_neither_threads_nor_the_order_of_rows_changes_anything() -> None:
    identities = {
        "a": LILIANA,
        "b": LILIANA_RENEWED,
        "c": PEDRO,
        "d": EUDOXIA,
        "e": someone("LILIANA", "SAMBRANO"),
    }
    tables = []
    for threads, order in ((1, "abcde"), (2, "edcba")):
        linked = Town(identities, threads=threads, identity_order=order).link()
        tables.append(
            [
                linked.rows(f"from {table} order by all")
                for table in ("pair", "membership", "person", "conflict", "person_change")
            ]
        )
    assert tables[0] == tables[1]


def test_records_that_pass_from_one_known_person_to_another_are_told() -> None:
    before = {"a": "p-liliana", "b": "p-pedro", "c": "p-pedro", "d": "p-pedro"}
    linked = Town(
        {
            "a": LILIANA,
            "b": LILIANA_RENEWED,
            "c": PEDRO,
            "d": someone(
                "PEDRO", "QUISPE", "MAMANI", born="1971-11-30", sex="1", document=(PASSPORT, "554433229")
            ),
        },
        before=before,
    ).link()
    assert linked.person_of == before | {"b": "p-liliana"}
    assert changes(linked) == [("p-liliana", "moved", "p-pedro")]


def test_wherever_the_records_of_a_person_went_is_told() -> None:
    """Most to an older person, whose id survives; the rest to another who was before, or to somebody new."""
    before = {"a": "p-old", "b": "p-young", "c": "p-young", "d": "p-young", "e": "p-other"}
    linked = Town(
        {
            "a": LILIANA,
            "b": LILIANA_RENEWED,
            "c": PEDRO,
            "d": EUDOXIA,
            "e": EUDOXIA | {"document_number": None},
        },
        before=before,
        first_seen={"p-old": "2018-01-01", "p-other": "2019-01-01", "p-young": "2022-01-01"},
        decisions=[("a", "b", "same"), ("b", "c", "same")],
    ).link()
    assert linked.person_of == {"a": "p-old", "b": "p-old", "c": "p-old", "d": "p-other", "e": "p-other"}
    assert changes(linked) == [("p-other", "moved", "p-young"), ("p-young", "merged", "p-old")]
    parted = Town(
        {"a": LILIANA, "b": LILIANA_RENEWED, "c": PEDRO, "d": EUDOXIA},
        before={"a": "p-old", "b": "p-young", "c": "p-young", "d": "p-young"},
        first_seen={"p-old": "2018-01-01", "p-young": "2022-01-01"},
        decisions=[("a", "b", "same"), ("b", "d", "same")],
    ).link()
    newcomer = parted.person_of["c"]
    assert set(changes(parted)) == {(newcomer, "split", "p-young"), ("p-young", "merged", "p-old")}

"""Who is one person, by example: small towns linked with the rules and weights that the project ships."""

from __future__ import annotations

from kit.linkage import FOREIGNER_ID, NATIONAL_ID, PASSPORT, PPT, Town, groups, someone

OTHER_PASSPORT = (PASSPORT, "998877665")


def test_a_name_keyed_in_several_ways_on_one_passport_is_one_person() -> None:
    town = Town(
        {
            "a": someone(),
            "b": someone(surname_2=None),
            "c": someone(surname_1="URDANETA", surname_2="ZAMBRANO"),
            "d": someone(given="LILIAMA"),
            "e": someone(surname_1="SAMBRANO"),
        }
    )
    assert town.link().together == groups("abcde")


def test_a_renewed_passport_is_the_same_person() -> None:
    town = Town({"a": someone(), "b": someone(document=OTHER_PASSPORT)})
    assert town.link().together == groups("ab")


def test_a_permit_without_a_passport_is_the_traveller_of_that_name_and_birth() -> None:
    town = Town({"a": someone(), "b": someone(document=(PPT, "5263179"))})
    assert town.link().together == groups("ab")


def test_a_permit_ties_two_passports_whose_names_share_little() -> None:
    town = Town(
        {
            "a": someone(),
            "b": someone(given="LILIANA", surname_2=None, document=OTHER_PASSPORT, born="1988-04-28"),
            "c": someone(document=(PPT, "5263179"), second=OTHER_PASSPORT),
        }
    )
    assert town.link().together == groups("abc")


def test_a_common_name_alone_ties_nobody() -> None:
    town = Town(
        {
            "a": someone("MARIA", "RODRIGUEZ", "GOMEZ", born="1988-04-23"),
            "b": someone("MARIA", "RODRIGUEZ", "GOMEZ", born="1971-11-30", document=OTHER_PASSPORT),
        }
    )
    assert town.link().together == groups("a", "b")


def test_a_rare_name_says_more_than_a_common_one() -> None:
    town = Town(
        {
            "a": someone("MARIA", "RODRIGUEZ", "GOMEZ", born="1988-04-23"),
            "b": someone("MARIA", "RODRIGUEZ", "GOMEZ", born="1988-04-23", document=OTHER_PASSPORT),
            "c": someone("EUDOXIA", "CHIRIPUA", "QUINAYAS", born="1988-04-23"),
            "d": someone("EUDOXIA", "CHIRIPUA", "QUINAYAS", born="1988-04-23", document=OTHER_PASSPORT),
        }
    )
    weights = dict(
        town.link().rows(
            "select identity_id_l || identity_id_r, match_weight from pair where match_key <> 'identical'"
        )
    )
    assert weights["cd"] > weights["ab"] + 4


def test_a_mother_is_known_by_name_and_document_alone() -> None:
    """Also where a spreadsheet dropped the zeros that the number begins with."""
    town = Town(
        {"a": someone(document=(PASSPORT, "001122334")), "b": someone(born=None, document=(None, "1122334"))}
    )
    assert town.link().together == groups("ab")


def test_twins_are_two_persons() -> None:
    town = Town(
        {
            "a": someone("LILIANA", records=3),
            "b": someone("MARIANELA", document=OTHER_PASSPORT, records=3),
        }
    )
    assert town.link().together == groups("a", "b")


def test_twins_are_two_though_a_surname_is_mistyped_or_the_birth_date_known_to_the_year() -> None:
    first = someone("LILIANA ROSA", "CHIRIPUA", "QUINAYAS")
    second = {"given": "LILIANA MARIANELA", "surname_2": "QUINAYAS", "document": OTHER_PASSPORT, "records": 3}
    mistyped = someone(**second, surname_1="CHIRIPU")
    rounded = someone(**second, surname_1="CHIRIPUA", born="1988-01-01", birth_date_precision="year")
    for other in (mistyped, rounded):
        linked = Town({"a": first, "b": other}).link()
        assert linked.together == groups("a", "b")
        assert linked.rows("select distinct rule from conflict") == [("twins",)]


def test_twins_whom_a_careless_record_ties_are_parted_again() -> None:
    """On one record the sister's document was keyed beside the wrong name."""
    town = Town(
        {
            "a": someone("LILIANA", records=3),
            "b": someone("MARIANELA", document=OTHER_PASSPORT, records=3),
            "c": someone("L", document=None),
        }
    )
    linked = town.link()
    people = linked.person_of
    assert people["a"] != people["b"]


def test_two_national_ids_are_two_persons_even_with_one_name_and_birth_date() -> None:
    town = Town(
        {
            "a": someone(citizenship="COL", document=(NATIONAL_ID, "1258970495")),
            "b": someone(citizenship="COL", document=(NATIONAL_ID, "1743170920")),
        }
    )
    linked = town.link()
    assert linked.together == groups("a", "b")
    assert linked.rows("select rule, detail from conflict") == [("two_national_ids", "parted")]


def test_a_registry_number_of_a_citizen_is_a_national_id_though_its_kind_is_untold() -> None:
    town = Town(
        {
            "a": someone(citizenship="COL", document=(NATIONAL_ID, "1258970495")),
            "b": someone(citizenship="COL", document=(None, "1743170920")),
        }
    )
    assert town.link().together == groups("a", "b")


def test_a_number_wrongly_keyed_as_a_national_id_parts_nobody() -> None:
    """A passport once taken for one, a number cut short, and somebody else's number on one record of many."""
    own = {"citizenship": "COL", "document": (NATIONAL_ID, "1258970495")}
    town = Town(
        {
            "a": someone(**own, records=3),
            "b": someone(citizenship="COL", document=(PASSPORT, "AX223344"), records=2),
            "c": someone(citizenship="COL", document=(NATIONAL_ID, "AX223344")),
            "d": someone(citizenship="COL", document=(NATIONAL_ID, "970495")),
            "e": someone(citizenship="COL", document=(NATIONAL_ID, "I2S897O49S")),
            "f": someone(citizenship="COL", document=(NATIONAL_ID, "52443311")),
            "g": someone(citizenship="COL", document=(None, "BY998877")),
        }
    )
    assert town.link().together == groups("abcdefg")


def test_a_citizen_with_the_national_ids_of_two_countries_is_one_person() -> None:
    """The civil registry does not say of which country the number is: of the one whose citizen was registered."""
    town = Town(
        {
            "a": someone(document=(NATIONAL_ID, "18642907"), records=2),
            "b": someone(citizenship="COL", document=(None, "1743170920"), records=2),
        }
    )
    assert town.link().together == groups("ab")


def test_a_year_mistyped_in_a_document_stands_on_all_its_records() -> None:
    town = Town(
        {
            "a": someone(records=3),
            "b": someone(born="1998-04-23", document=OTHER_PASSPORT, records=3),
            "c": someone("EUDOXIA", "CHIRIPUA", "QUINAYAS", document=(PASSPORT, "AA1"), records=3),
            "d": someone(
                "EUDOXIA", "CHIRIPUA", "QUINAYAS", born="1988-04-24", document=(PASSPORT, "BB2"), records=3
            ),
        }
    )
    assert town.link().together == groups("ab", "c", "d")


def test_a_day_or_month_mistyped_in_a_document_stands_on_all_its_records_and_parts_nobody() -> None:
    for mistyped in ("1988-04-13", "1988-07-23"):
        town = Town(
            {"a": someone(records=3), "b": someone(born=mistyped, document=OTHER_PASSPORT, records=3)}
        )
        assert town.link().together == groups("ab")


def test_father_and_son_of_one_name_are_two_though_each_was_seen_once() -> None:
    """Neither year nor month nor day of the birth dates agree: a mistyped date keeps some of it."""
    rare = ("EUDOXIO", "CHIRIPUA", "QUINAYAS")
    father = someone(*rare, born="1950-11-30")
    son = Town({"a": father, "b": someone(*rare, born="1988-04-23", document=OTHER_PASSPORT)})
    mistyped = Town({"a": father, "b": someone(*rare, born="1988-11-30", document=OTHER_PASSPORT)})
    assert son.link().together == groups("a", "b")
    assert mistyped.link().together == groups("ab")


def test_a_record_of_the_son_under_the_number_of_his_father_is_the_son_s() -> None:
    rare = ("EUDOXIO", "CHIRIPUA")
    father, son = (*rare, "QUINAYAS"), (*rare, "ZAMBRANO")
    town = Town(
        {
            "a": someone(*father, born="1950-11-30", records=3),
            "b": someone(*father, born="1950-11-03"),
            "c": someone(*son, born="1988-04-23", document=OTHER_PASSPORT, records=3),
            "d": someone(*son, born="1988-04-23"),
        }
    )
    assert town.link().together == groups("ab", "cd")


def test_a_sex_miscoded_on_a_document_parts_nobody_of_one_name_and_birth() -> None:
    other = {"sex": "1", "document": OTHER_PASSPORT, "records": 3}
    miscoded = Town({"a": someone("ANDREA", records=3), "b": someone("ANDREA", **other)})
    brother = Town({"a": someone("ANDREA", records=3), "b": someone("ANDREAS", **other)})
    assert miscoded.link().together == groups("ab")
    assert brother.link().together == groups("a", "b")


def test_the_words_of_a_name_in_other_columns_are_the_same_name() -> None:
    """The clerk went on in the column of the surnames, or took a particle for the beginning of one."""
    town = Town(
        {
            "a": someone("DANIELA RAQUEL", "MORENO", "COLMENARES"),
            "b": someone("MORENO COLMENARES", "DANIELA", "RAQUEL", document=OTHER_PASSPORT),
            "c": someone("DANIELA", "RAQUEL", "MORENO COLMENARES", document=(PPT, "5263179")),
        }
    )
    assert town.link().together == groups("abc")


def test_one_mistyped_birth_date_parts_nobody_and_two_that_stand_do() -> None:
    late = {"born": "1971-11-30", "document": OTHER_PASSPORT}
    rare = ("EUDOXIA", "CHIRIPUA", "QUINAYAS")
    once = Town({"a": someone(*rare, records=5), "b": someone(*rare, born="1971-11-30", records=1)})
    often = Town(
        {
            "a": someone(*rare, records=5),
            "b": someone(*rare, records=5, **late),
            "c": someone(*rare, born=None, document=(FOREIGNER_ID, "442639"), second=(PASSPORT, "112233445")),
        }
    )
    assert once.link().together == groups("ab")
    assert often.link().together == groups("ac", "b")


def test_nobody_crosses_a_border_after_death() -> None:
    town = Town(
        {"a": someone(), "b": someone(document=OTHER_PASSPORT)},
        crossings=[("b", "2022-03-01 10:00", "arrival", "RUMICHACA")],
        deaths={"a": "2020-06-15"},
    )
    linked = town.link()
    assert linked.together == groups("a", "b")
    assert linked.rows("select rule, identity_id_l, identity_id_r from conflict") == [
        ("after_death", "a", "b")
    ]


def test_a_crossing_shortly_after_a_death_is_an_error_of_dates() -> None:
    town = Town(
        {"a": someone(), "b": someone(document=OTHER_PASSPORT)},
        crossings=[("b", "2020-06-18 10:00", "departure", "RUMICHACA")],
        deaths={"a": "2020-06-15"},
    )
    assert town.link().together == groups("ab")


def test_a_death_and_a_later_crossing_on_one_document_stay_together_and_are_reported() -> None:
    town = Town(
        {"a": someone()},
        crossings=[("a", "2022-03-01 10:00", "arrival", "RUMICHACA")],
        deaths={"a": "2020-06-15"},
    )
    assert town.link().rows("select rule, detail from conflict") == [("after_death", "one identity")]


def test_nobody_is_at_two_posts_at_once() -> None:
    town = Town(
        {"a": someone(), "b": someone(document=OTHER_PASSPORT)},
        crossings=[
            ("a", "2022-03-01 10:00", "arrival", "RUMICHACA"),
            ("b", "2022-03-01 10:20", "arrival", "PARAGUACHON"),
        ],
    )
    linked = town.link()
    assert linked.together == groups("a", "b")
    assert linked.rows("select distinct rule from conflict") == [("two_places",)]


def test_journeys_that_cannot_be_one_part_two_people_of_like_names() -> None:
    """Two sisters of like names travel at overlapping times, each in and out by herself."""
    posts = "AEROPUERTO EL DORADO"
    trips = [
        ("a", "2021-01-10 08:00", "arrival", posts),
        ("b", "2021-01-20 08:00", "arrival", posts),
        ("a", "2021-02-10 08:00", "departure", posts),
        ("b", "2021-02-20 08:00", "departure", posts),
    ]
    sisters = {"a": someone("LILIANA", records=2), "b": someone("LILIAN", document=OTHER_PASSPORT, records=2)}
    assert Town(sisters).link().together == groups("ab")
    linked = Town(sisters, crossings=trips).link()
    assert linked.together == groups("a", "b")
    assert linked.rows("select distinct rule from conflict") == [("two_journeys",)]


def test_one_traveller_in_on_one_passport_and_out_on_the_other_stays_one() -> None:
    posts = "AEROPUERTO EL DORADO"
    trips = [
        ("a", "2021-01-10 08:00", "arrival", posts),
        ("b", "2021-02-10 08:00", "departure", posts),
        ("a", "2021-03-10 08:00", "arrival", posts),
        ("b", "2021-04-10 08:00", "departure", posts),
    ]
    names = {"a": someone("LILIANA", records=2), "b": someone("LILIAN", document=OTHER_PASSPORT, records=2)}
    assert Town(names, crossings=trips).link().together == groups("ab")


def test_reviewers_come_first() -> None:
    """They join what the model leaves apart and part what it joins, whatever the rules say."""
    identities = {
        "a": someone("MARIA", "RODRIGUEZ", "GOMEZ", born="1988-04-23"),
        "b": someone("MARIA", "RODRIGUEZ", "GOMEZ", born="1971-11-30", document=OTHER_PASSPORT),
        "c": someone("EUDOXIA", "CHIRIPUA", "QUINAYAS"),
        "d": someone("EUDOXIA", "CHIRIPUA", "QUINAYAS", document=(PASSPORT, "554433221")),
    }
    assert Town(identities).link().together == groups("a", "b", "cd")
    linked = Town(identities, decisions=[("a", "b", "same"), ("c", "d", "different")]).link()
    assert linked.together == groups("ab", "c", "d")
    assert dict(linked.rows("select identity_id, method from membership where length(identity_id) = 1")) == {
        "a": "decision",
        "b": "decision",
        "c": "exact",
        "d": "exact",
    }


def test_a_reviewer_parts_what_one_document_holds_together() -> None:
    """The records between the two show the same document: one decision is enough all the same."""
    identities = {
        "a": someone(),
        "b": someone("LILIAMA"),
        "c": someone("LILIANA MARIA"),
        "d": someone("LILIANNA"),
    }
    assert Town(identities).link().together == groups("abcd")
    parted = Town(identities, decisions=[("a", "c", "different")]).link()
    assert parted.person_of["a"] != parted.person_of["c"]
    assert len(parted.together) == 2


def test_the_last_decision_about_a_pair_holds() -> None:
    identities = {"a": someone(), "b": someone(document=OTHER_PASSPORT)}
    parted = Town(identities, decisions=[("a", "b", "different")])
    mended = Town(identities, decisions=[("a", "b", "different"), ("b", "a", "same")])
    assert parted.link().together == groups("a", "b")
    assert mended.link().together == groups("ab")


def test_a_person_is_what_most_records_say() -> None:
    town = Town(
        {
            "a": someone(born="1988-04-23", sex="2", records=5),
            "b": someone(born="1988-04-28", sex="1", records=1),
            "c": someone(born=None, sex=None, citizenship="ESP", records=1),
        },
        deaths={"a": "2023-06-15"},
        births=["a"],
    )
    (person,) = town.link().rows(
        """
        select sex, birth_date::varchar, birth_date_precision, citizenship_code, citizenships, death_date::varchar,
            birth_in_country, n_identity, n_record
        from person where n_identity = 3
        """
    )
    assert person == ("2", "1988-04-23", "day", "VEN", "ESP;VEN", "2023-06-15", True, 3, 5)


def test_twins_are_seen_through_one_record_that_errs() -> None:
    """Each has two records, and one of the second twin's has the birth date wrong: neither date stands more often."""
    identities = {
        "a": someone("ESTEBAN VICTOR", "BUSTAMANTE", "HERRERA", born="1968-07-14", sex="1", records=2),
        "b": someone(
            "ESTEBAN GONZALO", "BUSTAMANTE", "HERRERA", born="1968-07-13", sex="1", document=OTHER_PASSPORT
        ),
        "c": someone(
            "ESTEBAN GONZALO", "BUSTAMANTE", "HERRERA", born="1968-07-14", sex="1", document=OTHER_PASSPORT
        ),
    }
    linked = Town(identities).link()
    assert linked.together == groups("a", "bc")
    assert ("twins",) in linked.rows("select distinct rule from conflict")


def test_twins_of_two_names_that_many_families_give_are_two_however_like() -> None:
    """Elsewhere, and on a single record, PAOLA may be PAULA mistyped; and a name that nobody else bears is a slip."""
    families = ("SOTO", "RUIZ", "VEGA", "DIAZ", "MORA", "LEON", "TORRES", "GIL", "CRUZ", "RIOS")
    others = {
        f"{given} {surname}": someone(
            given, surname, born=f"19{year}-02-03", document=(PASSPORT, f"{given}{year}7")
        )
        for given in ("PAULA", "PAOLA")
        for year, surname in enumerate(families, 50)
    }

    def pair(other: str, records: int) -> bool:
        """Whether PAULA and the other, of one birth date and the same surnames, are one person."""
        town = Town(
            others
            | {
                "a": someone("PAULA", records=3),
                "b": someone(other, document=OTHER_PASSPORT, records=records),
            }
        )
        people = town.link().person_of
        return people["a"] == people["b"]

    assert not pair("PAOLA", records=2)
    assert pair("PAOLA", records=1)
    assert pair("PAULQ", records=2)

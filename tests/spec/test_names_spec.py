"""How names are standardised, by example: what an office writes, and what the register makes of it."""

from __future__ import annotations

import polars as pl
import pytest

from register.ingest.names import learn_name_frequencies, learn_surname_habits, standardise_names


def separate(given: str | None, surname_1: str | None, surname_2: str | None = None) -> dict[str, object]:
    raw = pl.DataFrame(
        {"given_name_raw": [given], "surname_1_raw": [surname_1], "surname_2_raw": [surname_2]},
        schema={"given_name_raw": pl.String, "surname_1_raw": pl.String, "surname_2_raw": pl.String},
    )
    return standardise_names(raw, "separate").row(0, named=True)


def one_column(name: str, layout: str, known: pl.DataFrame | None = None) -> dict[str, object]:
    return standardise_names(pl.DataFrame({"full_name_raw": [name]}), layout, known).row(0, named=True)


def parts(name: dict[str, object]) -> tuple[object, object, object]:
    return name["given_name"], name["surname_1"], name["surname_2"]


@pytest.mark.parametrize(
    ("written", "standard"),
    [
        (("María José", "Muñoz", "Ibáñez"), ("MARIA JOSE", "MUNOZ", "IBANEZ")),
        (("  ANA   LUCIA ", "PEÑA.", "D'Angelo"), ("ANA LUCIA", "PENA", "DANGELO")),
        (("José", "O Brien", "Mc Donald"), ("JOSE", "OBRIEN", "MCDONALD")),
        (("NuÃ±o", "NUÃ‘EZ", "IbÃ¡Ã±ez"), ("NUNO", "NUNEZ", "IBANEZ")),
        (("JOÃO", "CONCEIÇÃO", None), ("JOAO", "CONCEICAO", None)),
        (("ANGE-MARIE", "PETIT FRERE", None), ("ANGE MARIE", "PETIT", "FRERE")),
        (("Jürgen", "Groß", None), ("JURGEN", "GROSS", None)),
        (("R0SA", "PEREZ2", "G0MEZ"), ("ROSA", "PEREZ", "GOMEZ")),
        (("R05A", "8ENITE5", "ROJA5"), ("ROSA", "BENITES", "ROJAS")),
        (("BEGO¥A", "CEDE#O", "PENXXALVER"), ("BEGONA", "CEDENO", "PENALVER")),
        (("MA. FERNANDA", "HDEZ", "RDGUEZ"), ("MARIA FERNANDA", "HERNANDEZ", "RODRIGUEZ")),
        (("Dra. ANA", "ROJAS", "PAZ"), ("ANA", "ROJAS", "PAZ")),
        (("JUAN", "PEREZ JR.", None), ("JUAN", "PEREZ", None)),
        (("JUNIOR", "ROJAS", None), ("JUNIOR", "ROJAS", None)),
    ],
)
def test_writing_is_levelled(
    written: tuple[str, str, str | None], standard: tuple[str, str, str | None]
) -> None:
    assert parts(separate(*written)) == standard


@pytest.mark.parametrize(
    ("written", "surnames"),
    [
        (("DE LA CRUZ", "MUÑOZ"), ("DE LA CRUZ", "MUNOZ")),
        (("DE LEON ALTAMIRANO", None), ("DE LEON", "ALTAMIRANO")),
        (("FABIAN DE LA CRUZ", None), ("FABIAN", "DE LA CRUZ")),
        (("SAN MARTIN", "VALENTINA"), ("SAN MARTIN", "VALENTINA")),
        (("SAN MARTIN SANTA CRUZ", None), ("SAN MARTIN", "SANTA CRUZ")),
        (("VALENCIA SANTA", None), ("VALENCIA", "SANTA")),
        (("VAN DER HAMMEN LOPEZ", None), ("VAN DER HAMMEN", "LOPEZ")),
        (("MONTES DE OCA", "PONCE DE LEON"), ("MONTES DE OCA", "PONCE DE LEON")),
        (("MONTES DE OCA PEREZ", None), ("MONTES DE OCA", "PEREZ")),
        (("FERREIRA DOS SANTOS", None), ("FERREIRA", "DOS SANTOS")),
    ],
)
def test_particles_stay_with_their_surname(
    written: tuple[str, str | None], surnames: tuple[str, str | None]
) -> None:
    assert parts(separate("ANA", *written))[1:] == surnames


@pytest.mark.parametrize("joined", ["PEREZ-GOMEZ", "PEREZ GOMEZ", "PEREZ Y GOMEZ", "PEREZ  -  GOMEZ"])
def test_two_surnames_in_the_first_column_are_divided(joined: str) -> None:
    name = separate("ANA", joined)

    assert parts(name) == ("ANA", "PEREZ", "GOMEZ")
    assert name["name_flags"] == "surnames_split"


def test_a_double_surname_beside_a_second_one_stays_whole() -> None:
    assert parts(separate("ANA", "GARCIA-LORCA", "RIOS")) == ("ANA", "GARCIA LORCA", "RIOS")


def test_three_surnames_in_one_column_are_divided_after_the_first_and_doubted() -> None:
    name = one_column("GONZALEZ SANCHEZ PEREZ, MARIA TATIANA", "surnames_given")

    assert parts(name) == ("MARIA TATIANA", "GONZALEZ", "SANCHEZ PEREZ")
    assert name["name_doubt"]


@pytest.mark.parametrize(
    ("written", "surnames", "married"),
    [
        (("CASTILLO", "DE LONDOÑO"), ("CASTILLO", None), "LONDONO"),
        (("CASTILLO DE LONDOÑO", None), ("CASTILLO", None), "LONDONO"),
        (("CASTILLO", "ROJAS DE LONDOÑO"), ("CASTILLO", "ROJAS"), "LONDONO"),
        (("CASTILLO", "VDA. DE LONDOÑO"), ("CASTILLO", None), "LONDONO"),
        (("CASTILLO VIUDA DE LA HOZ", None), ("CASTILLO", None), "LA HOZ"),
        # Surnames with DE in their own right marry nobody.
        (("DE LEON", "DE JESUS"), ("DE LEON", "DE JESUS"), None),
        (("CASTILLO", "DE LA CRUZ"), ("CASTILLO", "DE LA CRUZ"), None),
        (("DE LONDOÑO", None), ("DE LONDONO", None), None),
    ],
)
def test_a_married_name_is_set_apart(
    written: tuple[str, str | None], surnames: tuple[str, str | None], married: str | None
) -> None:
    name = separate("DORIS", *written)

    assert parts(name)[1:] == surnames
    assert name["married_name"] == married


@pytest.mark.parametrize(
    "nothing",
    ["NN", "N.N.", "SIN NOMBRE", "NO REGISTRA", "SIN APELLIDO", "XX", "XXXX", "X", "ND", "N/A", "NO APLICA",
     ".", "-", "0", "DESCONOCIDO", "UNKNOWN", "FNU", "LNU", "***", "000"],
)  # fmt: skip
def test_placeholders_are_no_names(nothing: str) -> None:
    name = separate(nothing, nothing, nothing)

    assert parts(name) == (None, None, None)
    assert name["name_flags"] == "placeholder"


@pytest.mark.parametrize("blank", [None, "", "   "])
def test_blank_cells_are_no_names_and_no_fault(blank: str | None) -> None:
    name = separate(blank, blank, blank)

    assert parts(name) == (None, None, None)
    assert name["name_flags"] is None


def test_a_second_surname_without_a_first_moves_up() -> None:
    name = separate("JUAN", None, "LOPEZ")

    assert parts(name) == ("JUAN", "LOPEZ", None)
    assert name["name_flags"] == "surname_shifted"


@pytest.mark.parametrize(
    ("written", "standard", "doubt"),
    [
        ("JORGE GREGORY", ("JORGE", "GREGORY", None), False),
        ("LORENZO JUAN MENA QUISPE", ("LORENZO JUAN", "MENA", "QUISPE"), False),
        ("DANIEL JHON JAIRO VALENCIA SANTA", ("DANIEL JHON JAIRO", "VALENCIA", "SANTA"), False),
        ("DAVID DE JESUS", ("DAVID", "DE JESUS", None), False),
        ("DU HANG", ("DU", "HANG", None), False),
        ("MARIA DEL CARMEN LOPEZ", ("MARIA DEL CARMEN", "LOPEZ", None), False),
        ("MARIA DEL CARMEN LOPEZ PEREZ", ("MARIA DEL CARMEN", "LOPEZ", "PEREZ"), False),
        ("JOSE DE JESUS ROJAS PAZ", ("JOSE DE JESUS", "ROJAS", "PAZ"), False),
        ("JUAN DE LA CRUZ PEREZ", ("JUAN", "DE LA CRUZ", "PEREZ"), False),
        ("JUAN DE LA CRUZ PEREZ GOMEZ", ("JUAN DE LA CRUZ", "PEREZ", "GOMEZ"), False),
        ("ANA LOPEZ DE GARCIA", ("ANA", "LOPEZ", None), False),
        ("ANA LOPEZ VDA DE GARCIA", ("ANA", "LOPEZ", None), False),
        ("JUAN PEREZ-GOMEZ", ("JUAN", "PEREZ", "GOMEZ"), False),
        ("JOSE ORTEGA Y GASSET", ("JOSE", "ORTEGA", "GASSET"), False),
        ("PEREZ GOMEZ, JUAN", ("JUAN", "PEREZ", "GOMEZ"), False),
        # Three words: two surnames are likelier than two given names, but nobody can know.
        ("MARIA SAAVEDRA CORREA", ("MARIA", "SAAVEDRA", "CORREA"), True),
        ("CARLOS FERREIRA DOS SANTOS", ("CARLOS", "FERREIRA", "DOS SANTOS"), True),
        # One word is a surname, as in ICAO 9303.
        ("RONALDINHO", (None, "RONALDINHO", None), True),
    ],
)
def test_given_names_before_surnames(
    written: str, standard: tuple[str | None, str | None, str | None], doubt: bool
) -> None:
    name = one_column(written, "given_surnames")

    assert parts(name) == standard
    assert name["name_doubt"] == doubt


def test_the_extract_itself_teaches_what_is_a_surname() -> None:
    taught = pl.DataFrame(
        {
            "given_name_raw": ["MICHELLE", "SCOTT DAVID", "MARIA", "DAVID", "ANA"] * 20,
            "surname_1_raw": ["SMITH", "PEREZ", "SAAVEDRA", "ROJAS", "SAAVEDRA"] * 20,
            "surname_2_raw": [None, None, "CORREA", "PAZ", None] * 20,
        }
    )
    known = learn_name_frequencies([standardise_names(taught, "separate")])

    assert parts(one_column("MARIAH MICHELLE PATEL", "given_surnames", known)) == (
        "MARIAH MICHELLE",
        "PATEL",
        None,
    )
    certain = one_column("MARIA SAAVEDRA CORREA", "given_surnames", known)
    assert parts(certain) == ("MARIA", "SAAVEDRA", "CORREA")
    assert not certain["name_doubt"]
    assert parts(one_column("SAAVEDRA MARIA DAVID", "surnames_given", known)) == (
        "MARIA DAVID",
        "SAAVEDRA",
        None,
    )


def test_the_extract_itself_teaches_where_people_have_one_surname() -> None:
    taught = pl.DataFrame(
        {
            "given_name_raw": ["PETER", "ANA"] * 200,
            "surname_1_raw": ["SMITH", "ROJAS"] * 200,
            "surname_2_raw": [None, "PAZ"] * 200,
            "citizenship_code": ["USA", "COL"] * 200,
        }
    )
    habits = learn_surname_habits([standardise_names(taught, "separate")])
    same_text = pl.DataFrame(
        {"full_name_raw": ["EDGAR TODD ROYCE"] * 3, "citizenship_code": ["USA", "COL", None]}
    )

    names = standardise_names(same_text, "given_surnames", habits=habits)

    assert names["given_name"].to_list() == ["EDGAR TODD", "EDGAR", "EDGAR"]
    assert names["surname_1"].to_list() == ["ROYCE", "TODD", "TODD"]


@pytest.mark.parametrize(
    ("written", "standard"),
    [
        ("SAAVEDRA CORREA, MARIA", ("MARIA", "SAAVEDRA", "CORREA")),
        ("FERREIRA DOS SANTOS, CARLOS", ("CARLOS", "FERREIRA", "DOS SANTOS")),
        ("DE JESUS, DAVID", ("DAVID", "DE JESUS", None)),
        ("DE LA CRUZ DE LEON,MARIA DEL CARMEN", ("MARIA DEL CARMEN", "DE LA CRUZ", "DE LEON")),
        ("PEREZ,", (None, "PEREZ", None)),
        (", JUAN", ("JUAN", None, None)),
        # The comma is missing: two surnames, and the doubt kept.
        ("RODRIGUEZ PEREZ JUAN CARLOS", ("JUAN CARLOS", "RODRIGUEZ", "PEREZ")),
        ("RODRIGUEZ JUAN", ("JUAN", "RODRIGUEZ", None)),
        ("DE LA CRUZ PEREZ MARIA DEL CARMEN", ("MARIA DEL CARMEN", "DE LA CRUZ", "PEREZ")),
    ],
)
def test_surnames_before_given_names(
    written: str, standard: tuple[str | None, str | None, str | None]
) -> None:
    name = one_column(written, "surnames_given")

    assert parts(name) == standard
    assert name["name_doubt"] == ("," not in written)


@pytest.mark.parametrize(
    ("written", "standard", "flags"),
    [
        ("RODRIGUEZ<PEREZ<<JUAN<CARLOS", ("JUAN CARLOS", "RODRIGUEZ", "PEREZ"), None),
        ("RODRIGUEZ<PEREZ<<JUAN<CARLOS<<<<<<<<<<<", ("JUAN CARLOS", "RODRIGUEZ", "PEREZ"), None),
        ("P<COLMUNOZ<DE<LA<CRUZ<<MARIA<DEL<CARMEN<<<<<", ("MARIA DEL CARMEN", "MUNOZ", "DE LA CRUZ"), None),
        # ICAO 9303-3 section 6: Ñ is N or NXX, Ü is UE or UXX.
        ("MUNXXOZ<<BEGONXXA", ("BEGONA", "MUNOZ", None), None),
        ("MUXXLLER<<JUXXRGEN", ("JURGEN", "MULLER", None), None),
        ("R0JAS<<MAR1A", ("MARIA", "ROJAS", None), "digits"),
        ("PAPANDROPOULOS<<JONATHON<ALEC<<<<<<<<<<", ("JONATHON ALEC", "PAPANDROPOULOS", None), None),
        (
            "RODRIGUEZ<VILLAVICENCIO<<MAXIMILIANO<AL",
            ("MAXIMILIANO AL", "RODRIGUEZ", "VILLAVICENCIO"),
            "truncated",
        ),
        ("ARKFREITH<<<<<<<<<<", (None, "ARKFREITH", None), "no_given;single_name"),
    ],
)
def test_machine_readable_zone(
    written: str, standard: tuple[str | None, str | None, str | None], flags: str | None
) -> None:
    name = one_column(written, "mrz")

    assert parts(name) == standard
    assert name["name_flags"] == flags


def test_a_transliteration_has_the_key_of_the_original() -> None:
    plain, transliterated = one_column("Hans Müller", "given_surnames"), one_column("MUELLER<<HANS", "mrz")

    assert plain["surname_1"] != transliterated["surname_1"]
    assert plain["surname_1_key"] == transliterated["surname_1_key"]


def test_portuguese_order_puts_the_fathers_surname_first() -> None:
    raw = pl.DataFrame(
        {
            "given_name_raw": ["CARLOS", "MARIA EDUARDA", "ANA"],
            "surname_1_raw": ["FERREIRA DOS SANTOS", "da Silva Costa Pereira Filho", "SOUZA E MELO"],
        }
    )

    names = standardise_names(raw, "portuguese")

    assert names["surname_1"].to_list() == ["DOS SANTOS", "PEREIRA", "MELO"]
    assert names["surname_2"].to_list() == ["FERREIRA", "DA SILVA COSTA", "SOUZA"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("VELASQUEZ", "BELASQUES"), ("GONZALEZ", "GONSALES"), ("CEDENO", "SEDENO"), ("HERNANDEZ", "ERNANDES"),
        ("JIMENEZ", "GIMENES"), ("QUISPE", "KISPE"), ("LLANOS", "YANOS"), ("GUAMAN", "HUAMAN"),
        ("WAMAN", "HUAMAN"), ("STEPHANY", "STEFANI"), ("JESSICA", "YESICA"), ("JHON", "JON"),
        ("XIMENA", "JIMENA"), ("DE LA CRUZ", "CRUZ"), ("CAMPOS", "CANPOS"), ("FRANSHESKA", "FRANCHESCA"),
        ("MACIAS", "MASIAS"),
    ],
)  # fmt: skip
def test_spanish_spellings_of_one_sound_share_a_key(one: str, other: str) -> None:
    assert separate("ANA", one)["surname_1_key"] == separate("ANA", other)["surname_1_key"]


@pytest.mark.parametrize(
    ("one", "other"), [("PEREZ", "PARRA"), ("ROJAS", "ROSAS"), ("LEON", "LUNA"), ("GIL", "GUIL")]
)
def test_other_sounds_have_other_keys(one: str, other: str) -> None:
    assert separate("ANA", one)["surname_1_key"] != separate("ANA", other)["surname_1_key"]


def test_the_first_two_given_names_leave_particles_out() -> None:
    name = separate("María de los Ángeles Lucía", "PAZ")

    assert (name["given_name"], name["given_1"], name["given_2"]) == (
        "MARIA DE LOS ANGELES LUCIA",
        "MARIA",
        "ANGELES",
    )

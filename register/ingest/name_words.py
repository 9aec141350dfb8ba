"""The words that names are made of: particles, titles, suffixes, abbreviations, placeholders.

Everything here is written as :func:`register.ingest.name_text.clean` leaves text: upper case,
ASCII, single spaces. The lists are knowledge about how names are written in Spanish- and
Portuguese-speaking registers, not about one country or one extract.
"""

from __future__ import annotations


def _listed(text: str) -> tuple[str, ...]:
    """Read a list written with commas over several lines."""
    return tuple(" ".join(item.split()) for item in text.split(","))


# Bound to the word that follows: "DE LA CRUZ" is one surname of three words.
PARTICLES = _listed("""
    DE, DEL, DELA, DELOS, LA, LAS, LOS, DA, DAS, DO, DOS, DI, DELLA, DEGLI, DU, DES, LE, VAN, VON, VOM,
    ZU, TER, TEN, DER, DEN, AL, EL, BIN, IBN, MC, MAC
""")

# "SAN MARTIN" is one surname; "SANTA" alone is one too, so it binds only to saints that are surnames.
SAINTS = "SAN"
SANTA_SURNAMES = _listed("""
    MARIA, CRUZ, ANA, ROSA, FE, COLOMA, OLALLA, EULALIA, LUCIA
""")

# "DE X" in the place of a second surname is a married name ("CASTILLO DE LONDONO"), unless X is here:
# these are surnames written with DE in their own right.
TRUE_DE = _listed("""
    ABREU, ALBA, ALMEIDA, ALVEAR, ANDA, ANDRADE, ANGEL, ARAUJO, ARCE, ARCO, ARCOS, ARMAS, AVILA, AZEVEDO,
    BARROS, BOER, BRIGARD, BRITO, CAMARGO, CARVALHO, CASTRO, DIEGO, DIOS, FARIA, FARIAS, FEX, FRANCISCO,
    FREITAS, FIGUEIREDO, GANTE, GOUVEIA, GREIFF, GUZMAN, HARO, HOYOS, JESUS, JONG, JONGH, KLERK, LAVALLE,
    LEMA, LEMOS, LEON, LIMA, LIS, LISBOA, LUCA, LUNA, LUQUE, MARCHI, MARCO, MARCOS, MATOS, MELO, MENEZES,
    MIER, MIGUEL, MORAES, MORAIS, MOURA, NOVAES, OLIVEIRA, ORO, OCA, PABLO, PABLOS, PAIVA, PAULA, PAZ,
    PEDRO, QUEIROZ, ROSA, ROUX, SA, SALES, SANTIAGO, SANTIS, SILVA, SIQUEIRA, SOTO, SOUSA, SOUZA, TORO,
    VEGA, VILLA, VIVERO, VIVO, VRIES, WIT, ZAN, ZUBIRIA, PAOLI, FINA, ROSSI, MARTINO, SIMONE, SANCTIS,
    STEFANO, ANGELIS, GRACIA
""")

# Compound surnames whose DE joins and does not marry.
COMPOUND_SURNAMES = _listed("""
    MONTES DE OCA, PONCE DE LEON, LADRON DE GUEVARA, HURTADO DE MENDOZA, CABEZA DE VACA,
    FERNANDEZ DE CORDOBA, FERNANDEZ DE CASTRO, LOPEZ DE MESA, LOPEZ DE MEZA, SAENZ DE SANTAMARIA,
    DIAZ DE VIVAR, RUIZ DE GAMBOA, SAENZ DE VITERI, GARCIA DE PAREDES, MARTINEZ DE PISON,
    NUNEZ DE BALBOA, PEREZ DE ARCE, PEREZ DE CUELLAR, DIEZ DE MEDINA, BELTRAN DE HEREDIA
""")

# What follows MARIA, JOSE, JUAN ... inside a given name: "MARIA DEL CARMEN". Those of the second
# list are common surnames as well and count as given only when two more words follow.
COMPOUND_GIVEN_HEADS = _listed("""
    MARIA, JOSE, JUAN, ANA, ROSA, LUZ, FLOR, CARMEN, BLANCA, GLORIA, ALBA, LUIS, MANUEL, MIGUEL, NUESTRA,
    VIRGEN, YOLANDA, NORMA, MARTHA, MARTA, SANDRA, NANCY, PEDRO, JORGE, CARLOS, FRANCISCO, ANTONIO,
    ISABEL, TERESA, JULIA, ELENA, SOR
""")
COMPOUND_GIVEN_TAILS = _listed("""
    DEL CARMEN, DEL PILAR, DEL ROSARIO, DEL SOCORRO, DEL MAR, DEL CONSUELO, DEL TRANSITO, DEL AMPARO,
    DEL REFUGIO, DEL SAGRARIO, DEL SOL, DEL CIELO, DEL ROCIO, DEL MILAGRO, DEL PERPETUO SOCORRO,
    DE JESUS, DE DIOS, DE LOURDES, DE FATIMA, DE GUADALUPE, DE BELEN, DE LOS ANGELES, DE LOS DOLORES,
    DE LOS SANTOS, DE LAS MERCEDES, DE LAS NIEVES, DE LAS GRACIAS, DE LOS REYES, DE LA LUZ,
    DE LA CONCEPCION, DE LA CARIDAD, DE LA MERCED, DE LA ASUNCION, DE LA TRINIDAD, DE LA CONSOLACION,
    DE LA SALUD, DE LA ESPERANZA, DE MONTSERRAT, DE SAN JOSE
""")
COMPOUND_GIVEN_DOUBTFUL_TAILS = _listed("""
    DE LA CRUZ, DEL VALLE, DE LA ROSA, DE LA PAZ, DE LEON, DEL RIO, DE LA VEGA
""")

TITLES = _listed("""
    DR, DRA, SR, SRA, SRTA, ING, LIC, DON, DONA, MR, MRS, MS, MISS, MISTER, PROF, REV, PBRO, SENOR,
    SENORA, SENORITA, MME, MLLE, CAP, GRAL, CNEL, HNO, HNA
""")

# At the end of a name and not part of it. JUNIOR is also a given name, so it is only dropped after surnames.
SUFFIXES: tuple[str, ...] = ("JR", "SR", "II", "III", "IV")
SURNAME_SUFFIXES: tuple[str, ...] = (*SUFFIXES, "JUNIOR", "SENIOR", "FILHO", "NETO", "NETA", "SOBRINHO")

# What announces a husband's name in a surname: "LOPEZ VDA DE ROJAS", "LOPEZ V. DE ROJAS".
WIDOW_WORDS = _listed("VDA, VIUDA, VDO, VIUDO, SRA, SENORA, ESPOSA")
WIDOW = rf"(?:(?:{'|'.join(WIDOW_WORDS)})(?: DE)?|V DE)"

# Usual abbreviations in registers; only whole words.
SURNAME_ABBREVIATIONS: dict[str, str] = {
    "HDEZ": "HERNANDEZ",
    "HDZ": "HERNANDEZ",
    "HNDEZ": "HERNANDEZ",
    "GLEZ": "GONZALEZ",
    "GLZ": "GONZALEZ",
    "GZLEZ": "GONZALEZ",
    "RDGUEZ": "RODRIGUEZ",
    "RGUEZ": "RODRIGUEZ",
    "RGEZ": "RODRIGUEZ",
    "RDZ": "RODRIGUEZ",
    "FDEZ": "FERNANDEZ",
    "FDZ": "FERNANDEZ",
    "MTNEZ": "MARTINEZ",
    "MTEZ": "MARTINEZ",
    "MTZ": "MARTINEZ",
    "SCHEZ": "SANCHEZ",
    "SNCHEZ": "SANCHEZ",
    "GTZ": "GUTIERREZ",
    "GTEZ": "GUTIERREZ",
    "JMNEZ": "JIMENEZ",
    "DGUEZ": "DOMINGUEZ",
    "VZQUEZ": "VAZQUEZ",
    "LPZ": "LOPEZ",
    "PRZ": "PEREZ",
}
GIVEN_ABBREVIATIONS: dict[str, str] = {
    "MA": "MARIA",
    "FCO": "FRANCISCO",
    "FCA": "FRANCISCA",
    "GPE": "GUADALUPE",
    "ALEJ": "ALEJANDRO",
    "STGO": "SANTIAGO",
}

# A whole cell that says there is no name.
PLACEHOLDERS = _listed("""
    NN, N N, N, X, N A, ND, N D, SN, S N, S A, S D, S I, NR, N R, RN, R N, SIN NOMBRE, SIN NOMBRES,
    SIN APELLIDO, SIN APELLIDOS, SIN PRIMER APELLIDO, SIN SEGUNDO APELLIDO, SIN SEGUNDO NOMBRE, SIN DATO,
    SIN PADRE, SIN MADRE, PADRE DESCONOCIDO, MADRE DESCONOCIDA, NO RECONOCIDO, NO RECONOCIDA, NO DECLARA,
    NO DECLARADO, NO DECLARADA,
    SIN DATOS, SIN INFORMACION, SIN IDENTIFICAR, NO REGISTRA, NO REGISTRADO, NO REGISTRADA, NO APLICA,
    NO TIENE, NO POSEE, NO INFORMA, NO INFORMADO, NO INFORMADA, NO REPORTA, NO CONSTA, NO DISPONIBLE,
    NO DICE, NO DEFINIDO, NO SABE, NO SE SABE, NO FIGURA, NO EXISTE, NINGUNO, NINGUNA, NULL, NULO, NONE,
    NIL, NAN, VACIO, DESCONOCIDO, DESCONOCIDA, SE DESCONOCE, IGNORADO, IGNORADA, ILEGIBLE, UNKNOWN, UNK,
    NO NAME, NO GIVEN NAME, NO SURNAME, NO LAST NAME, NOT AVAILABLE, NOT APPLICABLE, RECIEN NACIDO,
    RECIEN NACIDA, HIJO DE, HIJA DE, NOMBRE, NOMBRES, APELLIDO, APELLIDOS, PRIMER APELLIDO,
    SEGUNDO APELLIDO, FNU, LNU, NO, PENDIENTE
""")
# The same inside a longer cell, where only what cannot be a name is taken out.
PLACEHOLDER_WORDS = "NN|FNU|LNU|X{2,}"
# A child not yet named goes by its mother: "HIJA DE MARIA PEREZ", "RN VARON".
UNNAMED_CHILD = (
    "^(?:RN|R N|RECIEN NACID[OA]|HIJ[OA]) (?:DEL?|VARON|HEMBRA|HOMBRE|MUJER|MASCULINO|FEMENINO)(?: |$)"
)

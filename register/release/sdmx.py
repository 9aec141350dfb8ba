"""The release in SDMX: data as SDMX-CSV 2.0, structures as SDMX-ML 3.0 and SDMX-JSON 2.0.

There is no global structure definition for migration: ours stands on the cross-domain code lists (CL_AREA, CL_SEX,
CL_AGE, CL_OBS_STATUS, CL_CONF_STATUS), with one data structure and one dataflow a table. pysdmx writes one
language of a name: the first language of the release is the name, the second the description; ``csv/codes.csv``
has both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from pysdmx.io import write_sdmx
from pysdmx.io.format import Format
from pysdmx.model import (
    Code,
    Codelist,
    Component,
    Components,
    Concept,
    ConceptScheme,
    Dataflow,
    DataStructureDefinition,
    DataType,
    ItemReference,
    Role,
)

from register.release.declaration import TOTAL, Releases
from register.release.published import Published

AGENCY = "REGISTER"
FIXED = {
    "REF_AREA": "CL_AREA",
    "FREQ": "CL_FREQ",
    "OBS_STATUS": "CL_OBS_STATUS",
    "CONF_STATUS": "CL_CONF_STATUS",
}
OWN_LISTS = {"SEX": "CL_SEX", "AGE": "CL_AGE", "CITIZENSHIP": "CL_AREA", "COUNTRY_BIRTH": "CL_AREA",
             "COUNTERPART_AREA": "CL_AREA"}  # fmt: skip
MEASURE = "OBS_VALUE"
ATTRIBUTES = {"STANDARD_ERROR": DataType.DOUBLE, "SHARE_FINAL": DataType.DOUBLE}
TEXTS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "CL_FREQ": {"A": ("Anual", "Annual"), "M": ("Mensual", "Monthly")},
    "CL_OBS_STATUS": {
        "A": ("Valor normal, definitivo", "Normal value, final"),
        "P": ("Provisional", "Provisional value"),
        "E": ("Estimado", "Estimated value"),
    },
    "CL_CONF_STATUS": {
        "F": ("Libre de publicación", "Free for publication"),
        "C": ("Información estadística confidencial", "Confidential statistical information"),
    },
}
CONCEPTS: Mapping[str, tuple[str, str]] = {
    "FREQ": ("Frecuencia", "Frequency"),
    "REF_AREA": ("Área de referencia", "Reference area"),
    "TIME_PERIOD": ("Período", "Time period"),
    "OBS_VALUE": ("Valor", "Observation value"),
    "OBS_STATUS": ("Estado de la observación", "Observation status"),
    "CONF_STATUS": ("Confidencialidad", "Confidentiality status"),
    "STANDARD_ERROR": ("Error estándar", "Standard error"),
    "SHARE_FINAL": ("Parte definitiva", "Share that is final"),
}


def write_sdmx_files(tables: Sequence[Published], releases: Releases, country: str, folder: Path) -> None:
    """Write one CSV a table and the structures of all."""
    folder.mkdir(parents=True, exist_ok=True)
    writer = _Writer(releases, country)
    for one in tables:
        writer.data(one).write_csv(folder / f"{one.table.name}.csv")
    structures = writer.structures(tables)
    for form, name in (
        (Format.STRUCTURE_SDMX_ML_3_0, "structures.xml"),
        (Format.STRUCTURE_SDMX_JSON_2_0_0, "structures.json"),
    ):
        write_sdmx(structures, form, str(folder / name))
    _drop_empty_groups(folder / "structures.json")


def _drop_empty_groups(path: Path) -> None:
    """Take out the empty lists of groups that pysdmx writes and the schema of SDMX-JSON forbids."""
    message = json.loads(path.read_text("utf-8"))
    for structure in message["data"].get("dataStructures", []):
        if not structure["dataStructureComponents"].get("groups", True):
            del structure["dataStructureComponents"]["groups"]
    path.write_text(json.dumps(message, ensure_ascii=False, indent=1), "utf-8")


class _Writer:
    def __init__(self, releases: Releases, country: str) -> None:
        self.releases = releases
        frame = releases.schema.codelist("country")
        pairs = zip(frame["code"], frame["alpha_2"], strict=True)
        # CL_AREA has the two-letter codes of ISO 3166.
        self.area = {code: short for code, short in pairs if short}
        self.country = self.area.get(country, country)
        # A country that two codes name would be two rows of one key.
        shorts = list(self.area.values())
        self.area = {code: short for code, short in self.area.items() if shorts.count(short) == 1}

    def list_of(self, dimension: str) -> str:
        concept = self.releases.dimensions[dimension].concept
        return "CL_NATIONALITY" if dimension == "nationality" else OWN_LISTS.get(concept, f"CL_{concept}")

    def recode(self, dimension: str, column: pl.Expr) -> pl.Expr:
        return column.replace(self.area) if self.list_of(dimension) == "CL_AREA" else column

    def component(self, dimension: str) -> str:
        return self.releases.dimensions[dimension].concept

    def data(self, one: Published) -> pl.DataFrame:
        table = one.table
        monthly = "year_month" in table.dimensions
        return one.frame.select(
            pl.lit("dataflow").alias("STRUCTURE"),
            pl.lit(f"{AGENCY}:{table.name.upper()}(1.0)").alias("STRUCTURE_ID"),
            pl.lit("I").alias("ACTION"),
            pl.lit("M" if monthly else "A").alias("FREQ"),
            pl.lit(self.country).alias("REF_AREA"),
            *(
                self.recode(name, pl.col(name)).alias(self.component(name))
                for name in sorted(table.dimensions, key=lambda name: self.component(name) == "TIME_PERIOD")
            ),
            pl.col("value").alias(MEASURE),
            pl.col("obs_status").alias("OBS_STATUS"),
            pl.col("conf_status").alias("CONF_STATUS"),
            pl.col("standard_error").alias("STANDARD_ERROR"),
            pl.col("share_final").alias("SHARE_FINAL"),
        )

    def structures(self, tables: Sequence[Published]) -> list[Any]:
        lists = self.codelists(tables)
        names = {
            self.component(name): self.releases.dimensions[name].label
            for t in tables
            for name in t.table.dimensions
        }
        texts = {key: {"es": es, "en": en} for key, (es, en) in CONCEPTS.items()}
        concepts = {
            key: Concept(id=key, name=text["es"], description=text["en"])
            for key, text in {**names, **texts}.items()
        }
        scheme = ConceptScheme(
            id="CS_MIGRATION",
            name="Conceptos",
            description="Concepts",
            agency=AGENCY,
            items=list(concepts.values()),
        )
        found: list[Any] = [*lists.values(), scheme]
        for one in tables:
            dsd = self.structure(one, lists)
            name = one.table.title
            flow = Dataflow(
                id=one.table.name.upper(),
                name=name["es"],
                description=name["en"],
                agency=AGENCY,
                structure=dsd,
            )
            found += [dsd, flow]
        return found

    def structure(self, one: Published, lists: Mapping[str, Codelist]) -> DataStructureDefinition:
        def coded(key: str, name: str, role: Role, level: str | None = None) -> Component:
            return Component(
                id=key, required=role is Role.DIMENSION, role=role, concept=_concept(key), local_codes=lists[name],
                attachment_level=level,
            )  # fmt: skip

        table = one.table
        dimensions = [coded(key, FIXED[key], Role.DIMENSION) for key in ("FREQ", "REF_AREA")]
        dimensions += [
            coded(self.component(name), self.list_of(name), Role.DIMENSION)
            for name in table.dimensions
            if self.component(name) != "TIME_PERIOD"
        ]
        time = Component(
            id="TIME_PERIOD", required=True, role=Role.DIMENSION, concept=_concept("TIME_PERIOD"),
            local_dtype=DataType.PERIOD,
        )  # fmt: skip
        measure = Component(
            id=MEASURE,
            required=False,
            role=Role.MEASURE,
            concept=_concept(MEASURE),
            local_dtype=DataType.DOUBLE,
        )
        attributes = [coded(key, FIXED[key], Role.ATTRIBUTE, "O") for key in ("OBS_STATUS", "CONF_STATUS")]
        attributes += [
            Component(
                id=key,
                required=False,
                role=Role.ATTRIBUTE,
                concept=_concept(key),
                local_dtype=kind,
                attachment_level="O",
            )
            for key, kind in ATTRIBUTES.items()
        ]
        return DataStructureDefinition(
            id=f"DSD_{table.name.upper()}",
            name=table.title["es"],
            description=table.title["en"],
            agency=AGENCY,
            components=Components([*dimensions, time, measure, *attributes]),
        )

    def codelists(self, tables: Sequence[Published]) -> dict[str, Codelist]:
        labels: dict[str, dict[str, tuple[str, str]]] = {name: dict(codes) for name, codes in TEXTS.items()}
        area = labels.setdefault("CL_AREA", {})
        place = {short: code for code, short in self.area.items()}
        own = place.get(self.country, self.country)
        area[self.country] = tuple(self.releases.label("citizenship", own, lang) for lang in ("es", "en"))  # type: ignore[assignment]
        for one in tables:
            for dimension in one.table.dimensions:
                if self.component(dimension) == "TIME_PERIOD":
                    continue
                into = labels.setdefault(self.list_of(dimension), {})
                for code in [TOTAL, *sorted(one.frame[dimension].unique().to_list())]:
                    text = tuple(self.releases.label(dimension, code, lang) for lang in ("es", "en"))
                    key = self.area.get(code, code) if self.list_of(dimension) == "CL_AREA" else code
                    into[key] = text  # type: ignore[assignment]
        return {
            name: Codelist(
                id=name,
                name=name,
                agency=AGENCY,
                items=[Code(id=code, name=es, description=en) for code, (es, en) in sorted(codes.items())],
            )
            for name, codes in labels.items()
        }


def _concept(key: str) -> ItemReference:
    return ItemReference(sdmx_type="Concept", agency=AGENCY, id="CS_MIGRATION", version="1.0", item_id=key)

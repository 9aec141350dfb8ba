"""Explanations in sentences, for whoever must answer for a figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict

from register.console import INTERVAL_95
from register.link.words import Words
from register.locale.numbers import decimal, number
from register.page.weights import Bar, bits, waterfall
from register.trace.cell import CellExplanation
from register.trace.pair import PairExplanation
from register.trace.records import Conflict, Made, Record
from register.trace.weigh import Step, Weighed

Text = Callable[..., str]
#: Units of a cell, and records of a person, that are listed on a terminal.
MANY = 40
#: Smaller than this, in bits, a part of a weight is not told.
LEAST = 0.05
WIDE = 46


class Teller:
    """Tells explanations in a language.

    Parameters
    ----------
    words
        For levels and rules.
    text
        Texts of the catalogue.
    labels
        Labels of codes: source, then role.
    """

    def __init__(self, words: Words, text: Text, labels: Mapping[str, str]) -> None:
        self.words = words
        self.text: Text = lambda key, **values: text(f"trace.{key}", **values)
        self.labels = labels
        self.language = words.language

    def bits(self, value: float) -> str:
        """Return a weight."""
        return bits(value, self.language)

    def percent(self, share: float) -> str:
        """Return a probability, never rounded to certainty."""
        digits = 4 if share > 0.9999 else 2
        shown = min(100 * share, 100 - 10**-digits) if share < 1 else 100.0
        return f"{decimal(shown, digits, self.language)}\u00a0%"

    # Pairs

    def pair(self, found: PairExplanation) -> Iterator[str]:
        """Tell a pair."""
        weighed = found.weighed
        yield self.text("pair_head", one=weighed.identity_id_l, other=weighed.identity_id_r, run=found.run)
        yield ""
        yield from self._outcome(found)
        yield ""
        if weighed.is_identical:
            yield self.text("identical")
        else:
            yield from self._waterfall(weighed)
            yield ""
            yield self._verdict(found)
            yield self._blocks(found)
        if found.via:
            way = " ".join(f"-({self.bits(weight)})- {there}" for _, there, weight in found.via)
            yield self.text("via", way=f"{found.via[0][0]} {way}")
        elif found.is_one and found.weighed.weight < found.link:
            yield self.text("no_way")
        yield from self.conflicts(found.conflicts)
        for judged in found.judged:
            said = self.text(f"judged_{judged.judgement}" if judged.judgement else "judged_disagreed")
            yield self.text("judged", who=", ".join(judged.who), at=judged.at[:10], said=said)
        yield ""
        for identity in (weighed.identity_id_l, weighed.identity_id_r):
            yield self.text("records_of", identity=identity)
            yield from self._records([r for r in found.records if r.identity_id == identity])

    def _outcome(self, found: PairExplanation) -> Iterator[str]:
        if found.is_one:
            method = "decision" if "decision" in found.methods else "model"
            yield self.text("one_person", person=found.persons[0])
            if method == "decision":
                yield self.text("by_decision")
        else:
            yield self.text("two_persons", one=found.persons[0], other=found.persons[1])

    def _waterfall(self, weighed: Weighed) -> Iterator[str]:
        running = 0.0
        for bar in self._bars(weighed):
            running += bar.value
            yield f"  {bar.label:<28} {bar.note:<{WIDE}} {self.bits(bar.value):>7} {self.bits(running):>8}"
        yield f"  {self.text('total'):<28} {'':<{WIDE}} {'':>7} {self.bits(weighed.weight):>8}"

    def _bars(self, weighed: Weighed) -> list[Bar]:
        """Return the steps of a weight: what it is of, how alike the two are, bits."""
        return [Bar(self.text("prior"), weighed.prior, self.text("prior_note"))] + [
            Bar(self.words.concept(step.concept), step.weight + step.rarity, self._alike(step))
            for step in weighed.steps
        ]

    def _alike(self, step: Step) -> str:
        if step.level is None:
            return self.text("untold")
        said = self.words.level(step.concept, step.level)
        if abs(step.rarity) < LEAST:
            return said
        return f"{said}, {self.text('rare' if step.rarity > 0 else 'common')}"

    def _verdict(self, found: PairExplanation) -> str:
        weight = found.weighed.weight
        key = "above" if weight >= found.link else "between" if weight >= found.review else "below"
        return self.text(
            key,
            weight=self.bits(weight),
            probability=self.percent(found.weighed.probability),
            link=number(found.link, self.language),
            review=number(found.review, self.language),
        )

    def _blocks(self, found: PairExplanation) -> str:
        if not found.blocks:
            return self.text("no_block")
        return self.text("blocks", blocks="; ".join(self.words.block(block) for block in found.blocks))

    def conflicts(self, found: list[Conflict]) -> Iterator[str]:
        """Tell conflicts, each rule once for each outcome."""
        counts: dict[tuple[str, str], int] = {}
        for conflict in found:
            key = (conflict.rule, conflict.detail)
            counts[key] = counts.get(key, 0) + 1
        for (rule, detail), many in counts.items():
            outcome = "parted" if detail == "parted" else "kept"
            yield self.text(f"conflict_{outcome}", rule=self.words.rule(rule), many=many)

    def _records(self, records: list[Record]) -> Iterator[str]:
        for record in records[:MANY]:
            source, role = (self.labels.get(code, code) for code in (record.source, record.role))
            where = f"{record.source}:{record.name}:{record.role}"
            yield self.text("record", on=record.on or "?", source=source, role=role, where=where)
        if len(records) > MANY:
            yield self.text("more", many=len(records) - MANY)

    def picture(self, found: PairExplanation) -> str:
        """Return the waterfall of a pair as an SVG file."""
        weighed = found.weighed
        title = self.text("pair_head", one=weighed.identity_id_l, other=weighed.identity_id_r, run=found.run)
        marks = {self.text("threshold", value=number(found.link, self.language)): found.link}
        about = self._verdict(found)
        svg = waterfall("pair", title, about, self._bars(weighed), self.text("total"), marks, self.language)
        return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n"

    # Persons

    def made(self, person: str, found: Made) -> Iterator[str]:
        """Tell how a person is made."""
        yield ""
        yield self.text(
            "made_head",
            person=person,
            identities=len(found.methods),
            records=len(found.records),
            links=found.n_links,
        )
        for identity, method in found.methods.items():
            yield ""
            yield self.text("identity", identity=identity, method=self.text(f"method_{method}"))
            yield from self._records([record for record in found.records if record.identity_id == identity])
        if found.corrections:
            yield ""
            yield self.text("corrected_head")
        for one in found.corrections[:MANY]:
            columns = one.changed_columns.replace(";", ", ")
            yield self.text("corrected", columns=columns, **asdict(one))
        if found.links:
            yield ""
            yield self.text("links_head")
        for weighed in found.links:
            yield self._link(weighed)
        if found.conflicts:
            yield ""
        yield from self.conflicts(found.conflicts)

    def _link(self, weighed: Weighed) -> str:
        both = f"{weighed.identity_id_l} – {weighed.identity_id_r}"
        if weighed.is_identical:
            return f"  {both}: {self.text('identical')}"
        steps = [f"{self.text('prior')} {self.bits(weighed.prior)}"]
        steps += [
            f"{self.words.concept(step.concept)} {self._alike(step)} {self.bits(step.weight + step.rarity)}"
            for step in weighed.steps
            if step.level is not None
        ]
        return f"  {both}: {self.bits(weighed.weight)} = {' · '.join(steps)}"

    # Cells

    def cell(self, found: CellExplanation) -> Iterator[str]:
        """Tell a cell."""
        place = ", ".join(f"{name}: {label}" for name, label in found.labels.items())
        yield self.text("cell_head", title=found.title, place=place, run=found.run)
        yield self.text(
            "cell_sum",
            estimate=self._decimal(found.estimate),
            half=self._decimal(INTERVAL_95 * found.standard_error),
            final=found.n_final,
            open=found.n_open,
            open_sum=self._decimal(found.estimate - found.n_final),
        )
        if found.published is not None:
            value = found.published["value"]
            if value in (None, ""):
                yield self.text("cell_withheld")
            else:
                yield self.text("cell_published", value=number(float(value), self.language))
        yield ""
        for unit in found.units[:MANY]:
            status = self.text("final") if unit["is_final"] else self.percent(unit["share"])
            records = ", ".join(unit["records"]) or self.text(
                "no_record", around=" … ".join(unit["around"]) or "–"
            )
            yield f"  {unit['day'] or self.text('before')}  {unit['person_id']}  {status:<10}  {records}"
        if len(found.units) > MANY:
            yield self.text("more_units", many=len(found.units) - MANY)
        yield ""
        yield self.text("cell_hint")

    def _decimal(self, value: float) -> str:
        return number(round(value, 1), self.language)

"""A trial in words, for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from register.console import Console
from register.locale.numbers import decimal, number
from register.tune.run import Tuning

#: Groups and pairs that are listed on a terminal.
SHOWN = 10
Text = Callable[..., str]


def tell(console: Console, found: Tuning) -> None:
    """Print a trial: what was tried, what changes, and the first cases."""
    for line in head(found, lambda key, **values: console.text(f"tune.{key}", **values), console.language):
        console.data(line)
    outcome = found.outcome

    def title(name: str) -> str:
        return console.text(f"tune.{name}")

    if outcome.flows:
        console.table(
            [title(name) for name in ("year", "direction", "before", "after", "difference")],
            [
                [
                    row.year,
                    title(row.direction),
                    console.decimal(row.before, 2),
                    console.decimal(row.after, 2),
                    console.decimal(row.after - row.before, 2, sign=True),
                ]
                for row in outcome.flows
            ],
            title=title("flows"),
        )
    if outcome.groups:
        console.table(
            [title(name) for name in ("kind", "before", "after", "identities", "events")],
            [
                [
                    title(row.kind),
                    " ".join(row.before),
                    " ".join(row.after),
                    row.identities,
                    f"{console.decimal(row.events_before, 2)} → {console.decimal(row.events_after, 2)}",
                ]
                for row in outcome.groups[:SHOWN]
            ],
            title=title("groups"),
        )
    if outcome.pairs:
        console.table(
            [title(name) for name in ("pair", "before", "after", "outcome")],
            [
                [
                    f"{row.identity_id_l} {row.identity_id_r}",
                    weight(row.before, console.language),
                    weight(row.after, console.language),
                    f"{title(persons(row.was_one_person))} → {title(persons(row.is_one_person))}",
                ]
                for row in outcome.pairs[:SHOWN]
            ],
            title=title("pairs"),
        )
        console.say("tune.hint")


def weight(bits: float | None, language: str) -> str:
    """Return a match weight, or a dash."""
    return "–" if bits is None else decimal(bits, 1, language, sign=True)


def persons(is_one: bool) -> str:
    """Return the key of the text for one person or two."""
    return "one_person" if is_one else "two_persons"


def head(found: Tuning, text: Text, language: str) -> Iterator[str]:
    """Tell what was tried and what it comes to."""
    outcome, sample = found.outcome, found.sample
    yield text("tried", changes="; ".join(found.changes) or text("nothing"), run=found.run)
    yield text(
        "sample",
        persons=number(sample.persons, language),
        share=f"{100 * sample.share:.0f}",
        identities=number(sample.identities, language),
        seconds=decimal(found.seconds, 1, language),
    )
    yield text("pairs_line", linked=outcome.linked, unlinked=outcome.unlinked)
    yield text("persons_line", merged=outcome.merged, split=outcome.split, mixed=outcome.mixed)
    if sample.share < 1:
        scaled = {
            name: number(round(getattr(outcome, name) / sample.share), language)
            for name in ("linked", "unlinked", "merged", "split", "mixed")
        }
        yield text("whole", **scaled)
    before, after = found.expected
    shares = {
        "precision": before.precision,
        "precision_after": after.precision,
        "recall": before.recall,
        "recall_after": after.recall,
    }
    yield text("expected", **{name: decimal(100 * share, 2, language) for name, share in shares.items()})
    costs = [number(sum(blocks.values()), language) for blocks in found.comparisons]
    yield text("cost", before=costs[0], after=costs[1])
    if found.reviewed:
        yield text("reviewed", many=found.reviewed, before=found.agreed[0], after=found.agreed[1])
    yield text("recorded")

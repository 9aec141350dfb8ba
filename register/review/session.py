"""One reviewer's work: what is open, what was decided, undo, and what others decided meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from register.decisions import (
    DIFFERENT,
    JUDGEMENTS,
    LONGEST_NOTE,
    SAME,
    SKIP,
    Anchor,
    Decision,
    DecisionLog,
    Pair,
    Standing,
    new_decision,
    order,
    stand,
)
from register.errors import UsageError
from register.review.contradictions import Contradiction, find_contradictions
from register.review.queue import QUEUES, Item, Queue

LONGEST_NAME = 60
Identities = tuple[str, str]


def reviewer_name(name: str) -> str:
    """Return a reviewer's name as it is written into decisions.

    Raises
    ------
    UsageError
        If it says nothing, is too long or holds signs that cannot be read.
    """
    tidy = " ".join(name.split())
    if not tidy or len(tidy) > LONGEST_NAME or re.search(r"[\x00-\x1f\x7f]", tidy):
        raise UsageError("bad_reviewer", longest=LONGEST_NAME)
    return tidy


@dataclass
class Tally:
    """The decisions of a log, kept by pair; reading one more line costs one more line."""

    log: DecisionLog
    by_pair: dict[Pair, list[Decision]] = field(default_factory=dict)
    standing: dict[Pair, Standing] = field(default_factory=dict)
    _seen: int = 0

    def refresh(self) -> list[Pair]:
        """Read what is new in the log; return the pairs that it touches."""
        self.log.refresh()
        if self._seen == len(self.log.entries):
            return []
        if self._seen > len(self.log.entries):
            # The file was put back from a backup.
            self._seen = 0
        touched: dict[Pair, None] = {}
        fresh = self.log.entries[self._seen :]
        if self._seen == 0 or any("undoes" in entry for entry in fresh):
            decisions = list(self.log.decisions())
            before = self.by_pair
            self.by_pair = {}
            touched |= dict.fromkeys(before)
        else:
            decisions = list(self.log.decisions(self._seen))
        self._seen = len(self.log.entries)
        for decision in decisions:
            self.by_pair.setdefault(decision.pair, []).append(decision)
            touched[decision.pair] = None
        for pair in touched:
            self.standing.pop(pair, None)
            self.standing |= stand(self.by_pair.get(pair, ()))
        return list(touched)


@dataclass
class Session:
    """A reviewer at work on a queue.

    A blind reviewer sees nothing of what others decided, and is asked until a pair has two voices; others are asked
    only what nobody has decided.
    """

    queue: Queue
    tally: Tally
    who: str
    run: str
    identity: dict[Anchor, str]
    is_blind: bool = False
    shows_score: bool = False
    last: Decision | None = None
    decided_now: int = 0
    _by_identities: dict[Identities, list[Pair]] = field(default_factory=dict)
    _by_identity: dict[str, list[Pair]] = field(default_factory=dict)
    _open: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Hold every pair for open until the log is read."""
        self._open |= {item.number for item in self.queue.items}

    def refresh(self) -> None:
        """Take in what this and other sessions decided since: the work is that of the pairs that they touched."""
        for pair in self.tally.refresh():
            names = self._names(pair)
            known = self._by_identities.setdefault(names, [])
            if pair not in known:
                known.append(pair)
                for name in names:
                    self._by_identity.setdefault(name, []).append(pair)
            for item in self._items.get(names, ()):
                (self._open.add if self._is_open(item) else self._open.discard)(item.number)

    def _names(self, pair: Pair) -> Identities:
        """Return the identities of a pair. A record that is not in the run (a line made by hand) stands for itself."""
        one, other = (self.identity.setdefault(anchor, f"{anchor}") for anchor in pair)
        return (one, other) if one <= other else (other, one)

    @cached_property
    def _items(self) -> dict[Identities, list[Item]]:
        found: dict[Identities, list[Item]] = {}
        for item in self.queue.items:
            found.setdefault(item.identities, []).append(item)
        return found

    # What holds about an item. Records of one identity are one: a pair decided through other records is decided.

    def standing(self, item: Item) -> Standing | None:
        """Return what holds about an item's pair; of several, first what is not agreed, then what was said last."""
        pairs = self._by_identities.get(item.identities, ())
        found = [self.tally.standing[pair] for pair in pairs if pair in self.tally.standing]
        return max(found, key=lambda one: (one.state != "agreed", one.voices[-1].at), default=None)

    def own(self, item: Item) -> Decision | None:
        """Return this reviewer's last decision about an item, a skip included."""
        pairs = self._by_identities.get(item.identities, ())
        mine = [d for pair in pairs for d in self.tally.by_pair.get(pair, ()) if d.who == self.who]
        return max(mine, key=lambda decision: decision.at, default=None)

    def is_open(self, item: Item) -> bool:
        """Say whether this reviewer still has to decide an item."""
        return item.number in self._open

    def _is_open(self, item: Item) -> bool:
        standing = self.standing(item)
        if standing is None:
            return True
        if self.is_blind:
            voices = {voice.who for voice in standing.voices}
            return self.who not in voices and len(voices) < 2
        return False

    def next(self, queue: str, after: int = -1) -> Item | None:
        """Return the next open item of a queue: first those after the last one seen, what was skipped at the end."""
        numbers = self.queue.order.get(queue, ())
        turned = [n for n in numbers if n > after] + [n for n in numbers if n <= after]
        skipped = None
        for number in turned:
            if number in self._open:
                item = self.queue.items[number]
                own = self.own(item)
                if own is None or own.judgement != SKIP:
                    return item
                skipped = skipped or item
        return skipped

    def first_queue(self) -> str:
        """Return the first queue with something to decide."""
        return next((queue for queue in QUEUES if self.next(queue)), QUEUES[0])

    def progress(self) -> Mapping[str, tuple[int, int]]:
        """Return by queue how many items are decided, and how many there are."""
        counts = {}
        for queue, numbers in self.queue.order.items():
            left = sum(number in self._open for number in numbers)
            counts[queue] = (len(numbers) - left, len(numbers))
        return counts

    def decide(self, item: Item, judgement: str, note: str, *, settles: bool = False) -> Decision:
        """Append a decision about an item.

        Raises
        ------
        UsageError
            If the judgement is none.
        LockedError
            If it could not be written.
        """
        if judgement not in JUDGEMENTS:
            raise UsageError("bad_judgement", name=judgement)
        decision = self.make(item.pair, judgement, note, item, settles=settles)
        self.last = self.tally.log.decide(decision)
        self.decided_now += 1
        self.refresh()
        return decision

    def make(
        self, pair: Pair, judgement: str, note: str, item: Item | None, *, settles: bool = False
    ) -> Decision:
        """Return a decision of this reviewer, with what the model thought of the pair if an item asks about it."""
        return new_decision(
            self.who,
            pair,
            judgement,
            note=note.strip()[:LONGEST_NOTE],
            queue=item.queue if item else "",
            run=self.run,
            weight=item.weight if item else None,
            linked=item.linked if item else None,
            blind=self.is_blind,
            settles=settles and not self.is_blind,
        )

    def undo(self, decision_id: str | None = None) -> Decision | None:
        """Take back an own decision, the last one if not named; return it, or None if there is none."""
        self.refresh()
        mine = self.history()
        found = next((d for d in mine if decision_id in (None, d.id)), None)
        if found:
            self.tally.log.undo(self.who, found.id)
            self.last = None
            self.refresh()
        return found

    def history(self) -> list[Decision]:
        """Return this reviewer's decisions, the newest first."""
        return [
            decision for decision in reversed(list(self.tally.log.decisions())) if decision.who == self.who
        ]

    def item_of(self, pair: Pair) -> Item | None:
        """Return an item that asks about a pair, through whatever records."""
        return next(iter(self._items.get(self._names(pair), ())), None)

    def visible(self, pairs: Iterable[Pair] | None = None) -> list[Standing]:
        """Return what holds about judged pairs, as far as this reviewer may know: blind, the own alone."""
        judged = self.tally.by_pair if pairs is None else pairs
        if not self.is_blind:
            return [self.tally.standing[pair] for pair in judged if pair in self.tally.standing]
        own = ([_seen(d) for d in self.tally.by_pair.get(pair, ()) if d.who == self.who] for pair in judged)
        return [standing for decisions in own for standing in stand(decisions).values()]

    def disagreements(self) -> list[Standing]:
        """Return the pairs on which reviewers disagree, unless that must not be seen."""
        return [] if self.is_blind else [s for s in self.visible() if s.state == "disagreed"]

    def contradictions(self) -> list[Contradiction]:
        """Return the decisions that cannot all be right."""
        return find_contradictions(self.visible(), self.identity)

    def contradicted(self) -> Contradiction | None:
        """Return the contradiction of which the last decision is a part, if there is one."""
        if self.last is None or self.last.judgement not in (SAME, DIFFERENT):
            return None
        pair = self.last.pair
        found = find_contradictions(self.visible(self._around(pair)), self.identity)
        return next((contradiction for contradiction in found if pair in contradiction.pairs), None)

    def _around(self, pair: Pair) -> list[Pair]:
        """Return the judged pairs of all whom decisions hold to be one with either of a pair."""
        seen: dict[Pair, None] = {}
        names = list(self._names(pair))
        for name in names:
            for standing in self.visible(self._by_identity.get(name, ())):
                seen[standing.pair] = None
                if standing.judgement == SAME:
                    names += [other for other in self._names(standing.pair) if other not in names]
        return list(seen)


def _seen(decision: Decision) -> Decision:
    return Decision(decision.id, decision.at, decision.who, order(*decision.pair), decision.judgement)

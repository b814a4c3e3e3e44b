"""The facts of some scopes in memory, by the words they are asked with."""

from __future__ import annotations

import math
import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mnemic.agent.knowledge import EvidenceRow, FactRow
from mnemic.agent.protocols import Store
from mnemic.agent.terms import query_terms

KEPT_MAX = 64
"""How many scopes' facts are kept in memory."""

CUES: Mapping[str, str] = {
    "name": "name called",
    "lives_in": "live lives living home house address reside residence city town country moved move where",
    "lives_with": "live lives living home together roommate flatmate",
    "from": "from come hometown origin native where",
    "grew_up_in": "grow grew childhood raised where",
    "born_on": "born birth birthday birthdate when",
    "born_in": "born birth birthplace where",
    "age": "age old years",
    "nationality": "nationality citizen passport country",
    "status": "status married single retired",
    "works_at": "work works working job employer company office employed where",
    "works_in": "work works working job field industry",
    "works_on": "work working project task",
    "job": "job work profession occupation role position living does",
    "studies": "study studies studying major subject degree course",
    "studies_at": "study studies studying school university college where",
    "learns": "learn learning study",
    "teaches": "teach teacher subject",
    "owns": "own owns have has possess belong belongings",
    "has": "have has",
    "has_pet": "pet pets animal dog cat have has",
    "partner": "partner husband wife spouse married girlfriend boyfriend fiance who",
    "relative": "relative family who",
    "knows": "know knows who",
    "likes": "like likes love loves enjoy enjoys favourite favorite prefer preference hobby interest dislike hate",
    "prefers": "prefer prefers preference rather like likes",
    "favourite": "favourite favorite best like likes",
    "afraid_of": "afraid fear fears scared",
    "allergic_to": "allergic allergy allergies eat food",
    "diet": "diet eat eats food vegetarian vegan",
    "takes": "take takes medicine medication pill drug",
    "speaks": "speak speaks language languages",
    "plays": "play plays instrument sport game",
    "uses": "use uses using tool software",
    "drives": "drive drives car vehicle",
    "reads": "read reads reading book",
    "located_in": "where place located",
    "dated": "when date day",
    "habit": "usually often habit routine every",
    "plans": "plan plans planning going intend when",
    "did": "did when",
    "to_do": "remind reminder todo task",
}
"""General English words that ask for a relation, besides those its statement is made of."""

CUED = 0.8
"""What a cue is worth beside a word of the statement itself."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All fact versions of some scopes.

    `words` has for each row of `rows` its terms with their weight: 1 for words of the statement and
    the relation's name, less for cues of the relation; `subjects` the terms of its subject. `of_episode` leads from an episode's number to rows; `latest` has
    the latest version of each fact, `before` the latest of the one that it replaced.
    """

    rows: Sequence[FactRow]
    words: Sequence[Mapping[str, float]]
    subjects: Sequence[Sequence[str]]
    idf: Mapping[str, float]
    by_term: Mapping[str, Sequence[int]]
    by_subject: Mapping[str, Sequence[int]]
    evidence: Mapping[tuple[int, str], Sequence[EvidenceRow]]
    of_episode: Mapping[int, Sequence[int]]
    latest: Mapping[tuple[int, str], int]
    before: Mapping[tuple[int, str], int]

    def __len__(self) -> int:
        return len(self.rows)


def make_facts(rows: Sequence[FactRow], evidence: Iterable[EvidenceRow]) -> Facts:
    """The facts by their words, subjects and episodes."""
    words: list[dict[str, float]] = []
    subjects: list[list[str]] = []
    by_term: dict[str, list[int]] = defaultdict(list)
    by_subject: dict[str, list[int]] = defaultdict(list)
    places: dict[tuple[int, str], list[int]] = defaultdict(list)
    latest: dict[tuple[int, str], int] = {}
    counted: Counter[str] = Counter()
    for place, row in enumerate(rows):
        bag = dict.fromkeys(_cues(row.relation), CUED)
        bag.update(dict.fromkeys(_named(row.relation), 1.0))
        own = query_terms(f"{row.statement} {row.relation.partition(':')[2]} {row.object}")
        bag.update(dict.fromkeys(own, 1.0))
        words.append(bag)
        counted.update(own)
        for term in bag:
            by_term[term].append(place)
        subjects.append(query_terms(row.subject))
        for part in subjects[-1]:
            by_subject[part].append(place)
        places[row.scope_id, row.fact_id].append(place)
        latest[row.scope_id, row.fact_id] = place
    idf = {term: math.log(1 + len(rows) / count) for term, count in counted.items()}
    of_fact: dict[tuple[int, str], list[EvidenceRow]] = defaultdict(list)
    of_episode: dict[int, list[int]] = defaultdict(list)
    for one in evidence:
        of_fact[one.scope_id, one.fact_id].append(one)
        if one.part == "supports":
            of_episode[one.seq] += places.get((one.scope_id, one.fact_id), ())
    before = {
        (rows[place].scope_id, str(rows[place].successor)): place for place in latest.values()
    }
    return Facts(
        rows, words, subjects, idf, by_term, by_subject, of_fact, of_episode, latest, before
    )


def _cues(relation: str) -> list[str]:
    return query_terms(CUES.get(relation.partition(":")[0], ""))


def _named(relation: str) -> list[str]:
    """The words of a relation's own name: who asks for a job means the job before the employer."""
    return query_terms(relation.partition(":")[0].replace("_", " "))


class FactIndex:
    """The facts of the scopes in use, read again whenever any process changed them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._kept: OrderedDict[tuple[int, ...], tuple[int, Facts]] = OrderedDict()

    def at_present(self, scope_ids: Sequence[int]) -> Facts:
        """The facts of these scopes as they are committed now."""
        key = tuple(scope_ids)
        with self._guard:
            mark = self._store.derived.mark()
            known = self._kept.get(key)
            if known is None or known[0] != mark:
                derived = self._store.derived
                made = make_facts(derived.rows(FactRow, key), derived.rows(EvidenceRow, key))
                known = self._kept[key] = (mark, made)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
            return known[1]

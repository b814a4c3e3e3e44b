"""Claims out of episodes by a language model beside the rules; what it says is checked, not trusted."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event, Lock
from typing import Any

from mnemic.agent.facts.claims import Claim
from mnemic.agent.llm.check import Ground, checked
from mnemic.agent.llm.client import ChatClient, read_json
from mnemic.agent.llm.ledger import Spent
from mnemic.agent.llm.merge import CLAIMS_MAX, merged
from mnemic.agent.llm.prompt import SCHEMA, Piece, messages, prompts_of
from mnemic.agent.llm.settings import LLMSettings
from mnemic.agent.sleep.replay import Extractor, Reading, Replayed, RuleExtractor
from mnemic.errors import BudgetSpent, LLMAnswerInvalid, LLMUnreachable

LLM_VERSION = 1
"""Changes whenever the same answer would give other claims, or another question is asked."""

NOTES_MAX = 50
TOLD_MAX = 1_000
"""How many claims of one answer are looked at."""

TOLD_OF_A_TURN_MAX = 2 * CLAIMS_MAX
"""How many claims of one turn are taken from an answer, some of which the rules may have too."""

UNUSABLE_MAX = 8
"""How many unusable answers, and never a good one, end the asking for a while.

One turn that upsets the model makes five of a full prompt, and then its neighbours are read.
"""

UNREACHED_MAX = 3
"""How many calls in a row without an answer end the asking; one alone may be the text's doing."""

Prompt = list[Piece]
Outcome = tuple[Prompt, list[tuple[int, Claim]] | None]
"""A prompt, and the claims of its pieces by their place in the batch; None where it has no answer."""


class LLMExtractor:
    """Reads claims with a model and by rules; an episode the model did not get is read again later.

    Neither an endpoint that fails nor one that lies raises or removes anything: the rules' claims are
    always there, `notes` says what went wrong, `spent` what it cost. Budget and notes are those of
    this object's life, or since `renew`.

    Args:
        settings: the endpoint, and what a run may cost.
        fallback: the rules; always asked too.

    Raises:
        LLMError: httpx is not installed.
    """

    def __init__(self, settings: LLMSettings, fallback: Extractor | None = None) -> None:
        self.settings = settings
        self.fallback: Extractor = fallback or RuleExtractor()
        self.notes: list[str] = []
        self._client = ChatClient(settings)
        self._resting_until = 0.0
        self._good = self._unusable = self._unreached = 0
        self._lock = Lock()

    @property
    def version(self) -> str:
        """The model, and the versions of the questions asked and of the rules."""
        return f"llm/{self.settings.model}/{LLM_VERSION}+{self.fallback.version}"

    @property
    def spent(self) -> Spent:
        """Calls, tokens and money so far."""
        return self._client.ledger.spent

    def renew(self) -> None:
        """Begins a new run: the whole budget again, no notes, no rest."""
        self._client.close()
        self._client = ChatClient(self.settings)
        self.notes = []
        self._resting_until = 0.0
        self._good = self._unusable = self._unreached = 0

    def close(self) -> None:
        """Lets go of the connections."""
        self._client.close()

    def claims(self, batch: Sequence[Replayed]) -> list[list[Claim]]:
        """For each episode its claims, by the rules and, where it could be had, by the model."""
        return [reading.claims for reading in self.read(batch)]

    def read(self, batch: Sequence[Replayed]) -> list[Reading]:
        """For each episode its claims, with this version, or the rules' where the model is missing."""
        ruled = self.fallback.claims(batch)
        told, missing = self._ask_all(prompts_of(batch))
        return [
            Reading(
                merged(claims, told.get(place, ())),
                self.fallback.version if place in missing else self.version,
            )
            for place, claims in enumerate(ruled)
        ]

    def _ask_all(self, prompts: Sequence[Prompt]) -> tuple[dict[int, list[Claim]], set[int]]:
        """Claims by place in the batch, and the places of which some piece was not read."""
        claims: dict[int, list[Claim]] = defaultdict(list)
        missing: set[int] = set()
        for prompt, found in self._answers(prompts):
            if found is None:
                missing |= {piece.place for piece in prompt}
                continue
            for place, one in found:
                claims[place].append(one)
        return claims, missing

    def _answers(self, prompts: Sequence[Prompt]) -> Iterator[Outcome]:
        """Every prompt with what was found, in their order; None where there was no answer."""
        if not prompts or self._resting():
            yield from ((prompt, None) for prompt in prompts)
            return
        given_up = Event()
        pool = ThreadPoolExecutor(self.settings.calls_at_once, thread_name_prefix="mnemic-llm")
        try:
            futures = [pool.submit(self._ask, prompt, given_up) for prompt in prompts]
            _wait_all(futures)
        except BaseException:  # interrupted: what has not begun never does, the rest ends now
            pool.shutdown(wait=False, cancel_futures=True)
            self._client.hang_up(given_up)
            raise
        pool.shutdown()
        for future in futures:
            yield from future.result()

    def _ask(self, prompt: Prompt, given_up: Event) -> list[Outcome]:
        """A prompt's claims; one whose answer is unusable is asked again in halves."""
        if self._resting() or given_up.is_set():
            return [(prompt, None)]
        try:
            text = self._client.complete(messages(prompt), SCHEMA, given_up)
            found = _claims_in(text, prompt)
        except BudgetSpent as error:
            self._note(str(error))
            return [(prompt, None)]
        except LLMUnreachable as error:
            if not given_up.is_set():
                self._missed(str(error))
            return [(prompt, None)]
        except LLMAnswerInvalid as error:
            self._note(str(error))
            return self._halved(prompt, given_up)
        with self._lock:
            self._good += 1
            self._unreached = 0
        return [(prompt, found)]

    def _halved(self, prompt: Prompt, given_up: Event) -> list[Outcome]:
        """Halves, so that one turn that upsets the model costs no other its reading.

        A turn that alone has no usable answer counts as read where the endpoint has answered well
        before: it would have none in any later sleep either.
        """
        with self._lock:
            self._unusable += 1
            hopeless = not self._good and self._unusable >= UNUSABLE_MAX
            good = self._good
        if hopeless:
            self._rest(
                f"{UNUSABLE_MAX} answers and none of them usable; is this the right endpoint?"
            )
            return [(prompt, None)]
        if len(prompt) == 1:
            return [(prompt, [] if good else None)]
        middle = len(prompt) // 2
        return [*self._ask(prompt[:middle], given_up), *self._ask(prompt[middle:], given_up)]

    def _resting(self) -> bool:
        with self._lock:
            return time.monotonic() < self._resting_until

    def _missed(self, why: str) -> None:
        """Notes a call without an answer."""
        self._note(why)
        with self._lock:
            self._unreached += 1
            many = self._unreached >= UNREACHED_MAX
        if many:
            self._rest(f"{UNREACHED_MAX} calls in a row had no answer; the rules go on alone")

    def _rest(self, why: str) -> None:
        """Asks nothing for a while: what is down stays down for every batch of a long sleep."""
        self._note(why)
        with self._lock:
            self._resting_until = time.monotonic() + self.settings.rest_s
            self._unreached = self._unusable = 0

    def _note(self, text: str) -> None:
        with self._lock:
            if text not in self.notes and len(self.notes) < NOTES_MAX:
                self.notes.append(text)


def _wait_all(futures: Sequence[Future[Any]]) -> None:
    """Waits in short stretches, so that a Ctrl-C is heard on every system."""
    waiting = set(futures)
    while waiting:
        _, waiting = wait(waiting, timeout=1.0, return_when=FIRST_COMPLETED)


def _claims_in(text: str, prompt: Prompt) -> list[tuple[int, Claim]]:
    """The claims of an answer that hold, each with the place of its episode in the batch.

    Raises:
        LLMAnswerInvalid: there is no list of claims in it.
    """
    said = _object_in(text)
    listed = said.get("claims") if isinstance(said, dict) else None
    if not isinstance(listed, list):
        raise LLMAnswerInvalid("the answer holds no JSON with a list of claims")
    grounds = [Ground(piece) for piece in prompt]
    found: list[tuple[int, Claim]] = []
    enough = Counter(dict.fromkeys(range(1, len(prompt) + 1), TOLD_OF_A_TURN_MAX))
    for one in listed[:TOLD_MAX]:
        number = one.get("episode") if isinstance(one, dict) else None
        if not isinstance(number, int) or isinstance(number, bool) or enough[number] <= 0:
            continue
        claim = checked(one, grounds[number - 1])
        if claim is not None:
            enough[number] -= 1
            found.append((prompt[number - 1].place, claim))
    return found


def _object_in(text: str) -> Any:
    """The JSON object of an answer, also behind thoughts or in a fence."""
    text = text.rpartition("</think>")[2]
    start, end = text.find("{"), text.rfind("}")
    return read_json(text[start : end + 1]) if 0 <= start < end else None

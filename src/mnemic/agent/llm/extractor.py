"""Claims out of episodes by a language model beside the rules; what it says is checked, not trusted."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any

from mnemic.agent.facts.claims import Claim
from mnemic.agent.llm.check import checked
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

FAILED_MAX = 3
"""How many unusable answers in a row, without a good one ever, end the asking for a while."""

Prompt = list[Piece]


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
        self._good = self._bad = 0
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
        self._good = self._bad = 0

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
                if len(claims[place]) < 2 * CLAIMS_MAX:  # more than merging takes
                    claims[place].append(one)
        return claims, missing

    def _answers(
        self, prompts: Sequence[Prompt]
    ) -> Iterator[tuple[Prompt, list[tuple[int, Claim]] | None]]:
        """Every prompt with what was found, in their order; None where there was no answer."""
        if not prompts or self._resting():
            yield from ((prompt, None) for prompt in prompts)
            return
        pool = ThreadPoolExecutor(self.settings.calls_at_once, thread_name_prefix="mnemic-llm")
        try:
            futures = [pool.submit(self._ask, prompt) for prompt in prompts]
            _wait_all(futures)
            for future in futures:
                yield from future.result()
        finally:
            # Interrupted, what has not begun never does; calls under way end by their own clocks.
            pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, prompt: Prompt) -> list[tuple[Prompt, list[tuple[int, Claim]] | None]]:
        """A prompt's claims; one whose answer is unusable is asked again in halves."""
        if self._resting():
            return [(prompt, None)]
        try:
            text = self._client.complete(messages(prompt), SCHEMA)
            found = _claims_in(text, prompt)
        except BudgetSpent as error:
            self._note(str(error))
            return [(prompt, None)]
        except LLMUnreachable as error:
            self._rest(str(error))
            return [(prompt, None)]
        except LLMAnswerInvalid as error:
            self._note(str(error))
            return self._halved(prompt)
        with self._lock:
            self._good += 1
        return [(prompt, found)]

    def _halved(self, prompt: Prompt) -> list[tuple[Prompt, list[tuple[int, Claim]] | None]]:
        """Halves, so that one turn that upsets the model costs no other its reading.

        A turn that alone has no usable answer counts as read where the endpoint has answered well
        before: it would have none in any later sleep either.
        """
        with self._lock:
            self._bad += 1
            hopeless = not self._good and self._bad >= FAILED_MAX
            good = self._good
        if hopeless:
            self._rest(f"{FAILED_MAX} answers and none of them usable; is this the right endpoint?")
            return [(prompt, None)]
        if len(prompt) == 1:
            return [(prompt, [] if good else None)]
        middle = len(prompt) // 2
        return [*self._ask(prompt[:middle]), *self._ask(prompt[middle:])]

    def _resting(self) -> bool:
        with self._lock:
            return time.monotonic() < self._resting_until

    def _rest(self, why: str) -> None:
        """Asks nothing for a while: what is down stays down for every batch of a long sleep."""
        self._note(why)
        with self._lock:
            self._resting_until = time.monotonic() + self.settings.rest_s

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
    found = []
    for one in listed[:TOLD_MAX]:
        number = one.get("episode") if isinstance(one, dict) else None
        if not isinstance(number, int) or isinstance(number, bool):
            continue
        if not 1 <= number <= len(prompt):
            continue
        piece = prompt[number - 1]
        claim = checked(one, piece)
        if claim is not None:
            found.append((piece.place, claim))
    return found


def _object_in(text: str) -> Any:
    """The JSON object of an answer, also behind thoughts or in a fence."""
    text = text.rpartition("</think>")[2]
    start, end = text.find("{"), text.rfind("}")
    return read_json(text[start : end + 1]) if 0 <= start < end else None

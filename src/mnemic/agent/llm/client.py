"""A chat completion from any OpenAI-compatible endpoint, within the budget."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Event, Lock
from typing import Any

from mnemic.agent.llm.ledger import Hold, Ledger, charged
from mnemic.agent.llm.settings import LLMSettings
from mnemic.agent.llm.wire import NeverSent, Reply, Wire
from mnemic.errors import LLMAnswerInvalid, LLMUnreachable

Message = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Manner:
    """One way to ask: which form of answer, and under which name its length is bounded."""

    form: str
    length: str
    plain_temperature: bool


MANNERS = (
    Manner("json_schema", "max_tokens", plain_temperature=True),
    Manner("json_schema", "max_completion_tokens", plain_temperature=False),
    Manner("json_object", "max_tokens", plain_temperature=True),
    Manner("", "max_tokens", plain_temperature=True),
    Manner("", "max_completion_tokens", plain_temperature=False),
)
"""Tried in order until an endpoint takes one; from then on that one is used."""

_MISPUT = (400, 422)
"""Statuses that say the request is not understood."""


class ChatClient:
    """Asks one model, in several threads if need be; every call goes through one ledger."""

    def __init__(self, settings: LLMSettings) -> None:
        self.ledger = Ledger(settings)
        self._settings = settings
        self._wire = Wire(settings)
        self._manner = 0
        self._settled = False
        self._lock = Lock()

    def hang_up(self, given_up: Event) -> None:
        """Ends the calls that were given this event, and all others under way, without a retry."""
        given_up.set()
        self._wire.hang_up()

    def close(self) -> None:
        """Lets go of the connections."""
        self._wire.close()

    def complete(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Any],
        given_up: Event | None = None,
    ) -> str:
        """The text of the answer, which is asked to be JSON of this schema, and may be anything.

        Args:
            messages: of the chat, as the endpoint is to have them.
            schema: of the answer.
            given_up: when set, nothing is tried again; see `hang_up`.

        Raises:
            BudgetSpent: the call could go beyond the budget; it was not made.
            LLMUnreachable: the endpoint could not be used, also after retries.
            LLMAnswerInvalid: the endpoint refused the request or answered no chat completion.
        """
        given_up = given_up or Event()
        while True:
            with self._lock:
                number, settled = self._manner, self._settled
            body = self._body(messages, schema, MANNERS[number])
            text = self._tried(body, given_up, last=settled or number == len(MANNERS) - 1)
            with self._lock:
                if text is not None:
                    self._manner, self._settled = number, True
                    return text
                if not self._settled:
                    self._manner = max(self._manner, number + 1)

    def _body(
        self, messages: Sequence[Message], schema: Mapping[str, Any], manner: Manner
    ) -> bytes:
        asked: dict[str, Any] = {
            "model": self._settings.model,
            "messages": list(messages),
            "stream": False,
            manner.length: self._settings.answer_tokens_max,
        }
        if manner.plain_temperature:
            asked["temperature"] = 0
        if manner.form == "json_schema":
            named = {"name": "answer", "strict": True, "schema": schema}
            asked["response_format"] = {"type": "json_schema", "json_schema": named}
        elif manner.form:
            asked["response_format"] = {"type": manner.form}
        return json.dumps(asked, ensure_ascii=False).encode("utf-8", "replace")

    def _tried(self, body: bytes, given_up: Event, *, last: bool) -> str | None:
        """The answer after as many tries as allowed; None where this manner is not understood."""
        for attempt in range(self._settings.retries + 1):
            hold = self.ledger.hold(len(body), self._settings.answer_tokens_max)
            try:
                reply = self._wire.post(body, given_up)
            except LLMUnreachable as error:
                if isinstance(error, NeverSent):
                    self.ledger.free(hold)
                else:
                    self.ledger.lose(hold)  # it may have been worked on, and be billed
                if attempt == self._settings.retries or given_up.is_set():
                    raise
                self._wait(attempt, None, given_up)
                continue
            except BaseException:
                self.ledger.lose(hold)
                raise
            if reply.status == 200:
                return self._told(reply.body, hold, len(body))
            self.ledger.free(hold)
            if reply.status in _MISPUT and not last:
                return None
            if not self._worth_another(reply, attempt):
                raise _refusal(reply.status, self._settings)
            self._wait(attempt, reply.retry_after_s, given_up)
        raise AssertionError("every way out of the loop is above")

    def _worth_another(self, reply: Reply, attempt: int) -> bool:
        busy = reply.status in (408, 429) or reply.status >= 500
        patient = (reply.retry_after_s or 0.0) <= self._settings.retry_after_s_max
        return busy and patient and attempt < self._settings.retries

    def _wait(self, attempt: int, told_s: float | None, given_up: Event) -> None:
        own = min(self._settings.backoff_s * 2**attempt, self._settings.retry_after_s_max)
        if given_up.wait(own if told_s is None else told_s):
            raise LLMUnreachable("interrupted")

    def _told(self, body: bytes, hold: Hold, request_bytes: int) -> str:
        """The text of a completion; its cost is counted whether or not it can be read."""
        answer = read_json(body)
        usage = answer.get("usage") if isinstance(answer, dict) else None
        usage = usage if isinstance(usage, dict) else {}
        text = _content(answer)
        self.ledger.settle(
            hold,
            charged(usage.get("prompt_tokens"), request_bytes, hold.tokens_in),
            charged(usage.get("completion_tokens"), len((text or "").encode("utf-8", "replace")),
                    hold.tokens_out),
        )  # fmt: skip
        if text is None:
            raise LLMAnswerInvalid("the answer holds no text of a chat completion")
        return text


def read_json(text: str | bytes) -> Any:
    """JSON as a value; None where it is none, is nested too deep, or holds endless numbers.

    NaN and the infinities, which JSON does not know, become None.
    """
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None


def _content(answer: object) -> str | None:
    choices = answer.get("choices") if isinstance(answer, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    content = message.get("content") if isinstance(message, dict) else None
    return content if isinstance(content, str) and content else None


def _refusal(status: int, settings: LLMSettings) -> LLMUnreachable | LLMAnswerInvalid:
    """The error for a status. The body is not quoted: it may repeat the key or the episodes."""
    if status in (401, 403):
        return LLMUnreachable(f"status {status}: the endpoint does not take the key")
    if status == 404:
        return LLMUnreachable(
            f"status 404: there is no such path, or no model {settings.model!r:.80}"
        )
    if 300 <= status < 400:
        return LLMUnreachable(
            f"status {status}: the endpoint points elsewhere, which is not followed; give the "
            "address it is to be asked at"
        )
    if status in (408, 429) or status >= 500:
        return LLMUnreachable(f"status {status}: the endpoint is too busy, or broken")
    return LLMAnswerInvalid(f"status {status}: the endpoint does not take the request")

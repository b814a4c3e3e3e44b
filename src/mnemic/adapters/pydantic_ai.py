"""A toolset and a store of conversations for Pydantic AI."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

try:
    from pydantic import TypeAdapter
    from pydantic_ai import FunctionToolset
    from pydantic_ai.conversation_store import (
        ConversationConflict,
        ConversationEntry,
        ConversationRecord,
        ConversationStore,
    )
    from pydantic_ai.messages import (
        BaseToolCallPart,
        BaseToolReturnPart,
        ModelMessage,
        ModelMessagesTypeAdapter,
        ModelResponse,
        RetryPromptPart,
        TextPart,
        UserPromptPart,
    )
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "mnemic.adapters.pydantic_ai needs Pydantic AI, which is not installed; "
        "run pip install 'mnemic[pydantic-ai]'",
        name=error.name,
    ) from error

from mnemic.adapters.log import Entry, Kept, Log
from mnemic.adapters.toolbox import Toolbox
from mnemic.adapters.verbatim import NOTHING
from mnemic.agent.memory import Memory
from mnemic.errors import InvalidInput, InvalidScope

SOURCE = "pydantic-ai"
_RECORD: TypeAdapter[ConversationRecord] = TypeAdapter(ConversationRecord)


def memory_toolset(
    memory: Memory,
    *,
    scope: str,
    session: str | None = None,
    speaker: str | None = "assistant",
    only: Sequence[str] = ("remember", "recall", "context", "facts"),
) -> FunctionToolset[Any]:
    """A toolset for an agent's memory.

    Args:
        memory: open for writing; stays the caller's to close.
        scope: what the tools read and write; the model has no say in it.
        session: the session of what they remember.
        speaker: who is taken to have said it.
        only: which of "remember", "recall", "context" and "facts".

    Raises:
        InvalidInput: a tool that there is not.

    Example:
        >>> Agent("openai:gpt-5", toolsets=[memory_toolset(memory, scope="acme/ana")])  # doctest: +SKIP
    """
    box = Toolbox(memory, scope, SOURCE, speaker, session)
    made: dict[str, Callable[..., Any]] = {  # plain functions: Pydantic AI runs them in threads
        "remember": box.remember, "recall": box.recall, "context": box.context, "facts": box.facts,
    }  # fmt: skip
    unknown = [name for name in only if name not in made]
    if unknown:
        raise InvalidInput(f"there is no tool {unknown[0]!r}; choose from {', '.join(made)}")
    return FunctionToolset([made[name] for name in only], docstring_format="google")


class MnemicConversationStore(ConversationStore):
    """Pydantic AI's conversations in a memory: every message an episode, recalled like any other.

    Messages are kept as `ModelMessagesTypeAdapter` writes them; what they say is the episode's
    text, without system prompts and thinking. A conversation's record lies beside them. `delete`
    suppresses the record; the messages stay in the log and can be recalled. Two processes that
    save one conversation at once are told apart by which was written first; only a save that races
    a delete by another process may bring the conversation back.

    Args:
        memory: open for writing; stays the caller's to close.
        scope: where the conversations are kept. A conversation's own `scope` is a label of it.

    Example:
        >>> store = MnemicConversationStore(memory, scope="acme/ana")     # doctest: +SKIP
        ... result = await agent.run("Hi", conversation=await store.load("c1"))
        ... await store.save(result)
    """

    def __init__(self, memory: Memory, *, scope: str) -> None:
        self._memory = memory
        self._log = Log(memory, scope=scope, source=SOURCE)

    async def read_record(self, conversation_id: str) -> ConversationRecord | None:
        """The record of a conversation, or None."""
        kept = await asyncio.to_thread(self._current, conversation_id)
        return None if kept is None else _record_of(kept)

    async def read_records(
        self, *, scope: str | None = None, limit: int | None = None
    ) -> Sequence[ConversationRecord]:
        """The records, those saved last first; reads through all episodes of the scope."""
        found = await asyncio.to_thread(self._records)
        records = [one for one in found if scope is None or one.scope == scope]
        return sorted(records, key=lambda one: one.updated_at, reverse=True)[:limit]

    async def write_record(
        self,
        record: ConversationRecord,
        *,
        new_entries: Sequence[ConversationEntry] = (),
        expected_revision: str | None,
    ) -> None:
        """Keeps a record and its new messages in one transaction (of up to 500 episodes).

        Raises:
            ConversationConflict: another save came first.
        """
        await asyncio.shield(
            asyncio.to_thread(self._write, record, list(new_entries), expected_revision)
        )

    async def delete_record(self, conversation_id: str, *, expected_revision: str) -> None:
        """Suppresses a conversation's record; its messages stay.

        Raises:
            ConversationConflict: it was saved or deleted meanwhile.
        """
        await asyncio.shield(asyncio.to_thread(self._delete, conversation_id, expected_revision))

    async def read_entry(self, entry_id: str) -> ConversationEntry:
        """One message with the one before it.

        Raises:
            LookupError: there is no such entry.
        """
        return await asyncio.to_thread(self._entry, entry_id)

    async def read_history(
        self, head_id: str | None, *, limit: int | None = None
    ) -> list[ConversationEntry]:
        """The messages up to one of them, in order, or only the last."""
        return await asyncio.to_thread(self._history, head_id, limit)

    def _history(self, head_id: str | None, limit: int | None) -> list[ConversationEntry]:
        entries: list[ConversationEntry] = []
        while head_id is not None and (limit is None or len(entries) < limit):
            entries.append(self._entry(head_id))
            head_id = entries[-1].parent_id
        return entries[::-1]

    def _entry(self, entry_id: str) -> ConversationEntry:
        kept = self._log.read(f"message:{entry_id}", last=1)
        if not kept:
            raise LookupError(f"no message {entry_id!r} is kept")
        value = kept[0].value
        [message] = ModelMessagesTypeAdapter.validate_json(json.dumps([value["message"]]))
        return ConversationEntry(id=entry_id, parent_id=value["parent"], message=message)

    def _write(
        self, record: ConversationRecord, entries: list[ConversationEntry], expected: str | None
    ) -> None:
        id_, name = record.conversation_id, _name(record.conversation_id)
        with self._log.turn:
            former = self._current(id_)
            if _revision(former) != expected or not self._has_head(record, entries):
                raise ConversationConflict(id_)
            own = {
                "record": json.loads(_RECORD.dump_json(record)), "follows": expected,
            }  # fmt: skip
            rows = [
                Entry(_entry_value(one), said(one.message), _speaker(one.message),
                      f"message:{one.id}")
                for one in entries
            ]  # fmt: skip
            self._log.append(name, [*rows, Entry(own, NOTHING)])
            now = self._current(id_)
            others = [one for one in self._log.read(name) if _revision(one) != record.revision]
            if _revision(now) != record.revision:  # another process was first
                self._log.hide(
                    one for one in self._log.read(name) if _revision(one) == record.revision
                )
                raise ConversationConflict(id_)
            self._log.hide(one for one in others if _revision(one) != expected)
            self._log.hide(one for one in others if _revision(one) == expected)

    def _has_head(self, record: ConversationRecord, entries: list[ConversationEntry]) -> bool:
        return (
            record.head_id is None
            or record.head_id in {one.id for one in entries}
            or bool(self._log.read(f"message:{record.head_id}", last=1))
        )

    def _delete(self, conversation_id: str, expected: str) -> None:
        with self._log.turn:
            if _revision(self._current(conversation_id)) != expected:
                raise ConversationConflict(conversation_id)
            self._log.hide(self._log.read(_name(conversation_id)))

    def _current(self, conversation_id: str) -> Kept | None:
        """The record that counts: of those that follow the same one, the first that was written."""
        records = self._log.read(_name(conversation_id))
        shown = {_revision(one) for one in records}
        roots = [one for one in records if one.value["follows"] not in shown]
        current = roots[0] if roots else None
        while current is not None:
            after = [one for one in records if one.value["follows"] == _revision(current)]
            if not after:
                return current
            current = after[0]
        return None

    def _records(self) -> list[ConversationRecord]:
        ids: dict[str, None] = {}
        begin = self._log.ref(_name(""))
        try:
            for episode in self._memory.episodes(scope=self._log.scope, suppressed=False):
                if episode.source == SOURCE and (episode.ref or "").startswith(begin):
                    ids[(episode.ref or "")[len(begin) :]] = None
        except InvalidScope:  # nothing was ever kept there
            return []
        found = [self._current(id_) for id_ in ids]
        return [_record_of(one) for one in found if one is not None]


def _name(conversation_id: str) -> str:
    return f"conversation:{conversation_id}"


def said(message: ModelMessage) -> str:
    """What a message says to people: its words, calls and returns; no prompts, no thinking."""
    lines: list[str] = []
    for part in message.parts:
        if isinstance(part, UserPromptPart):
            content = [part.content] if isinstance(part.content, str) else part.content
            lines += [one if isinstance(one, str) else f"[{_kind(one)}]" for one in content]
        elif isinstance(part, TextPart):
            lines.append(part.content)
        elif isinstance(part, BaseToolCallPart):
            lines.append(f"{part.tool_name}({part.args_as_json_str()})")
        elif isinstance(part, BaseToolReturnPart):
            lines.append(part.model_response_str())
        elif isinstance(part, RetryPromptPart):
            lines.append(part.model_response())
    return "\n".join(line for line in lines if line)


def _kind(part: Any) -> str:
    text = getattr(part, "content", None)
    return text if isinstance(text, str) else str(getattr(part, "kind", type(part).__name__))


def _speaker(message: ModelMessage) -> str:
    if isinstance(message, ModelResponse):
        return "assistant"
    if any(isinstance(part, UserPromptPart) for part in message.parts):
        return "user"
    tool = any(isinstance(part, BaseToolReturnPart | RetryPromptPart) for part in message.parts)
    return "tool" if tool else "system"


def _entry_value(entry: ConversationEntry) -> dict[str, Any]:
    [message] = json.loads(ModelMessagesTypeAdapter.dump_json([entry.message]))
    return {"parent": entry.parent_id, "message": message}


def _record_of(kept: Kept) -> ConversationRecord:
    return _RECORD.validate_json(json.dumps(kept.value["record"]))


def _revision(kept: Kept | None) -> str | None:
    return None if kept is None else kept.value["record"]["revision"]

"""What the operations are asked: one model each. Limits are part of the schema, so doors can state them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from mnemic.agent.scopes import SCOPE_CHARS_MAX
from mnemic.agent.write.prepare import FIELD_CHARS_MAX, TEXT_CHARS_MAX

QUERY_CHARS_MAX = 10_000
NUMBER_MAX = 2**53 - 1
"""Beyond it JavaScript loses digits."""
ROWS_MAX = 1_000
IDS_MAX = 1_000

Scope = Annotated[
    str,
    Field(min_length=1, max_length=SCOPE_CHARS_MAX, description="A path, tenant first: acme/ana."),
]
Reach = Annotated[
    str,
    Field(
        min_length=1,
        max_length=SCOPE_CHARS_MAX + 2,
        description="A path, or with /* it and all below: acme/ana, acme/*.",
    ),
]
Name = Annotated[str, Field(max_length=FIELD_CHARS_MAX)]
Id = Annotated[
    str,
    Field(
        min_length=1,
        max_length=FIELD_CHARS_MAX,
        description="An episode's id, its first 8 characters or more, or its ref.",
    ),
]
FactId = Annotated[
    str,
    Field(min_length=6, max_length=64, description="A fact's id, or its first 6 characters."),
]
Query = Annotated[
    str,
    Field(
        min_length=1,
        max_length=QUERY_CHARS_MAX,
        description="A question or some words, with a time if you like.",
    ),
]


def _moment(value: Any) -> Any:
    """The time that a text states; a number is none, though pydantic counts it from 1970.

    Raises:
        PydanticCustomError: it states none.
    """
    if isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and not _NUMBER.fullmatch(value):
            return _TIME.validate_python(value)
    except ValidationError:
        pass
    raise PydanticCustomError(
        "moment", "Input should be a time in ISO 8601 with an offset, such as 2026-03-01T09:00:00Z"
    )


_NUMBER = re.compile(r"\s*[+-]?[0-9._]*(?:e[+-]?[0-9]+)?\s*", re.IGNORECASE)
_TIME = TypeAdapter(datetime)
Moment = Annotated[
    AwareDatetime, BeforeValidator(_moment), Field(description="ISO 8601 with an offset.")
]
Probability = Annotated[float, Field(ge=0, le=1)]
Trust = Literal["user", "import", "tool", "document", "assistant", "web", "untrusted"]
Status = Literal["verified", "experimental", "unverified"]


class Request(BaseModel):
    """What an operation is asked. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Nothing(Request):
    """Nothing needs to be said."""


class Row(Request):
    """One episode to keep."""

    text: Annotated[
        str,
        Field(min_length=1, max_length=TEXT_CHARS_MAX, description="Kept verbatim."),
    ]
    speaker: Annotated[Name | None, Field(description="Who said it.")] = None
    session: Annotated[Name | None, Field(description="The conversation it belongs to.")] = None
    position: Annotated[
        int | None,
        Field(ge=-NUMBER_MAX, le=NUMBER_MAX, description="Its place in the session."),
    ] = None
    source: Annotated[Name | None, Field(description="Where it came from.")] = None
    ref: Annotated[Name | None, Field(description="Your own reference.")] = None
    said_at: Annotated[
        AwareDatetime | None,
        Field(description="When it was said, ISO 8601 with an offset; now."),
    ] = None
    happened: Annotated[
        AwareDatetime | Annotated[list[AwareDatetime], Field(min_length=2, max_length=2)] | None,
        Field(description="When what it tells of happened: a time or a pair; read from the text."),
    ] = None
    meta: Annotated[dict[str, Any] | None, Field(description="Anything else.")] = None


class Remember(Row):
    """One episode, and where to keep it."""

    scope: Scope = "default"
    idempotency_key: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=255,
            description="A retry with the same key keeps nothing twice.",
        ),
    ] = None


class RememberMany(Request):
    """Many episodes for one scope. Rows that are known are not kept twice."""

    scope: Scope = "default"
    rows: Annotated[list[Row], Field(min_length=1, max_length=ROWS_MAX)]


class Recall(Request):
    """A question to the memory."""

    query: Query
    scope: Reach = "default"
    k: Annotated[int, Field(ge=1, le=1_000, description="How many hits at most.")] = 10
    now: Annotated[Moment | None, Field(description="What 'yesterday' is relative to.")] = None
    from_: Annotated[
        AwareDatetime | None, Field(alias="from", description="Only what was said from here on.")
    ] = None
    to: Annotated[AwareDatetime | None, Field(description="Only what was said before.")] = None
    any_time: Annotated[bool, Field(description="Do not read a time from the query.")] = False
    as_of: Annotated[Moment | None, Field(description="When facts are to hold.")] = None
    believed_at: Annotated[
        Moment | None, Field(description="Only what we knew and believed then.")
    ] = None
    place: Annotated[Name | None, Field(description="A wing or room: Ana, Ana/r3.")] = None
    min_confidence: Probability = 0.0
    require: Status | None = None
    min_trust: Annotated[
        Trust | None, Field(description="Only sources trusted at least as much.")
    ] = None
    abstain_below: Annotated[
        Probability | None,
        Field(description="Give no hits where it is less probable that memory holds an answer."),
    ] = None


class Context(Recall):
    """A question, and how many tokens its answer may take."""

    k: Annotated[int, Field(ge=1, le=1_000, description="How many hits are tried.")] = 50
    budget_tokens: Annotated[int, Field(ge=1, le=1_000_000)] = 1500


class Episodes(Request):
    """A page of a scope."""

    scope: Reach = "default"
    limit: Annotated[int, Field(ge=1, le=1_000)] = 50
    beyond: Annotated[Id | None, Field(description="The last id of the page before.")] = None
    newest_first: bool = True


class Episode(Request):
    """One episode among its neighbours."""

    id: Id
    scope: Reach = "default"
    reach: Annotated[int, Field(ge=0, le=100, description="How many neighbours a side.")] = 3


class OfEpisode(Request):
    """One episode."""

    id: Id
    scope: Scope = "default"


class Facts(Request):
    """Which facts."""

    about: Annotated[str | None, Field(max_length=1_000, description="Words they are to have.")] = (
        None
    )
    scope: Reach = "default"
    as_of: Annotated[Moment | None, Field(description="When they are to hold; now.")] = None
    believed_at: Annotated[Moment | None, Field(description="As we believed them then.")] = None
    history: Annotated[bool, Field(description="Also what holds no more.")] = False
    min_confidence: Probability = 0.0
    require: Status | None = None


class OfFact(Request):
    """One fact."""

    id: FactId
    scope: Reach = "default"


class Correct(OfFact):
    """What is true instead of a fact."""

    value: Annotated[
        str,
        Field(min_length=1, max_length=4_000, description="The value alone, or a sentence."),
    ]


class Timeline(Request):
    """Whose history."""

    about: Annotated[str, Field(min_length=1, max_length=1_000, description="A name or words.")]
    scope: Reach = "default"
    k: Annotated[int, Field(ge=1, le=1_000, description="How many episodes at most.")] = 20


class Profile(Request):
    """Whose profile."""

    scope: Reach = "default"
    min_confidence: Probability = 0.0


class OfScope(Request):
    """One scope."""

    scope: Reach = "default"


class Room(Request):
    """A room of the palace."""

    wing: Annotated[str, Field(min_length=1, max_length=FIELD_CHARS_MAX)]
    room: Annotated[str, Field(min_length=1, max_length=FIELD_CHARS_MAX)]
    scope: Reach = "default"
    limit: Annotated[int, Field(ge=1, le=1_000)] = 200


class Lessons(Request):
    """Which lessons."""

    about: Annotated[str | None, Field(max_length=1_000, description="Words they share.")] = None
    scope: Reach = "default"


class Summaries(Request):
    """Which summaries."""

    scope: Reach = "default"
    kind: Literal["session", "topic"] = "session"


class Sleep(Request):
    """What to consolidate, and for how long."""

    scope: Annotated[Reach | None, Field(description="A path, acme/*, or none for all.")] = None
    budget_s: Annotated[
        float | None, Field(ge=0, le=86_400, description="Seconds; the rest waits.")
    ] = 60.0
    dry_run: Annotated[bool, Field(description="Only tell what would change.")] = False


class OfRun(Request):
    """One run of sleep."""

    run: Annotated[int, Field(ge=1, le=NUMBER_MAX)]


class Erase(Request):
    """What is to be gone for good."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=IDS_MAX)]
    scope: Scope = "default"

"""Refusals of the door itself, beside the problems of the memory, and how both are answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.responses import Response

from mnemic.errors import MnemicError
from mnemic.serve.problems import problem_of
from mnemic.serve.rest.pool import Overloaded, TooLong

PROBLEM = "application/problem+json"


class Refusal(Exception):
    """A request that goes no further: a status, a kind, a sentence, and headers."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.headers, self.more = dict(headers or {}), dict(more or {})

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        """It may come from another process."""
        again = partial(Refusal, headers=self.headers, more=self.more)
        return again, (self.status, self.kind, self.detail)

    def answer(self) -> Response:
        """As RFC 9457 writes problems."""
        said = {
            "type": f"urn:mnemic:problem:{self.kind}", "title": self.kind.replace("-", " "),
            "status": self.status, "detail": self.detail, **self.more,
        }  # fmt: skip
        body = json.dumps(said).encode()
        return Response(body, self.status, headers=self.headers, media_type=PROBLEM)


def refusal_of(error: MnemicError | Overloaded | TooLong) -> Refusal:
    """How an error is answered."""
    match error:
        case Overloaded():
            return Refusal(
                429, "overloaded", str(error), headers={"Retry-After": str(error.retry_s)}
            )
        case TooLong():
            return Refusal(504 if error.begun else 503, "too-long", str(error),
                           headers={} if error.begun else {"Retry-After": "5"})  # fmt: skip
        case _:
            problem = problem_of(error)
            headers = {} if problem.retry_s is None else {"Retry-After": str(problem.retry_s)}
            if problem.status == 401:
                headers["WWW-Authenticate"] = 'Bearer realm="mnemic"'
            return Refusal(problem.status, problem.kind, problem.detail, headers=headers)

"""One POST: a body back within so many bytes and so many seconds, or an error."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

from mnemic.agent.llm.settings import LLMSettings
from mnemic.errors import InvalidInput, LLMAnswerInvalid, LLMError, LLMUnreachable

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, how long to wait if the endpoint says so, and the body of a good answer."""

    status: int
    retry_after_s: float | None
    body: bytes


class NeverSent(LLMUnreachable):
    """There was no connection, so that nothing can have been billed."""


class Wire:
    """Sends bodies to one address; follows no redirect, keeps no cookie, logs no key."""

    def __init__(self, settings: LLMSettings) -> None:
        try:
            import httpx
        except ImportError:
            raise LLMError(
                "asking a language model needs httpx; pip install 'mnemic[llm]'"
            ) from None
        self._settings = settings
        self._url = settings.base_url.rstrip("/") + "/chat/completions"
        try:
            _ = httpx.URL(self._url).host
        except (httpx.InvalidURL, ValueError):  # an xn-- name that decodes to nothing
            raise InvalidInput(f"base_url {settings.base_url!r:.80} has no host to ask") from None
        # A proxy is only for what is encrypted through it; it would read plain http with its key.
        encrypted = settings.base_url.startswith("https:")
        self._client = httpx.Client(
            trust_env=encrypted and not settings.local,
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=httpx.Timeout(settings.silence_s_max, connect=settings.connect_s_max),
            # Each call has a connection of its own, so that its clock can end it.
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._clocks: set[_Clock] = set()

    def close(self) -> None:
        """Lets go of the client."""
        self._client.close()

    def hang_up(self) -> None:
        """Ends the calls under way as if their time were up."""
        for clock in list(self._clocks):
            clock.ring()

    def post(self, body: bytes, given_up: threading.Event) -> Reply:
        """The reply to a body, at most `answer_bytes_max` and after at most `call_s_max`.

        Args:
            body: what to send.
            given_up: set before `hang_up`, so that no call begins after it.

        Raises:
            LLMUnreachable: no connection, no answer in time, or one that broke off.
            LLMAnswerInvalid: more bytes than allowed, or packed ones.
        """
        import httpx

        with _Clock(self._settings.call_s_max) as clock:
            self._clocks.add(clock)
            try:
                if given_up.is_set():  # asked after the clock can be rung, so that one of both sees
                    raise NeverSent("interrupted")
                with self._client.stream(
                    "POST", self._url, content=body, headers=self._headers(),
                    extensions={"trace": clock.watch},
                ) as response:  # fmt: skip
                    return self._read(response, clock)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise NeverSent(self._said(clock, type(error).__name__)) from None
            except httpx.TimeoutException:
                waited = f"no answer for {self._settings.silence_s_max:g} s"
                raise LLMUnreachable(self._said(clock, waited)) from None
            except httpx.HTTPError as error:
                raise LLMUnreachable(self._said(clock, type(error).__name__)) from None
            finally:
                self._clocks.discard(clock)

    def _headers(self) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # what is packed can swell after it was measured
        }
        if self._settings.key:
            headers["Authorization"] = f"Bearer {self._settings.key.reveal()}"
        return headers

    def _read(self, response: httpx.Response, clock: _Clock) -> Reply:
        wait = _seconds(response.headers.get("Retry-After"))
        if response.status_code != 200:
            return Reply(response.status_code, wait, b"")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise LLMAnswerInvalid(f"{self._host} sent a packed answer though asked not to")
        pieces = bytearray()
        for piece in response.iter_raw():
            pieces += piece
            if len(pieces) > self._settings.answer_bytes_max:
                raise LLMAnswerInvalid(
                    f"the answer of {self._host} is longer than "
                    f"answer_bytes_max={self._settings.answer_bytes_max}; it was cut off"
                )
            if clock.over():
                raise LLMUnreachable(self._said(clock, ""))
        if clock.over():  # cut off by the clock, which looks like an end where no length was given
            raise LLMUnreachable(self._said(clock, ""))
        return Reply(200, wait, bytes(pieces))

    def _said(self, clock: _Clock, otherwise: str) -> str:
        what = f"not done within {self._settings.call_s_max:g} s" if clock.over() else otherwise
        return f"{self._host}: {what}"

    @property
    def _host(self) -> str:
        return self._settings.base_url.partition("//")[2].partition("/")[0]


class _Clock:
    """Ends a call when its time is up, also one whose bytes keep dripping in."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self.ring)
        self._timer.daemon = True

    def __enter__(self) -> _Clock:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._end

    def watch(self, event: str, info: dict[str, Any]) -> None:
        """Told by the client of every step; a connection that was made is noted."""
        if not event.endswith(("connect_tcp.complete", "start_tls.complete")):
            return
        with self._lock:
            self._sockets.append(info["return_value"].get_extra_info("socket"))
        if self.over():
            self.ring()

    def ring(self) -> None:
        """The time is up: whoever reads finds an end."""
        self._end = min(self._end, time.monotonic())
        with self._lock:
            for one in self._sockets:
                # Below TLS, and without closing: the reader, in its own thread, then reads an end.
                with suppress(OSError):
                    socket.socket.shutdown(one, socket.SHUT_RDWR)


def _seconds(text: str | None) -> float | None:
    """The seconds of a Retry-After; its other form, a date, is left to our own patience."""
    text = (text or "").strip()
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 7 else None

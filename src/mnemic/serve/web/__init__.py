"""The page: hand-written files of this folder, served under strict headers. It asks the REST routes.

Nothing is built and nothing comes from elsewhere. Every asset lies below the digest of all of them,
so a browser keeps each for ever and still sees a new version at once.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
"""What every answer of the page carries: a remembered text may never become a script or a request."""

_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent: its bytes, the same compressed, its kind and its mark."""

    body: bytes
    packed: bytes
    kind: str
    etag: str
    caching: str


def page_routes() -> list[BaseRoute]:
    """The routes of the page: `/` and its assets. They are read once, here."""
    index, assets = _read()

    async def home(request: Request) -> Response:
        return _send(request, index)

    async def asset(request: Request) -> Response:
        found = assets.get(request.path_params["path"])
        if found is None:
            return Response("there is no such file", 404, HEADERS, "text/plain")
        return _send(request, found)

    async def icon(request: Request) -> Response:
        return _send(request, assets[next(path for path in assets if path.endswith("icon.svg"))])

    return [
        Route("/", home, methods=["GET"], name="page"),
        Route("/assets/{path:path}", asset, methods=["GET"], name="assets"),
        Route("/favicon.ico", icon, methods=["GET"], name="icon"),
    ]


def _read() -> tuple[Asset, dict[str, Asset]]:
    files = dict(sorted(_files(resources.files(__name__) / "static", "")))
    index = files.pop("index.html")
    digest = hashlib.sha256()
    for name, body in files.items():
        digest.update(f"{name}\n{len(body)}\n".encode() + body)
    folder = digest.hexdigest()[:12]
    modules = "\n".join(
        f'<link rel="modulepreload" href="/assets/{folder}/{name}">'
        for name in files
        if name.endswith(".js")
    )
    page = index.decode().replace("{assets}", f"/assets/{folder}").replace("{modules}", modules)
    return (
        _asset("index.html", page.encode(), "no-cache"),
        {f"{folder}/{name}": _asset(name, body, _FOR_EVER) for name, body in files.items()},
    )


def _files(folder: Traversable, path: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for one in folder.iterdir():
        if one.is_dir():
            found += _files(one, f"{path}{one.name}/")
        elif f".{one.name.rpartition('.')[2]}" in _KINDS:
            found.append((path + one.name, one.read_bytes()))
    return found


def _asset(name: str, body: bytes, caching: str) -> Asset:
    return Asset(
        body,
        gzip.compress(body, 9, mtime=0),
        _KINDS[f".{name.rpartition('.')[2]}"],
        f'"{hashlib.sha256(body).hexdigest()[:20]}"',
        caching,
    )


def _send(request: Request, asset: Asset) -> Response:
    headers = {
        **HEADERS,
        "etag": asset.etag,
        "cache-control": asset.caching,
        "vary": "accept-encoding",
    }
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(None, 304, headers)
    body = asset.body
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["content-encoding"] = asset.packed, "gzip"
    return Response(body, 200, headers, asset.kind)

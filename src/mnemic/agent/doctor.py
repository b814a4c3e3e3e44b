"""Is everything there that Mnemic needs, and if not, what to do."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mnemic.agent.embed import default_embedder
from mnemic.agent.stores.sqlite import SqliteStore
from mnemic.agent.stores.sqlite.connection import ENGINE_MIN, check_engine, engine_version
from mnemic.errors import EmbedderError, EngineTooOld, StoreError

# statfs types of file systems on which WAL's shared memory or locks cannot be trusted.
_NETWORK_TYPES = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph"}
_SYNCED_FOLDERS = ("Dropbox", "OneDrive", "iCloud", "Google Drive", "GoogleDrive")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: fine, worth knowing, or broken, and then what to do."""

    state: Literal["ok", "note", "bad"]
    what: str
    remedy: str = ""


def examine(path: Path) -> list[Finding]:
    """Findings on the engine, the model, the disk and the store at `path`."""
    return [_engine(), _model(), *_place(path), *_store(path)]


def _engine() -> Finding:
    try:
        check_engine()
    except EngineTooOld as error:
        return Finding("bad", str(error), "pip install -U apsw")
    wanted = ".".join(map(str, ENGINE_MIN))
    return Finding(
        "ok", f"SQLite {engine_version()}, bundled with apsw; {wanted} or newer keeps every commit"
    )


def _model() -> Finding:
    try:
        embedder = default_embedder()
        embedder.embed(["is it there?"])
    except EmbedderError as error:
        return Finding(
            "note", f"no deep keys, recall works by words only: {error}", "mnemic model install"
        )
    return Finding("ok", f"model {embedder.space}")


def _place(path: Path) -> list[Finding]:
    findings = []
    kind = _file_system(path.parent)
    if kind in _NETWORK_TYPES:
        findings.append(
            Finding(
                "bad",
                f"{str(path.parent)!r} is on {kind}, where several processes can damage the store",
                "move the store to a local disk",
            )
        )
    synced = next((name for name in _SYNCED_FOLDERS if name in str(path)), None)
    if synced:
        findings.append(
            Finding(
                "note",
                f"{str(path)!r} looks like a folder synchronised by {synced}, which copies files while they change",
                "keep the store elsewhere and put backups there",
            )
        )
    if path.parent.is_dir() and not os.access(path.parent, os.W_OK):
        findings.append(Finding("note", f"{str(path.parent)!r} cannot be written: reading only"))
    return findings


def _file_system(folder: Path) -> str | None:
    """The type of the file system that holds a folder, where the system tells."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return None
    best, kind = "", None
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        _, point, type_, *_ = line.split(" ")
        inside = str(folder.absolute()).startswith(point.rstrip("/") + "/") or point == "/"
        if inside and len(point) >= len(best):
            best, kind = point, type_
    return kind


def _store(path: Path) -> list[Finding]:
    if not path.exists():
        return [Finding("note", f"no store at {str(path)!r} yet", "mnemic remember makes one")]
    try:
        store = SqliteStore(path, read_only=True)
    except StoreError as error:
        return [Finding("bad", str(error))]
    try:
        facts = store.statistics()
    except StoreError as error:
        return [Finding("bad", str(error), "mnemic verify")]
    finally:
        store.close()
    findings = [
        Finding(
            "ok",
            f"store {facts['path']}: {facts['episodes']:,} episodes, {facts['bytes'] / 1e6:.1f} MB",
        )
    ]
    if facts["shallow_keys_stale"]:
        findings.append(
            Finding("note", "the keys were derived by other rules than today's", "mnemic rebuild")
        )
    findings += [
        Finding("note", f"{space['pending']:,} deep keys of {space['name']} are on their way")
        for space in facts["spaces"]
        if space["pending"] and space["state"] != "retired"
    ]
    return findings

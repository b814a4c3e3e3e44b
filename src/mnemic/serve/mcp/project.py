"""Which scope a folder's project has: `code/<owner>/<repository>`."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mnemic.agent.scopes import check_scope
from mnemic.errors import InvalidScope

CODE = "code"
NOWHERE = "default"
_CONFIG_BYTES_MAX = 1 << 18
_ORIGIN = re.compile(r'^\[remote "origin"\]', re.MULTILINE)
_HOSTED = re.compile(r"(?!file:)\w[\w+.\-]*://[^/]+/.+/|[^/\\:]{2,}:[^/\\].*/")
"""An address with a host and a path of two parts or more: https://host/owner/name, git@host:owner/name."""

_URL = re.compile(r"^[ \t]*url[ \t]*=[ \t]*(\S+)", re.MULTILINE)


def project_scope(folder: Path | None = None) -> str:
    """The scope of the project that a folder belongs to.

    $MNEMIC_SCOPE, if it is set. Else `code/` and owner and name of the repository as its remote
    "origin" has them, so that clones and worktrees share a memory and somebody else's repository of
    the same name does not; without a remote, the name of its folder. A folder in no repository goes
    by its own name; the home folder and the root of the disk are no project.

    Raises:
        InvalidScope: $MNEMIC_SCOPE is no scope.
    """
    named = os.environ.get("MNEMIC_SCOPE")
    if named:
        return check_scope(named)
    here = (folder or Path.cwd()).absolute()
    root = _root(here)
    if root is not None:
        return _scope(_repository(root))
    if here in (Path.home(), Path(here.anchor)):
        return NOWHERE
    return _scope(here.name)


def branch_words(folder: Path) -> str:
    """The words of the branch that a folder is on: what is being worked at. Empty where unknown."""
    root = _root(folder.absolute())
    if root is None:
        return ""
    git = root / ".git"
    if git.is_file():
        git = root / _read(git).removeprefix("gitdir:").strip()
    head = _read(git / "HEAD").strip()
    return (
        " ".join(re.split(r"[\W_]+", head.removeprefix("ref: refs/heads/")))[:200]
        if (head.startswith("ref: refs/heads/"))
        else ""
    )


def _root(here: Path) -> Path | None:
    """The root of the repository that a folder lies in; not looked for beyond the home folder."""
    home = Path.home()
    for place in (here, *here.parents):
        if (place / ".git").exists():
            return place
        if place == home:
            break
    return None


def _scope(name: str) -> str:
    plain = [
        re.sub(r"[^\w.@+:=\-]+", "-", part).strip("-. ")[:100] for part in name.split("/") if part
    ]
    try:
        return check_scope("/".join((CODE, *plain)))
    except InvalidScope:
        return NOWHERE


def _repository(root: Path) -> str:
    """The name of a repository whose root this is, behind its owner's where a remote tells it."""
    git = root / ".git"
    if git.is_file():  # a worktree or submodule: the file says where the repository is
        pointer = _read(git)
        common = Path(pointer.removeprefix("gitdir:").strip())
        common = common if common.is_absolute() else root / common
        if common.parent.name == "worktrees":
            git, root = common.parent.parent, common.parent.parent.parent
        else:
            git = common
    found = _ORIGIN.search(config := _read(git / "config"))
    if found:
        section = config[found.end() :].split("\n[", 1)[0]
        url = _URL.search(section)
        if url:
            parts = re.split(r"[/:\\]+", url.group(1).rstrip("/").removesuffix(".git"))
            if parts[-1]:
                return "/".join(parts[-2:]) if _HOSTED.match(url.group(1)) else parts[-1]
    return root.name


def _read(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_CONFIG_BYTES_MAX).decode(errors="replace")
    except OSError:
        return ""

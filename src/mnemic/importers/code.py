"""Source code cut where its language cuts it: functions, classes, methods, and what lies between.

Run as a program it is a worker (see worker.py), asked `{"text", "suffix"}`: the parsers of some
languages do not survive every text.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Any

from mnemic.importers.pieces import pieces
from mnemic.importers.worker import answer, limit_memory

CHUNK_CHARS_MAX = 2_000
SMALL_CHARS_MAX = 1_200
_DEPTH_MAX = 6
_PARSED_BYTES_MAX = 400_000
# Steps as the parser counts them: code takes up to 13 for 1,000 bytes.
_STEPS_PER_KB, _STEPS_FREE = 25, 500
_READ_BYTES = 1 << 14


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a file, verbatim: what it defines, and its first and last line, from 1."""

    symbol: str
    text: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Grammar:
    """A language: its package, the function that gives it, and the nodes that are definitions.

    `holders` are definitions that may hold others and are opened where they are long; `wrappers`
    hold definitions without being any (decorators, exports, namespaces of the preprocessor).
    """

    name: str
    package: str
    function: str
    leaves: frozenset[str]
    holders: frozenset[str]
    wrappers: frozenset[str] = frozenset()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SCRIPT_LEAVES = _words(
    "function_declaration generator_function_declaration method_definition"
    " function_signature type_alias_declaration"
)
_SCRIPT_HOLDERS = _words(
    "class_declaration abstract_class_declaration interface_declaration enum_declaration"
    " internal_module module"
)
_SCRIPT_WRAPPERS = _words("export_statement ambient_declaration expression_statement")
_VARIABLES = _words("lexical_declaration variable_declaration")
_FUNCTIONS = _words("arrow_function function_expression function generator_function class")
_C_WRAPPERS = _words("preproc_if preproc_ifdef preproc_else preproc_elif linkage_specification")

_GRAMMARS = (
    (".py .pyi", Grammar("python", "tree_sitter_python", "language", _words("function_definition"),
                         _words("class_definition"), _words("decorated_definition"))),
    (".js .mjs .cjs .jsx", Grammar("javascript", "tree_sitter_javascript", "language",
                                   _SCRIPT_LEAVES, _SCRIPT_HOLDERS, _SCRIPT_WRAPPERS)),
    (".ts .mts .cts", Grammar("typescript", "tree_sitter_typescript", "language_typescript",
                              _SCRIPT_LEAVES, _SCRIPT_HOLDERS, _SCRIPT_WRAPPERS)),
    (".tsx", Grammar("typescript", "tree_sitter_typescript", "language_tsx",
                     _SCRIPT_LEAVES, _SCRIPT_HOLDERS, _SCRIPT_WRAPPERS)),
    (".go", Grammar("go", "tree_sitter_go", "language",
                    _words("function_declaration method_declaration type_declaration"), _words(""))),
    (".rs", Grammar("rust", "tree_sitter_rust", "language",
                    _words("function_item struct_item enum_item union_item type_item"
                           " macro_definition function_signature_item"),
                    _words("impl_item trait_item mod_item"))),
    (".java", Grammar("java", "tree_sitter_java", "language",
                      _words("method_declaration constructor_declaration"
                             " compact_constructor_declaration"),
                      _words("class_declaration interface_declaration enum_declaration"
                             " record_declaration annotation_type_declaration"))),
    (".c .h", Grammar("c", "tree_sitter_c", "language",
                      _words("function_definition struct_specifier enum_specifier type_definition"),
                      _words(""), _C_WRAPPERS)),
    (".cc .cpp .cxx .hpp .hh .hxx", Grammar(
        "cpp", "tree_sitter_cpp", "language",
        _words("function_definition enum_specifier type_definition alias_declaration"),
        _words("class_specifier struct_specifier namespace_definition"),
        _C_WRAPPERS | _words("template_declaration"))),
    (".rb .rake", Grammar("ruby", "tree_sitter_ruby", "language",
                          _words("method singleton_method"),
                          _words("class module singleton_class"))),
    (".sh .bash", Grammar("bash", "tree_sitter_bash", "language", _words("function_definition"),
                          _words(""))),
    (".cs", Grammar("csharp", "tree_sitter_c_sharp", "language",
                    _words("method_declaration constructor_declaration destructor_declaration"
                           " delegate_declaration"),
                    _words("class_declaration interface_declaration struct_declaration"
                           " record_declaration enum_declaration namespace_declaration"))),
    (".php", Grammar("php", "tree_sitter_php", "language_php",
                     _words("function_definition method_declaration"),
                     _words("class_declaration interface_declaration trait_declaration"
                            " enum_declaration namespace_definition"))),
)  # fmt: skip

GRAMMARS = {suffix: grammar for suffixes, grammar in _GRAMMARS for suffix in suffixes.split()}


def check_installed() -> None:
    """Refuses to go on without the extra `code`.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    try:
        importlib.import_module("tree_sitter")
        importlib.import_module("tree_sitter_python")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "reading a repository's code needs tree-sitter; run pip install 'mnemic[code]', or "
            "import its history alone as 'git'"
        ) from error


@lru_cache(maxsize=32)
def _parser(package: str, function: str) -> Any:
    """A parser, or None where the language's package is not installed."""
    from tree_sitter import Language, Parser

    try:
        module = importlib.import_module(package)
    except ModuleNotFoundError:
        return None
    return Parser(Language(getattr(module, function)()))


def chunks(text: str, suffix: str) -> Iterator[Chunk]:
    """The file in chunks of at most 2,000 characters, every line in one of them.

    A small file is one chunk. Of a language that is known, a definition is a chunk; a long class
    gives its methods each a chunk, after one of its own head. What lies between definitions is kept
    together, and so is all of a file in a language that is not known or that is too long or too
    tangled to parse, cut at blank lines.
    """
    if len(text) <= SMALL_CHARS_MAX:
        if text.strip():
            yield Chunk("", text.strip("\n"), *_span(text, 0, len(text)))
        return
    grammar = GRAMMARS.get(suffix)
    parser = None if grammar is None else _parser(grammar.package, grammar.function)
    raw = text.encode()
    tree = None if parser is None else _tree(parser, raw)
    if grammar is None or tree is None:
        yield from by_lines(text)
        return
    for start, end, symbol in _spans(tree.root_node, 0, len(raw), grammar, (), raw, 0):
        part = raw[start:end].decode(errors="replace")
        yield from _cut(part, raw.count(b"\n", 0, start), part, symbol)


def by_lines(text: str) -> Iterator[Chunk]:
    """The file in chunks that end at blank lines where they can."""
    yield from _cut(text, 0, text, "")


def is_parsed(text: str, suffix: str) -> bool:
    """Whether `chunks` would parse that text."""
    return len(text) > SMALL_CHARS_MAX and suffix in GRAMMARS


def _tree(parser: Any, raw: bytes) -> Any:
    """The text parsed; None where that would take too many steps.

    Parsers of some languages need minutes, and all memory, for text that is none of theirs. Steps
    are counted, and time is not: on a busy machine the same text must give the same chunks.
    """
    if len(raw) > _PARSED_BYTES_MAX:
        return None
    left = itertools.count(_STEPS_FREE + len(raw) * _STEPS_PER_KB // 1000, -1)
    try:
        return parser.parse(
            lambda at, _: raw[at : at + _READ_BYTES],
            progress_callback=lambda _, __: next(left) < 0,
        )
    except ValueError:
        parser.reset()
        return None


def _span(text: str, start: int, end: int) -> tuple[int, int]:
    """First and last line of a stretch, without blank lines at its ends."""
    part = text[start:end]
    lead = len(part) - len(part.lstrip("\n"))
    first = text.count("\n", 0, start + lead) + 1
    return first, first + part.strip("\n").count("\n")


def _cut(text: str, above: int, whole: str, symbol: str) -> Iterator[Chunk]:
    at = 0
    for part in pieces(whole, CHUNK_CHARS_MAX):
        if part.strip():
            first, last = _span(text, at, at + len(part))
            yield Chunk(symbol, part.strip("\n"), above + first, above + last)
        at += len(part)


_Spans = Iterator[tuple[int, int, str]]


def _spans(
    node: Any, start: int, end: int, grammar: Grammar, path: tuple[str, ...], raw: bytes, depth: int
) -> _Spans:
    """The bytes from `start` to `end` as consecutive stretches, each with its symbol.

    A comment right above a definition belongs to it.
    """
    at = start
    waiting: int | None = None  # where the comments above the next definition begin
    for child, named in _definitions(node, grammar, 0):
        if child.type.endswith("comment"):
            waiting = child.start_byte if waiting is None else waiting
            continue
        if named is None:
            waiting = None
            continue
        first = child.start_byte if waiting is None else waiting
        first, waiting = _line_start(raw, max(first, at), at), None
        last = child.end_byte
        if first > at:
            yield at, first, ".".join(path)
        name = (*path, _name(named, raw))
        opens = named.type in grammar.holders and last - first > CHUNK_CHARS_MAX
        if opens and depth < _DEPTH_MAX:
            body = named.child_by_field_name("body") or named
            yield from _spans(body, first, last, grammar, name, raw, depth + 1)
        else:
            yield first, last, ".".join(name)
        at = last
    if at < end:
        yield at, end, ".".join(path)


def _definitions(node: Any, grammar: Grammar, depth: int) -> Iterator[tuple[Any, Any]]:
    """What stands in a block: each node, with the definition that it is or wraps, or None.

    A wrapper with several definitions inside is seen through; one with a single one is that one.
    """
    for child in node.named_children:
        if child.type in grammar.leaves or child.type in grammar.holders:
            yield child, child
        elif child.type in _VARIABLES and (made := _function_in(child)) is not None:
            yield child, made
        elif child.type in grammar.wrappers and depth < _DEPTH_MAX:
            inner = [
                found for found in _definitions(child, grammar, depth + 1) if found[1] is not None
            ]
            if len(inner) == 1:
                yield child, inner[0][1]
            else:
                yield from inner or ((child, None),)
        else:
            yield child, None


def _function_in(node: Any) -> Any:
    """The declarator of a variable that is a function or a class: `const f = () => …`."""
    for child in node.named_children:
        value = child.child_by_field_name("value")
        if child.type == "variable_declarator" and value is not None and value.type in _FUNCTIONS:
            return child
    return None


def _line_start(raw: bytes, at: int, least: int) -> int:
    """The beginning of the line, where only white space stands before."""
    line = raw.rfind(b"\n", least, at) + 1 or least
    return line if not raw[line:at].strip() else at


def _name(node: Any, raw: bytes) -> str:
    """What a definition is called."""
    found = node.child_by_field_name("name")
    step = node.child_by_field_name("declarator")
    for _ in range(_DEPTH_MAX):
        if found is not None or step is None:
            break
        found = step if step.type.endswith("identifier") else None
        step = step.child_by_field_name("declarator")
    if found is None:
        found = node.child_by_field_name("type")  # what an `impl` is for
    if found is None:
        inner = [child for child in node.named_children if child.child_by_field_name("name")]
        found = inner[0].child_by_field_name("name") if inner else None
    if found is None:
        return str(node.type)
    return raw[found.start_byte : found.end_byte].decode(errors="replace")[:200]


def main() -> None:
    """Answers requests until there are no more."""
    limit_memory()
    answer(lambda asked: {"chunks": [astuple(c) for c in chunks(asked["text"], asked["suffix"])]})


if __name__ == "__main__":
    main()

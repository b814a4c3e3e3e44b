"""The commonest first-person statements in German, French, Spanish and Portuguese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from mnemic.agent.facts.claims import Change, Claim
from mnemic.agent.sleep.extract import sentences
from mnemic.agent.sleep.extract.vocabulary import predicate, shown

_NAME = r"(?P<o>[A-ZÀ-ÖØ-Þ][\w\-'’]*(?:[ -][A-ZÀ-ÖØ-Þ][\w\-'’]*){0,2})"
_PLACE = r"(?P<o>[A-ZÀ-ÖØ-Þ][\w\-'’]*(?:[ ](?:de|do|da|dos|la|le|am|an|der)?[ ]?[A-ZÀ-ÖØ-Þ][\w\-'’]*){0,3})"
_THING = r"(?P<o>[\w'’-]+(?: [\w'’-]+){0,2})"
_JOB = r"(?P<o>[\w'’-]{4,30}(?: (?:de|da|do|em|en) [\w'’-]+)?)"
_END = r"\s*(?=$|[.,;!]|\s(?:und|et|y|e|aber|mais|pero|mas)\s)"
_NEG = {"de": r"\b(?:nicht|kein|keine|keinen)\b", "fr": r"\b(?:ne|n['’]\w*|pas|plus)\b", "es": r"\b(?:no|nunca)\b", "pt": r"\b(?:não|nunca)\b"}  # fmt: skip
_HINT = re.compile(
    r"\b(?:[Ii]ch|[Mm]ein|[Jj]e|[Jj]['’]\w+|[Mm]on|[Mm]e|[Mm]i|[Vv]ivo|[Tt]rabajo|[Ss]oy|[Mm]oro|[Tt]rabalho|[Ss]ou|[Mm]eu|[Cc]hamo-me|"
    r"[Gg]osto|[Mm]udei-me|[Tt]enho|[Tt]engo)\b"
)
_SPOKEN: tuple[tuple[str, str, Change], ...] = (
        # German
        ("name", rf"(?:[Ii]ch heiße|[Mm]ein Name ist) {_NAME}", ""),
        ("lives_in", rf"[Ii]ch (?:wohne|lebe) (?:jetzt |derzeit |seit \w+ )?in {_PLACE}", ""),
        ("lives_in", rf"[Ii]ch bin (?:\w+ ){{0,2}}nach {_PLACE} (?:gezogen|umgezogen)", "begins"),
        ("works_at", rf"[Ii]ch arbeite (?:jetzt )?(?:bei|für) (?:der )?{_PLACE}", ""),
        ("job", r"[Ii]ch (?:arbeite als|bin von Beruf) (?P<o>[A-ZÄÖÜ][\w-]{3,30})", ""),
        ("from", rf"[Ii]ch komme (?:ursprünglich )?aus {_PLACE}", ""),
        ("age", r"[Ii]ch bin (?P<o>\d{1,3}) Jahre alt", ""),
        ("likes", r"[Ii]ch mag (?P<o>[A-ZÄÖÜ][\w-]+)", ""),
        # French
        ("name", rf"[Jj]e m['’]appelle {_NAME}", ""),
        ("lives_in", rf"[Jj]['’](?:habite)(?: maintenant| actuellement)? (?:à|en|au) {_PLACE}", ""),
        ("lives_in", rf"[Jj]e vis (?:maintenant |actuellement )?(?:à|en|au) {_PLACE}", ""),
        ("lives_in", rf"[Jj]['’]ai déménagé (?:à|en|au) {_PLACE}", "begins"),
        ("works_at", rf"[Jj]e travaille (?:chez|pour) {_PLACE}", ""),
        ("job", r"[Jj]e (?:travaille comme|suis) (?:un |une )?(?P<o>(?:professeur|infirmi[eè]re?|médecin|avocate?|ingénieure?|étudiante?|architecte|journaliste|développeu(?:r|se)|comptable|dentiste|enseignante?)s?)", ""),
        ("from", rf"[Jj]e viens (?:de |d['’]){_PLACE}", ""),
        ("age", r"[Jj]['’]ai (?P<o>\d{1,3}) ans", ""),
        ("likes", r"[Jj]['’](?:aime|adore) (?:bien |beaucoup )?(?:le |la |les |l['’])(?P<o>[\w-]+)", ""),
        # Spanish
        ("name", rf"[Mm]e llamo {_NAME}", ""),
        ("name", rf"[Mm]i nombre es {_NAME}", ""),
        ("lives_in", rf"(?:[Yy]o )?[Vv]ivo (?:ahora |actualmente )?en {_PLACE}", ""),
        ("lives_in", rf"[Mm]e (?:mudé|he mudado) a {_PLACE}", "begins"),
        ("works_at", rf"(?:[Yy]o )?[Tt]rabajo (?:en|para) {_PLACE}", ""),
        ("job", rf"(?:[Yy]o )?[Tt]rabajo (?:como|de) {_JOB}", ""),
        ("from", rf"(?:[Yy]o )?[Ss]oy de {_PLACE}", ""),
        ("age", r"[Tt]engo (?P<o>\d{1,3}) años", ""),
        ("likes", r"[Mm]e (?:gusta|encanta)n? (?:el |la |los |las )(?P<o>[\w-]+)", ""),
        # Portuguese
        ("name", rf"(?:[Cc]hamo-me|[Mm]e chamo|[Oo] meu nome é|[Mm]eu nome é) {_NAME}", ""),
        ("lives_in", rf"(?:[Ee]u )?(?:[Mm]oro|[Vv]ivo) (?:agora |atualmente )?(?:em|no|na) {_PLACE}", ""),
        ("lives_in", rf"(?:[Mm]udei-me|[Mm]e mudei|[Ee]u mudei) para (?:o |a )?{_PLACE}", "begins"),
        ("works_at", rf"(?:[Ee]u )?[Tt]rabalho (?:na|no|para a|para o) {_PLACE}", ""),
        ("job", rf"(?:[Ee]u )?[Tt]rabalho como {_JOB}", ""),
        ("from", rf"(?:[Ee]u )?[Ss]ou (?:de|do|da) {_PLACE}", ""),
        ("age", r"[Tt]enho (?P<o>\d{1,3}) anos", ""),
        ("likes", r"(?:[Ee]u )?(?:[Gg]osto (?:muito )?|[Aa]doro )(?:de |do |da |dos |das )(?P<o>[\w-]+)", ""),
)  # fmt: skip
_PATTERNS = tuple(
    (relation, re.compile(f"(?:{pattern}){_END}"), change) for relation, pattern, change in _SPOKEN
)
_LEAD = re.compile(
    r"(?:(?:hallo|bonjour|salut|hola|olá|oi|bom dia|buenos días|guten tag)[\s,!.]+)?", re.IGNORECASE
)
_CLAUSE = re.compile(r"(?:,\s+|\s+(?:und|et|y|e)\s+)")
_UNSURE = re.compile(
    r"\b(?:wenn|falls|würde|vielleicht|sagt|sagte|si|peut-être|dit|aurais|quizás|dice|dijo|ojalá|se|talvez|disse|diz)\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"(?:es|das|dich|isso|isto|você|tu|te|vous|esto|eso|das|dem|den|die|der)$", re.IGNORECASE
)


def read(text: str, *, speaker: str | None, said_at: datetime) -> Iterator[Claim]:
    """The claims of the plainest sentences; those with a condition or others' words give none."""
    if speaker is None or _HINT.search(text) is None or not sentences.meant(text):
        return
    for begin, end, mark in islice(
        sentences.sentences(sentences.masked(text)), sentences.SENTENCES_MAX
    ):
        sentence = text[begin:end]
        if "?" in mark or len(sentence) > 300 or _UNSURE.search(sentence) or '"' in sentence:
            continue
        starts = [begin, *(m.end() for m in _CLAUSE.finditer(text, begin, end))]
        for start in starts:
            claim = _clause(text, start, end, speaker)
            if claim is not None:
                yield claim


def _clause(text: str, start: int, end: int, speaker: str) -> Claim | None:
    lead = _LEAD.match(text, start, end)
    at = lead.end() if lead else start
    while at < end and text[at] in " \t¡¿-*":
        at += 1
    for relation, pattern, change in _PATTERNS:
        found = pattern.match(text, at, end)
        if found is None:
            continue
        value = found["o"]
        if _PRONOUN.match(value) or any(
            re.search(n, found[0][: found.start("o") - at]) for n in _NEG.values()
        ):
            return None
        says = predicate(relation, value, denied=False, past=False, ended=False)
        if relation == "age":
            says = f"is {value} years old"
        return Claim(
            at, found.end(), speaker, relation, value, f"{shown(speaker)} {says}.", change=change
        )
    return None

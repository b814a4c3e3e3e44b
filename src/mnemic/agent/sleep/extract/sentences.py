"""A text → the clauses that state something: no question, no condition, no one else's words.

Whatever may not be meant by the speaker here and now is dropped, not repaired: the episode is still
there to be read.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

TEXT_CHARS_MAX = 20_000
_SENTENCE_CHARS_MAX = 600
SENTENCES_MAX = 400
_I = re.IGNORECASE

_NOT_MEANT = re.compile(
    r"\b(?:pretend|role[- ]?play(?:ing)?|act\s+as|imagine\s+(?:you|that|a|being)|you\s+are\s+now|"
    r"once\s+upon\s+a\s+time|my\s+(?:character|persona|protagonist)|just\s+kidding|only\s+joking|"
    r"(?:am|['’]m|was)\s+(?:just\s+)?(?:joking|kidding)|lyrics|screenplay|fan\s?fiction|"
    r"hypothetical(?:ly)?|for\s+example|for\s+instance|e\.g\.|"
    r"ignore\s+(?:all\s+|any\s+)?(?:the\s+)?(?:previous|prior|above|earlier)|"
    r"disregard\s+(?:all|any|the|previous|prior)|system\s+prompt|mark(?:ed)?\s+(?:this\s+|it\s+)?as\s+"
    r"(?:verified|trusted|true)|"
    r"(?:write|tell|draft|compose|continue|generate|create|invent)\s+(?:me\s+|us\s+)?(?:a|an|the|my|"
    r"some|this|short)\s+(?:\w+\s+){0,3}(?:story|poem|song|novel|tale|letter|email|e-mail|dialogue|"
    r"joke|essay|script|speech|message|reply|post|caption|bio|cover\s+letter)|"
    r"(?:translate|proofread|paraphrase|rephrase|rewrite|summari[sz]e|correct|edit|classify|analy[sz]e|"
    r"review|improve|polish)\s+(?:the|this|these|following|my|it|into|to)\b|"
    r"following\s+(?:text|passage|sentences?|paragraph|story|email|letter|message|dialogue))",
    _I,
)
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_MASKED_LINE = re.compile(r"^(?:[ \t]*[>|{}<\[$#]|    |\t).*$", re.MULTILINE)
_QUOTE = re.compile(r"[\"“„«][^\"“”„«»\n]{1,400}[\"”“»]|(?<!\w)['‘][^'’‘\n]{2,200}['’](?!\w)")
_QUOTED_SPEECH = re.compile(
    r"\b(?:I|I['’]\w+|you|we|he|she|they|my|your|is|are|was|will|do|don['’]t|please)\b", _I
)
_PARAGRAPHED = re.compile(r"^[ \t]*([A-Z][\w .'-]{0,30}):[ \t]", re.MULTILINE)
_END = re.compile(r"(?:[.!?…。！？]+[\"'”’)]*(?=\s|$))|\n+|[！？。]")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Mt|vs|etc|approx|ca|No|Jr|Sr|Inc|Ltd|Co|Corp|e\.g|i\.e|a\.m|p\.m|"
    r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)|\b[A-Z])\.$"
)
_BULLET = re.compile(r"[\s*•·–—\-+>]*(?:\(?\d{1,2}[.)]\s+|\(?[a-z]\)\s+)?[\s*_]*")

_SAID = re.compile(
    r"\b(?:says?|said|saying|tells?|told|telling|ask(?:s|ed|ing)?|wrote|writes|claim(?:s|ed)?|"
    r"repl(?:y|ies|ied)|according\s+to|rumou?rs?|shout(?:s|ed)|whisper(?:s|ed)|announce[ds]?|"
    r"suggest(?:s|ed)|insist(?:s|ed)|quot(?:e|es|ed)|mention(?:s|ed)|joke[ds]?|jokingly|explain(?:s|ed)|"
    r"pretend(?:s|ed|ing)?|hear[ds]?|text(?:s|ed)|admit(?:s|ted)|promise[ds]?|complain(?:s|ed)|"
    r"remark(?:s|ed)|call(?:s|ed)\s+me)\b",
    _I,
)
_UNREAL = re.compile(
    r"\b(?:wish(?:es|ed)?|hop(?:e|es|ed|ing)|dream(?:s|ed|t|ing)?|imagin(?:e|es|ed|ing)|suppos(?:e|ing)|"
    r"wonder(?:s|ed|ing)?|whether|lest|otherwise|assum(?:e|ing)|afraid\s+(?:that|I)|in\s+case|"
    r"doubt|as\s+though|not\s+sure|unsure|not\s+certain|what\s+if|say\s+that|let['’]s|even\s+if|"
    r"had\s+I|should\s+I|would\s+have|could\s+have|if\s+only|worr(?:y|ied|ies)|it\s+(?:seems|feels|looks)"
    r"\s+(?:like|as)|feels?\s+like|as\s+if|want(?:s|ed)?\s+(?:you|him|her|them|people))\b",
    _I,
)
_IF = re.compile(r"\b(?:if|unless|provided\s+that|as\s+long\s+as|until)\s+(?!(?:19|20)\d\d)", _I)
_SARCASM = re.compile(r"(?:\s/s\b|\bnot!|\bas\s+if!|🙄)", _I)
_ASKS = re.compile(
    r"[\s,]*(?:and\s+|but\s+|so\s+|or\s+)?(?:do|does|did|don['’]t|can|could|would|will|is|are|was|were|"
    r"have|has|what|where|when|why|how|which|who|whose|any|should|shall|may|isn['’]t|aren['’]t|"
    r"what['’]s|where['’]s|how['’]s)\b",
    _I,
)

_SUBJECT = r"(?:I|we|We|[Mm]y|[Oo]ur)(?:['’](?:m|ve|ll|d|re))?\b"
_OTHER = r"(?:he|she|it|they|you|there|this|these|those|his|her|their|your|everyone|people)\b"
_SPLIT = re.compile(
    r"(?P<mark>;\s*|:\s+|\s+[-–—]+\s+|[—–]\s*|\s*\(\s*|\)\s*,?\s*|\.{2,}\s*|…\s*|,\s+|\s+)"
    r"(?P<word>(?:and\s+then|and\s+so|and\s+also|and\s+now|and|but\s+now|but|so\s+that|so|because|cause|"
    r"although|though|whereas|while|since|plus|yet|or|nor|who|which|that|where|when|whenever|as|"
    r"then|before|after|until|till|than|how|what|why|except|once)\s+)?"
    r"(?:(?P<adverb>also|now|then|currently|actually|still|just|yes|no|well|sometimes|usually|"
    r"recently|today|yesterday|unfortunately|luckily)\s*,?\s+)?"
    rf"(?=(?P<next>{_SUBJECT}|{_OTHER})|(?P<ask>(?:do|does|did|can|could|would|will|what|where|how|which|any|have|is|are|should|"
    r"what['’]s)\s+(?:you|your|I|it|there|there|a|the|do|is|are|should|can|advice|idea|ideas|tips|suggestions)\b)|(?P<name>[A-Z][\w'’-]*(?:\s+[A-Z][\w'’-]*)?\s+"
    r"(?:is|was|has|lives|works|and\s+I|loves|likes|hates|got|moved|just|also|now)\b))"
)
# The same where "and" joins a second verb to the first one's subject.
_JOIN = re.compile(r",?\s+(?:and\s+then|and\s+also|and\s+now|and|but|then)\s+(?=[a-z])")
_FINE_WORDS = frozenset(
    ("", "and", "and then", "and so", "and also", "and now", "but", "but now", "so", "because", "cause",
     "although", "though", "whereas", "since", "plus", "yet", "then", "while")
)  # fmt: skip
_HEDGE_LEAD = re.compile(
    r"(?:I\s+(?:think|guess|believe|suppose|reckon|assume)|I['’]m\s+(?:pretty|fairly|quite|almost)\s+"
    r"sure|maybe|perhaps|probably|possibly|presumably|apparently|as\s+far\s+as\s+I\s+(?:know|remember|"
    r"recall)|if\s+I\s+remember\s+correctly|it\s+seems|not\s+100%\s+sure\s+but)(?:\s+that)?[,\s]+",
    _I,
)
_LEAD = re.compile(
    r"(?:(?:well|so|oh|ah|aww?|wow|hmm+|yes|yeah|yep|yup|no|nope|hi|hello|hey|ok|okay|sure|actually|"
    r"honestly|frankly|basically|also|btw|fyi|tbh|anyway|anyways|personally|unfortunately|luckily|sadly|"
    r"fortunately|currently|presently|now|nowadays|recently|lately|finally|then|and|but|because|"
    r"by\s+the\s+way|to\s+be\s+honest|in\s+fact|of\s+course|right\s+now|these\s+days|at\s+the\s+moment|"
    r"as\s+(?:I\s+(?:said|mentioned)|you\s+know)|like\s+I\s+said|thank\s+you|thanks|haha|lol|absolutely|"
    r"definitely|exactly|indeed|besides|moreover|additionally|in\s+addition|however|plus|still|for\s+me|"
    r"that['’]s\s+right|good|great|nice|sorry|please\s+note(?:\s+that)?|note(?:\s+that)?|remember(?:\s+"
    r"that)?|just\s+so\s+you\s+know|i\s+see|at\s+first|first|firstly|secondly|anyhow|though|although|"
    r"especially|truth\s+is)"
    r"(?:\s*[,!.:–—-]\s*|\s+)){1,4}(?=\S)",
    _I,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause that may state something.

    `start` is where its words begin, `end` where they end; `sentence` are the bounds of the whole
    sentence. `joined` says that it shares the subject of the clause before it.
    """

    start: int
    end: int
    sentence: tuple[int, int]
    certainty: float = 1.0
    joined: bool = False
    first: bool = False
    lead: str = ""


def meant(text: str) -> bool:
    """Whether a text is its speaker's own plain talk: no role-play, story, task on a text, joke."""
    return _NOT_MEANT.search(text) is None


def masked(text: str) -> str:
    """The text with code, quoted lines and markup blanked out, the same length."""
    text = text.replace("\u00a0", " ")
    if "```" in text:
        text = _FENCE.sub(_blank, text)
    if _MASKED_LINE.search(text):
        text = _MASKED_LINE.sub(_blank, text)
    return text


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def quoted(text: str) -> list[tuple[int, int]]:
    """The spans of quoted speech; a quoted title is not speech."""
    if not any(mark in text for mark in "\"“„«'‘"):
        return []
    found = []
    for match in _QUOTE.finditer(text):
        words = match[0].split()
        if len(words) > 6 or (len(words) > 2 and _QUOTED_SPEECH.search(match[0])):
            found.append(match.span())
    return found


def is_transcript(text: str) -> bool:
    """Whether two or more lines open with a name and a colon, so that "I" is several people."""
    if ":" not in text:
        return False
    return len({match[1] for match in _PARAGRAPHED.finditer(text)}) > 1


def sentences(text: str) -> Iterator[tuple[int, int, str]]:
    """Bounds of each sentence, without its closing mark, and that mark."""
    begin = 0
    for match in _END.finditer(text):
        if match[0] == "." and _ABBREVIATION.search(text, max(begin, match.end() - 8), match.end()):
            continue
        if match.start() > begin:
            yield begin, match.start(), match[0]
        begin = match.end()
    if begin < len(text):
        yield begin, len(text), ""


def clauses(text: str) -> Iterator[Clause]:
    """The clauses of a masked text that may state something, in order."""
    speech = quoted(text)
    starts = [span[0] for span in speech]
    first = True
    for begin, end, mark in islice(sentences(text), SENTENCES_MAX):
        begin = _skip_bullet(text, begin, end)
        if end - begin < 4 or end - begin > _SENTENCE_CHARS_MAX:
            continue
        place = bisect_right(starts, begin) - 1
        if place >= 0 and speech[place][1] > begin:
            continue
        speech_inside = any(begin <= at < end for at in starts)
        yield from _stated(text, begin, end, mark, speech_inside, first=first)
        first = False


def _skip_bullet(text: str, begin: int, end: int) -> int:
    found = _BULLET.match(text, begin, end)
    return found.end() if found else begin


def _stated(
    text: str, begin: int, end: int, mark: str, speech: bool, *, first: bool
) -> Iterator[Clause]:
    sentence = text[begin:end]
    if speech or _SARCASM.search(sentence) or "://" in sentence:
        return
    if _IF.search(sentence) or _SAID.search(_without_asides(sentence)):
        return
    unreal = _UNREAL.search(sentence)
    limit = begin + unreal.start() if unreal else end
    parts = list(_parts(text, begin, end))
    asking = _first_question(text, parts) if "?" in mark or "？" in mark else len(parts)
    lead = ""
    for number, (start, stop, word, joined) in enumerate(parts[:asking]):
        if start >= limit or (unreal and stop > limit):
            break
        if word not in _FINE_WORDS:
            lead = ""
            continue
        opened, certainty, time = _opened(text, start, stop)
        yield Clause(
            opened, stop, (begin, end), certainty, joined, first and number == 0, time or lead
        )
        lead = text[start:stop] if _TIME.fullmatch(text, start, stop) else ""


_ASIDE = re.compile(r"\b(?:as|like)\s+I\s+(?:said|mentioned|told\s+you)\b", _I)


def _without_asides(sentence: str) -> str:
    return _ASIDE.sub(" ", sentence)


def _first_question(text: str, parts: list[tuple[int, int, str, bool]]) -> int:
    """The first clause that asks; 0 where none plainly does, so that the sentence is the question."""
    for number, (start, stop, _, _) in enumerate(parts):
        if _ASKS.match(text, start, stop):
            return number
    return 0


def _parts(text: str, begin: int, end: int) -> Iterator[tuple[int, int, str, bool]]:
    """Start, end, connecting word of each clause, and whether it lacks a subject of its own."""
    start, word = begin, ""
    for match in _SPLIT.finditer(text, begin, end):
        connector = " ".join((match["word"] or "").lower().split())
        bare = not match["mark"].strip() and not connector
        if (
            bare
            or match.start() <= start
            or (match["ask"] and not match["mark"].strip() and not connector)
        ):
            continue
        yield start, match.start(), word, False
        start, word = match.end(), connector
    yield start, end, word, False


_TIME = re.compile(
    r"\s*(?:and\s+|but\s+|so\s+|then\s+)?(?:(?:early|late|later|earlier)\s+)?(?:today|yesterday|tomorrow|tonight|(?:last|this|next)\s+\w+(?:\s+\w+)?|"
    r"(?:in|on|at|since|until|from|during|by|around)\s+[\w ,]{2,36}|(?:a|one|two|three|four|five|six|\d+)\s+\w+\s+ago|"
    r"[A-Z][a-z]+\s+\d{1,2}(?:st|nd|rd|th)?|\d{4}-\d\d-\d\d)\s*",
    _I,
)
_TIME_LEAD = re.compile(
    r"(?:today|yesterday|tomorrow|tonight|(?:last|this|next)\s+\w+|(?:in|on|since)\s+[\w ]{2,24}?|"
    r"(?:a|one|two|three|four|five|six|\d+)\s+\w+\s+ago)\s+(?=(?:I|we|my|our)\b)",
    _I,
)


def _opened(text: str, start: int, stop: int) -> tuple[int, float, str]:
    """Where the subject begins after words like "well", "I think", "today"; how sure; the time."""
    certainty, time = 1.0, ""
    for _ in range(2):
        lead = _LEAD.match(text, start, stop)
        if lead:
            start = lead.end()
        hedge = _HEDGE_LEAD.match(text, start, stop)
        if hedge:
            start, certainty = hedge.end(), 0.6
        timed = _TIME_LEAD.match(text, start, stop)
        if timed:
            start, time = timed.end(), timed[0].strip()
        if not lead and not hedge and not timed:
            break
    return start, certainty, time


def joins(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Where "and" may join a second verb within a clause: the end before it, and its start."""
    for match in _JOIN.finditer(text, start, stop):
        yield match.start(), match.end()

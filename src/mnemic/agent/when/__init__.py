"""Words of time → spans, by rule; the three clocks.

moments.py    one moment, read strictly: ISO 8601, zones
calendar.py   days, weeks, months, seasons, holidays as spans
grammar.py    the words, and the register of rules
absolute.py   rules of the calendar: dates, months, seasons, holidays
periods.py    rules of numbered weeks, halves of years, fiscal years
relative.py   rules relative to the present: yesterday, two weeks ago
compose.py    expressions made of expressions: between, before, early, at 3 pm
window.py     the span that a question asks for, on which clock, and how strictly
tongues/      six more languages, rewritten in the grammar's words
tells.py      the time that a statement tells of
events.py     windows beside events, which somebody else dates
aim.py        what a question asks of order and number
belief.py     what a question asks of past belief
"""

from mnemic.agent.when.aim import Aim, parse_aim
from mnemic.agent.when.belief import parse_belief
from mnemic.agent.when.events import EventWindow, parse_event_window, resolve
from mnemic.agent.when.moments import parse_moment, zone_of
from mnemic.agent.when.tells import tells_of
from mnemic.agent.when.window import parse_window

RULES_VERSION = 4
"""Changes whenever the same text would give another event time."""

__all__ = [
    "RULES_VERSION",
    "Aim",
    "EventWindow",
    "parse_aim",
    "parse_belief",
    "parse_event_window",
    "parse_moment",
    "parse_window",
    "resolve",
    "tells_of",
    "zone_of",
]

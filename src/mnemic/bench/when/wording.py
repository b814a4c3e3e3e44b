"""How each language says a time and asks a question.

These tables are the benchmark's own and share nothing with those of the grammar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Wording:
    """One language: names of months, days, seasons and numbers; the questions; the times.

    `times` holds, by kind, patterns with {n} {month} {month2} {weekday} {season} {day} {day2}
    {year} {week} {ordinal} {event}. `said`, `happened` and `ingested` are questions on the three clocks.
    """

    code: str
    months: Sequence[str]
    weekdays: Sequence[str]
    seasons: Mapping[str, str]
    numbers: Sequence[str]  # from two on
    ordinals: Sequence[str]
    said: Sequence[str]
    happened: str
    ingested: str
    times: Mapping[str, Sequence[str]]
    order: Mapping[str, Sequence[str]]
    event: tuple[str, str]  # "the move to {name}", and its words after "before"

    def spell(self, kind: str, words: Mapping[str, int | str], choice: int) -> str:
        """The expression of a kind, in one of its wordings."""
        patterns = self.times[kind]
        said: dict[str, str] = {}
        for name, value in words.items():
            if name.startswith("month"):
                said[name] = self.months[int(value) - 1]
            elif name == "weekday":
                said[name] = self.weekdays[int(value)]
            elif name == "season":
                said[name] = self.seasons[str(value)]
            elif name == "ordinal":
                said[name] = self.ordinals[int(value) - 1]
            elif name == "n" and 2 <= int(value) < len(self.numbers) + 2:
                said[name] = self.numbers[int(value) - 2]
                said["figure"] = str(value)
            else:
                said[name] = str(value)
        said.setdefault("figure", said.get("n", ""))
        if {"day", "month", "year"} <= words.keys():
            day = date(int(words["year"]), int(words["month"]), int(words["day"]))
            said["iso"] = day.isoformat()
        return patterns[choice % len(patterns)].format(**said)


def _split(text: str) -> list[str]:
    return text.split()


ENGLISH = Wording(
    code="en",
    months=_split(
        "January February March April May June July August September October November December"
    ),
    weekdays=_split("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    seasons={"spring": "spring", "summer": "summer", "autumn": "autumn", "winter": "winter"},
    numbers=_split("two three four five six seven eight nine ten"),
    ordinals=("first", "second"),
    said=(
        "What did {who} say about {topic} {when}?",
        "What did {who} tell us about {topic} {when}?",
        "{When}, what did {who} say about {topic}?",
    ),
    happened="What happened with {topic} {when}?",
    ingested="What was imported about {topic} {when}?",
    times={
        "yesterday": ("yesterday",),
        "day before yesterday": ("the day before yesterday",),
        "days ago": ("{n} days ago", "{figure} days ago"),
        "last week": ("last week",),
        "weeks ago": ("{n} weeks ago",),
        "last month": ("last month",),
        "months ago": ("{n} months ago", "{figure} months ago"),
        "last year": ("last year",),
        "years ago": ("{n} years ago",),
        "last season": ("last {season}",),
        "season of year": ("in the {season} of {year}",),
        "last weekday": ("last {weekday}", "on {weekday}"),
        "date": (
            "on {day} {month} {year}",
            "on {month} {day}, {year}",
            "on the {day}th of {month} {year}",
        ),
        "date without year": ("on {day} {month}", "on {month} {day}"),
        "month": ("in {month}",),
        "month of year": ("in {month} {year}",),
        "year": ("in {year}",),
        "quarter": ("in Q{figure} {year}", "in Q{figure} of {year}"),
        "half of year": ("in the {ordinal} half of {year}",),
        "half of month": ("in the {ordinal} half of {month}",),
        "week number of year": (
            "in week {week} of {year}",
            "in W{week} {year}",
            "in week {week}, {year}",
        ),
        "week number": ("in calendar week {week}", "in ISO week {week}"),
        "leap day": ("on 29 February {year}", "on February 29"),
        "to the day": ("{n} months ago to the day", "{n} months ago today"),
        "day of changed clocks": ("on {day} {month} {year}",),
        "before": ("before {month} {year}",),
        "after": ("after {month} {year}",),
        "since": ("since {month} {year}",),
        "since a date": ("since {day} {month} {year}",),
        "until": ("until {month} {year}",),
        "between months": (
            "between {month} and {month2} {year}",
            "from {month} to {month2} {year}",
        ),
        "between days": (
            "between {day} and {day2} {month} {year}",
            "from {month} {day} to {day2}, {year}",
        ),
        "last n days": ("in the last {n} days", "over the past {n} days"),
        "week before": ("in the week before Christmas {year}",),
        "week after": ("in the week after Christmas {year}",),
        "fiscal quarter": (
            "in Q{figure} FY{year}",
            "in fiscal Q{figure} {year}",
            "in Q{figure} of fiscal {year}",
        ),
        "no later than": ("no later than {month} {year}",),
        "since until": ("since {month} {year} until {month2} {year}",),
        "iso date": ("on {iso}",),
        "before event": ("before {event}",),
        "after event": ("after {event}",),
        "since event": ("since {event}",),
        "until event": ("until {event}",),
        "week after event": ("the week after {event}", "in the week after {event}"),
        "week before event": ("the week before {event}",),
        "day after event": ("the day after {event}",),
        "weeks after event": ("{n} weeks after {event}",),
    },
    order={
        "first": (
            "When did {who} first mention {topic}?",
            "What did {who} say the first time about {topic}?",
        ),
        "last": (
            "What did {who} most recently say about {topic}?",
            "What is the latest {who} said about {topic}?",
            "When was the last time {who} mentioned {topic}?",
        ),
        "count": (
            "How many times did {who} mention {topic} {when}?",
            "How often did {who} talk about {topic} {when}?",
        ),
    },
    event=("the move to {name}", "the move to {name}"),
)
GERMAN = Wording(
    code="de",
    months=_split(
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
    ),
    weekdays=_split("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
    seasons={"spring": "Frühling", "summer": "Sommer", "autumn": "Herbst", "winter": "Winter"},
    numbers=_split("zwei drei vier fünf sechs sieben acht neun zehn"),
    ordinals=("ersten", "zweiten"),
    said=("Was hat {who} {when} über {topic} gesagt?", "Was sagte {who} {when} über {topic}?"),
    happened="Was ist {when} mit {topic} passiert?",
    ingested="Was wurde {when} über {topic} importiert?",
    times={
        "yesterday": ("gestern",),
        "day before yesterday": ("vorgestern",),
        "days ago": ("vor {n} Tagen", "vor {figure} Tagen"),
        "last week": ("letzte Woche", "in der letzten Woche"),
        "weeks ago": ("vor {n} Wochen",),
        "last month": ("letzten Monat", "im letzten Monat"),
        "months ago": ("vor {n} Monaten",),
        "last year": ("letztes Jahr", "im vergangenen Jahr"),
        "years ago": ("vor {n} Jahren",),
        "last season": ("letzten {season}", "im letzten {season}"),
        "season of year": ("im {season} {year}",),
        "last weekday": ("letzten {weekday}", "am {weekday}"),
        "date": ("am {day}. {month} {year}",),
        "date without year": ("am {day}. {month}",),
        "month": ("im {month}",),
        "month of year": ("im {month} {year}",),
        "year": ("im Jahr {year}", "{year}"),
        "quarter": ("im Q{figure} {year}", "im {figure}. Quartal {year}"),
        "half of year": ("in der {ordinal} Hälfte des Jahres {year}",),
        "half of month": ("in der {ordinal} Hälfte des {month}",),
        "week number of year": ("in KW {week} {year}", "in der KW {week}/{year}"),
        "week number": ("in KW {week}",),
        "leap day": ("am 29. Februar {year}",),
        "day of changed clocks": ("am {day}. {month} {year}",),
        "before": ("vor {month} {year}",),
        "after": ("nach {month} {year}",),
        "since": ("seit {month} {year}",),
        "since a date": ("seit dem {day}. {month} {year}",),
        "until": ("bis {month} {year}",),
        "between months": (
            "zwischen {month} und {month2} {year}",
            "von {month} bis {month2} {year}",
        ),
        "between days": (
            "vom {day}. bis zum {day2}. {month} {year}",
            "zwischen dem {day}. und dem {day2}. {month} {year}",
        ),
        "last n days": ("in den letzten {n} Tagen",),
        "week before": ("in der Woche vor Weihnachten {year}",),
        "week after": ("in der Woche nach Weihnachten {year}",),
        "before event": ("vor {event}",),
        "after event": ("nach {event}",),
        "since event": ("seit {event}",),
        "week after event": ("in der Woche nach {event}",),
    },
    order={
        "first": ("Wann hat {who} zum ersten Mal {topic} erwähnt?",),
        "last": ("Was hat {who} zuletzt über {topic} gesagt?",),
        "count": ("Wie oft hat {who} {when} {topic} erwähnt?",),
    },
    event=("der Umzug nach {name}", "dem Umzug nach {name}"),
)
FRENCH = Wording(
    code="fr",
    months=_split(
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
    ),
    weekdays=_split("lundi mardi mercredi jeudi vendredi samedi dimanche"),
    seasons={"spring": "printemps", "summer": "été", "autumn": "automne", "winter": "hiver"},
    numbers=_split("deux trois quatre cinq six sept huit neuf dix"),
    ordinals=("première", "deuxième"),
    said=("Qu'est-ce que {who} a dit sur {topic} {when} ?", "{When}, qu'a dit {who} sur {topic} ?"),
    happened="Que s'est-il passé avec {topic} {when} ?",
    ingested="Qu'est-ce qui a été importé sur {topic} {when} ?",
    times={
        "yesterday": ("hier",),
        "day before yesterday": ("avant-hier",),
        "days ago": ("il y a {n} jours",),
        "last week": ("la semaine dernière", "la semaine passée"),
        "weeks ago": ("il y a {n} semaines",),
        "last month": ("le mois dernier",),
        "months ago": ("il y a {n} mois",),
        "last year": ("l'année dernière", "l'an dernier"),
        "years ago": ("il y a {n} ans",),
        "last season": ("l'{season} dernier",),
        "last weekday": ("{weekday} dernier", "{weekday}"),
        "date": ("le {day} {month} {year}",),
        "date without year": ("le {day} {month}",),
        "month": ("en {month}", "au mois de {month}"),
        "month of year": ("en {month} {year}",),
        "year": ("en {year}",),
        "half of year": ("dans la {ordinal} moitié de {year}",),
        "half of month": ("dans la {ordinal} moitié de {month}",),
        "leap day": ("le 29 février {year}",),
        "day of changed clocks": ("le {day} {month} {year}",),
        "before": ("avant {month} {year}",),
        "after": ("après {month} {year}",),
        "since": ("depuis {month} {year}",),
        "since a date": ("depuis le {day} {month} {year}",),
        "until": ("jusqu'en {month} {year}",),
        "between months": ("entre {month} et {month2} {year}", "de {month} à {month2} {year}"),
        "between days": (
            "du {day} au {day2} {month} {year}",
            "entre le {day} et le {day2} {month} {year}",
        ),
        "last n days": ("au cours des {n} derniers jours", "ces {n} derniers jours"),
        "week before": ("la semaine avant Noël {year}",),
        "week after": ("la semaine après Noël {year}",),
        "before event": ("avant {event}",),
        "after event": ("après {event}",),
        "since event": ("depuis {event}",),
        "week after event": ("la semaine après {event}",),
    },
    order={
        "first": ("Quelle est la première fois que {who} a mentionné {topic} ?",),
        "last": ("Quelle est la dernière fois que {who} a parlé de {topic} ?",),
        "count": ("Combien de fois {who} a mentionné {topic} {when} ?",),
    },
    event=("le déménagement à {name}", "le déménagement à {name}"),
)
SPANISH = Wording(
    code="es",
    months=_split(
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
    ),
    weekdays=_split("lunes martes miércoles jueves viernes sábado domingo"),
    seasons={"spring": "primavera", "summer": "verano", "autumn": "otoño", "winter": "invierno"},
    numbers=_split("dos tres cuatro cinco seis siete ocho nueve diez"),
    ordinals=("primera", "segunda"),
    said=("¿Qué dijo {who} sobre {topic} {when}?", "{When}, ¿qué dijo {who} sobre {topic}?"),
    happened="¿Qué pasó con {topic} {when}?",
    ingested="¿Qué se importó sobre {topic} {when}?",
    times={
        "yesterday": ("ayer",),
        "day before yesterday": ("anteayer", "antes de ayer"),
        "days ago": ("hace {n} días",),
        "last week": ("la semana pasada",),
        "weeks ago": ("hace {n} semanas",),
        "last month": ("el mes pasado",),
        "months ago": ("hace {n} meses",),
        "last year": ("el año pasado",),
        "years ago": ("hace {n} años",),
        "last weekday": ("el {weekday} pasado", "el {weekday}"),
        "season of year": ("en {season} de {year}",),
        "date": ("el {day} de {month} de {year}",),
        "date without year": ("el {day} de {month}",),
        "month": ("en {month}",),
        "month of year": ("en {month} de {year}",),
        "year": ("en {year}",),
        "half of year": ("en la {ordinal} mitad de {year}",),
        "half of month": ("en la {ordinal} mitad de {month}",),
        "leap day": ("el 29 de febrero de {year}",),
        "day of changed clocks": ("el {day} de {month} de {year}",),
        "before": ("antes de {month} de {year}",),
        "after": ("después de {month} de {year}",),
        "since": ("desde {month} de {year}",),
        "since a date": ("desde el {day} de {month} de {year}",),
        "until": ("hasta {month} de {year}",),
        "week number of year": ("en la semana {week} de {year}",),
        "between months": ("entre {month} y {month2} de {year}", "de {month} a {month2} de {year}"),
        "between days": (
            "entre el {day} y el {day2} de {month} de {year}",
            "del {day} al {day2} de {month} de {year}",
        ),
        "last n days": ("en los últimos {n} días",),
        "week before": ("la semana antes de Navidad de {year}",),
        "week after": ("la semana después de Navidad de {year}",),
        "before event": ("antes de {event}",),
        "after event": ("después de {event}",),
        "since event": ("desde {event}",),
        "week after event": ("la semana después de {event}",),
    },
    order={
        "first": ("¿Cuándo mencionó {who} {topic} por primera vez?",),
        "last": ("¿Cuándo fue la última vez que {who} mencionó {topic}?",),
        "count": ("¿Cuántas veces mencionó {who} {topic} {when}?",),
    },
    event=("la mudanza a {name}", "la mudanza a {name}"),
)
PORTUGUESE = Wording(
    code="pt",
    months=_split(
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
    ),
    weekdays=(
        "segunda-feira",
        "terça-feira",
        "quarta-feira",
        "quinta-feira",
        "sexta-feira",
        "sábado",
        "domingo",
    ),
    seasons={"spring": "primavera", "summer": "verão", "autumn": "outono", "winter": "inverno"},
    numbers=_split("dois três quatro cinco seis sete oito nove dez"),
    ordinals=("primeira", "segunda"),
    said=("O que {who} disse sobre {topic} {when}?", "{When}, o que disse {who} sobre {topic}?"),
    happened="O que aconteceu com {topic} {when}?",
    ingested="O que foi importado sobre {topic} {when}?",
    times={
        "yesterday": ("ontem",),
        "day before yesterday": ("anteontem",),
        "days ago": ("há {figure} dias", "{figure} dias atrás"),
        "last week": ("na semana passada", "semana passada"),
        "weeks ago": ("há {figure} semanas",),
        "last month": ("no mês passado",),
        "months ago": ("há {n} meses", "{n} meses atrás"),
        "last year": ("no ano passado",),
        "years ago": ("há {n} anos",),
        "season of year": ("no {season} de {year}",),
        "date": ("em {day} de {month} de {year}", "no dia {day} de {month} de {year}"),
        "date without year": ("no dia {day} de {month}",),
        "month": ("em {month}",),
        "month of year": ("em {month} de {year}",),
        "year": ("em {year}",),
        "half of year": ("na {ordinal} metade de {year}",),
        "half of month": ("na {ordinal} metade de {month}",),
        "leap day": ("em 29 de fevereiro de {year}",),
        "day of changed clocks": ("em {day} de {month} de {year}",),
        "before": ("antes de {month} de {year}",),
        "after": ("depois de {month} de {year}",),
        "since": ("desde {month} de {year}",),
        "since a date": ("desde {day} de {month} de {year}",),
        "until": ("até {month} de {year}",),
        "between months": ("entre {month} e {month2} de {year}", "de {month} a {month2} de {year}"),
        "between days": ("entre {day} e {day2} de {month} de {year}",),
        "last n days": ("nos últimos {n} dias",),
        "week before": ("na semana antes do Natal de {year}",),
        "week after": ("na semana depois do Natal de {year}",),
        "before event": ("antes da {event}",),
        "after event": ("depois da {event}",),
        "since event": ("desde a {event}",),
        "week after event": ("na semana depois da {event}",),
    },
    order={
        "first": ("Quando {who} mencionou {topic} pela primeira vez?",),
        "last": ("Quando foi a última vez que {who} mencionou {topic}?",),
        "count": ("Quantas vezes {who} mencionou {topic} {when}?",),
    },
    event=("a mudança para {name}", "mudança para {name}"),
)
ITALIAN = Wording(
    code="it",
    months=_split(
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"
    ),
    weekdays=_split("lunedì martedì mercoledì giovedì venerdì sabato domenica"),
    seasons={"spring": "primavera", "summer": "estate", "autumn": "autunno", "winter": "inverno"},
    numbers=_split("due tre quattro cinque sei sette otto nove dieci"),
    ordinals=("prima", "seconda"),
    said=("Cosa ha detto {who} su {topic} {when}?", "{When}, cosa ha detto {who} su {topic}?"),
    happened="Cosa è successo con {topic} {when}?",
    ingested="Cosa è stato importato su {topic} {when}?",
    times={
        "yesterday": ("ieri",),
        "day before yesterday": ("l'altro ieri",),
        "days ago": ("{n} giorni fa",),
        "last week": ("la settimana scorsa", "la scorsa settimana"),
        "weeks ago": ("{n} settimane fa",),
        "last month": ("il mese scorso", "lo scorso mese"),
        "months ago": ("{n} mesi fa",),
        "last year": ("l'anno scorso",),
        "years ago": ("{n} anni fa",),
        "last weekday": ("{weekday} scorso", "{weekday}"),
        "date": ("il {day} {month} {year}",),
        "date without year": ("il {day} {month}",),
        "month": ("a {month}", "in {month}"),
        "month of year": ("nel {month} {year}", "a {month} {year}"),
        "year": ("nel {year}",),
        "season of year": ("nella {season} del {year}",),
        "half of year": ("nella {ordinal} metà del {year}",),
        "half of month": ("nella {ordinal} metà di {month}",),
        "leap day": ("il 29 febbraio {year}",),
        "day of changed clocks": ("il {day} {month} {year}",),
        "before": ("prima di {month} {year}", "prima del {month} {year}"),
        "after": ("dopo {month} {year}", "dopo il {month} {year}"),
        "since": ("da {month} {year}", "dal {month} {year}"),
        "since a date": ("dal {day} {month} {year}",),
        "until": ("fino a {month} {year}",),
        "between months": ("tra {month} e {month2} {year}", "da {month} a {month2} {year}"),
        "between days": (
            "tra il {day} e il {day2} {month} {year}",
            "dal {day} al {day2} {month} {year}",
        ),
        "last n days": ("negli ultimi {n} giorni",),
        "week before": ("la settimana prima di Natale {year}",),
        "week after": ("la settimana dopo Natale {year}",),
        "before event": ("prima del {event}",),
        "after event": ("dopo il {event}",),
        "since event": ("dal {event}",),
        "week after event": ("la settimana dopo il {event}",),
    },
    order={
        "first": ("Quando {who} ha menzionato {topic} per la prima volta?",),
        "last": ("Quando è stata l'ultima volta che {who} ha menzionato {topic}?",),
        "count": ("Quante volte {who} ha menzionato {topic} {when}?",),
    },
    event=("il trasloco a {name}", "trasloco a {name}"),
)
DUTCH = Wording(
    code="nl",
    months=_split("januari februari maart april mei juni juli augustus september oktober november december"),
    weekdays=_split("maandag dinsdag woensdag donderdag vrijdag zaterdag zondag"),
    seasons={"spring": "lente", "summer": "zomer", "autumn": "herfst", "winter": "winter"},
    numbers=_split("twee drie vier vijf zes zeven acht negen tien"),
    ordinals=("eerste", "tweede"),
    said=("Wat heeft {who} {when} over {topic} gezegd?", "Wat zei {who} {when} over {topic}?"),
    happened="Wat is er {when} met {topic} gebeurd?",
    ingested="Wat is er {when} over {topic} geïmporteerd?",
    times={
        "yesterday": ("gisteren",), "day before yesterday": ("eergisteren",), "days ago": ("{n} dagen geleden",),
        "last week": ("vorige week", "afgelopen week"), "weeks ago": ("{n} weken geleden",),
        "last month": ("vorige maand",), "months ago": ("{n} maanden geleden",), "last year": ("vorig jaar",),
        "years ago": ("{n} jaar geleden",), "last season": ("afgelopen {season}", "vorige {season}"),
        "season of year": ("in de {season} van {year}",), "last weekday": ("afgelopen {weekday}", "op {weekday}"),
        "date": ("op {day} {month} {year}",), "date without year": ("op {day} {month}",), "month": ("in {month}",),
        "month of year": ("in {month} {year}",), "year": ("in {year}",),
        "half of year": ("in de {ordinal} helft van {year}",), "half of month": ("in de {ordinal} helft van {month}",),
        "week number of year": ("in week {week} van {year}",), "week number": ("in week {week}",),
        "leap day": ("op 29 februari {year}",), "day of changed clocks": ("op {day} {month} {year}",),
        "before": ("voor {month} {year}",), "after": ("na {month} {year}",), "since": ("sinds {month} {year}",),
        "since a date": ("sinds {day} {month} {year}",), "until": ("tot en met {month} {year}",),
        "between months": ("tussen {month} en {month2} {year}",),
        "between days": ("tussen {day} en {day2} {month} {year}", "van {day} tot en met {day2} {month} {year}"),
        "last n days": ("in de afgelopen {n} dagen",),
        "week before": ("in de week voor Kerst {year}",), "week after": ("in de week na Kerst {year}",),
        "before event": ("voor {event}",), "after event": ("na {event}",), "since event": ("sinds {event}",),
        "week after event": ("in de week na {event}",),
    },
    order={
        "first": ("Wanneer noemde {who} {topic} voor het eerst?",),
        "last": ("Wanneer was de laatste keer dat {who} {topic} noemde?",),
        "count": ("Hoe vaak heeft {who} {topic} {when} genoemd?",),
    },
    event=("de verhuizing naar {name}", "de verhuizing naar {name}"),
)  # fmt: skip

WORDINGS: Sequence[Wording] = (ENGLISH, GERMAN, FRENCH, SPANISH, PORTUGUESE, ITALIAN, DUTCH)

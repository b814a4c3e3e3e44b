"""German words of time."""

from mnemic.agent.when.tongues.language import Language

_LAST = (
    "letzte|letzten|letzter|letztes|letztem|vergangene|vergangenen|vergangener|vergangenes|"
    "vergangenem|vorige|vorigen|voriger|voriges|vorigem"
)
_THIS = "diese|diesen|dieser|dieses|diesem"
_NEXT = "nächste|nächsten|nächster|nächstes|nächstem|kommende|kommenden|kommender|kommendes"
_ABOUT = "etwa|ungefähr|rund|circa|ca|fast|gut"

GERMAN = Language(
    code="de",
    common=(
        "ich du er sie es wir ihr der die das den dem des ein eine einen einem einer und oder aber "
        "nicht was wer wie wann wo warum welche welcher welches war waren hat haben habe hatte bin "
        "ist sind wird werde mit von zu zum zur für über auf an im am bei nach vor seit aus mein "
        "meine mir mich dir dich uns ihm ihn auch noch schon sehr dass wenn gesagt gemacht gibt"
    ),
    months=(
        "januar jänner jan", "februar feber feb", "märz mrz maerz", "april apr", "mai",
        "juni jun", "juli jul", "august aug", "september sept sep", "oktober okt",
        "november nov", "dezember dez",
    ),
    weekdays=(
        "montag montagabend", "dienstag", "mittwoch", "donnerstag", "freitag",
        "samstag sonnabend", "sonntag",
    ),
    numbers=(
        "ein eine einen einem einer eines", "zwei", "drei", "vier", "fünf fuenf", "sechs", "sieben",
        "acht", "neun", "zehn", "elf", "zwölf zwoelf",
    ),
    units=(
        "tag tage tagen tages", "woche wochen", "wochenende wochenenden wochenendes",
        "monat monate monaten monats", "quartal quartale quartalen quartals",
        "jahr jahre jahren jahres", "jahrzehnt jahrzehnte jahrzehnten", "stunde stunden",
        "minute minuten",
    ),
    seasons=("frühling frühjahr frühjahrs fruehling", "sommer sommers", "herbst herbstes",
             "winter winters"),
    ordinals=(
        "erste ersten erster erstes erstem", "zweite zweiten zweiter zweites zweitem",
        "dritte dritten dritter drittes", "vierte vierten vierter viertes", "letzte letzten",
    ),
    parts=("morgen früh vormittag", "nachmittag", "abend", "nacht"),
    holidays={
        "weihnachten": "Christmas", "heiligabend": "Christmas Eve", "silvester": "New Year's Eve",
        "neujahr": "New Year's Day", "ostern": "Easter", "ostersonntag": "Easter",
        "ostermontag": "Easter Monday", "karfreitag": "Good Friday", "pfingsten": "Pentecost",
    },
    words={
        "dass": "that",
        "gestern": "yesterday", "heute": "today", "morgen": "tomorrow",
        "vorgestern": "day before yesterday", "übermorgen uebermorgen": "day after tomorrow",
        "vor": "before", "nach": "after", "seit": "since", "bis": "until", "zwischen": "between",
        "und": "and", "in im": "in", "am": "on", "während": "during", "anfang": "early",
        "mitte": "mid", "ende": "late", "neulich kürzlich unlängst": "recently",
        "jeden jede jedes": "every", "seitdem": "¤",
        "gesagt sagte sagten erzählt erzählte erwähnt erwähnte geschrieben schrieb gesprochen "
        "besprochen diskutiert gefragt fragte berichtet versprochen empfohlen": "spoken",
        "passiert geschehen geschah passierte": "happened", "importiert gespeichert": "imported",
        "war waren hatte hatten ging gingen kam kamen sah wurde wurden gab fuhr traf": "was",
        "wird werde werden wirst": "will", "geburtstag geboren": "born",
        "immer normalerweise oft": "always",
    },
    dropped="der die das den dem des",
    phrases=(
        ("guten|schönen|jeden|den|am|einen|eines|nächsten|frühen|gegen|zum morgen", "¤"),
        ("diesen|dieser morgen", "this morning"),
        ("auf den tag genau vor {n} {unit}", "{n} {unit} ago to the day"),
        ("vor {n} {unit} auf den tag genau", "{n} {unit} ago to the day"),
        ("vor {n} {unit}", "{n} {unit} ago"),
        ("vor genau {n} {unit}", "exactly {n} {unit} ago"),
        (f"vor {_ABOUT} {{n}} {{unit}}", "about {n} {unit} ago"),
        ("vor ein|einem paar {unit}", "a few {unit} ago"),
        ("vor einigen|wenigen {unit}", "a few {unit} ago"),
        ("auf den tag genau", "to the day"),
        ("in? den? letzten|vergangenen {n} {unit}", "in the last {n} {unit}"),
        ("innerhalb der letzten|vergangenen {n} {unit}", "in the last {n} {unit}"),
        (f"in|im|am? der|die|das|den|dem? {_LAST} {{x}}", "last {x}"),
        (f"in|im|am? der|die|das|den|dem? {_THIS} {{x}}", "this {x}"),
        (f"in|im|am? der|die|das|den|dem? {_NEXT} {{x}}", "next {x}"),
        ("letzte nacht", "last night"), ("in der letzten nacht", "last night"),
        ("heute nacht", "tonight"),
        ("heute {part}", "this {part}"), ("gestern {part}", "yesterday {part}"),
        ("morgen {part}", "tomorrow {part}"), ("am morgen|abend|nachmittag", "¤"),
        ("am {day} .? {month}", "on {day} {month}"),
        ("{day} .? {month}", "{day} {month}"),
        ("{weekday} den? {day} .? {month}", "on {day} {month}"),
        ("{weekday} , den|dem? {day} .? {month}", "on {day} {month}"),
        ("vom|zwischen? {day} .? bis|und zum|dem? {day2} .? {month}",
         "from {day} to {day2} {month}"),
        ("von|vom {month} bis {month2}", "from {month} to {month2}"),
        ("{month} letzten|vorigen|vergangenen jahres", "{month} of last year"),
        ("{season} letzten|vorigen|vergangenen jahres", "{season} of last year"),
        ("{month} dieses jahres", "{month} of this year"),
        ("im|in? jahr|jahre {year}", "in {year}"), ("des jahres {year}", "of {year}"),
        ("kw|kalenderwoche {week}", "calendar week {week}"),
        ("in? der? {ordinal} hälfte des|von|vom? jahres? {year}", "in the {ordinal} half of {year}"),
        ("in? der? {ordinal} hälfte des|von|vom|im {month}", "in the {ordinal} half of {month}"),
        ("in? der? {ordinal} jahreshälfte {year}", "in the {ordinal} half of {year}"),
        ("im? {ordinal} halbjahr {year}", "in the {ordinal} half of {year}"),
        ("im? {ordinal} quartal {year}", "in the {ordinal} quarter of {year}"),
        ("im? {n} . quartal {year}", "in Q{n} {year}"),
        ("in? der? {ordinal} woche im|des|vom {month}", "in the {ordinal} week of {month}"),
        ("am? {ordinal} {weekday} im|des {month}", "on the {ordinal} {weekday} of {month}"),
        ("an|zu|über {holiday}", "at {holiday}"),
        ("in? der {unit} vor", "the {unit} before"), ("in? der {unit} nach", "the {unit} after"),
        ("am tag vor", "the day before"), ("am tag nach", "the day after"),
        ("am wochenende vor", "the weekend before"), ("am wochenende nach", "the weekend after"),
        ("am wochenende", "on the weekend"),
        ("spätestens|bis am|zum|im", "until"), ("bis einschließlich", "until"),
        ("bis {weekday}", "until {weekday}"),
        ("seit dem|der|den?", "since"), ("bevor", "before"), ("nachdem", "after"),
        ("wie oft", "how often"), ("wie viele", "how many"), ("noch vor", "before"), ("von vor", "¤"),
    ),
    past=("te", "ten"),
    bare_years=True,
)  # fmt: skip

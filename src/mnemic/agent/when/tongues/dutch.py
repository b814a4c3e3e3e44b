"""Dutch words of time."""

from mnemic.agent.when.tongues.language import Language

_LAST = "vorige|afgelopen|laatste|verleden"
_NEXT = "volgende|komende|aanstaande"
_THIS = "deze|dit"

DUTCH = Language(
    code="nl",
    common=(
        "ik jij je u hij zij ze het wij we jullie de een en of maar niet wat wie hoe wanneer waar "
        "waarom welke welk was waren heb hebt heeft hebben had ben is zijn wordt met van voor naar "
        "op aan bij uit over tot sinds mijn jouw zijn haar ons onze hun mij jou hem ook nog al zeer "
        "dat die dit deze als gezegd gedaan er geen veel te om toen"
    ),
    months=(
        "januari jan", "februari feb", "maart mrt", "april apr", "mei", "juni jun", "juli jul",
        "augustus aug", "september sept sep", "oktober okt", "november nov", "december dec",
    ),
    weekdays=("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    numbers=(
        "een één", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen", "tien", "elf",
        "twaalf",
    ),
    units=(
        "dag dagen", "week weken", "weekend weekeinde weekends", "maand maanden",
        "kwartaal kwartalen", "jaar jaren", "decennium decennia", "uur uren", "minuut minuten",
    ),
    seasons=("lente voorjaar", "zomer", "herfst najaar", "winter"),
    ordinals=("eerste", "tweede", "derde", "vierde", "laatste"),
    parts=("ochtend", "middag namiddag", "avond", "nacht"),
    holidays={
        "kerst kerstmis": "Christmas", "kerstavond": "Christmas Eve", "pasen": "Easter",
        "oudejaarsavond oudjaar": "New Year's Eve", "nieuwjaar nieuwjaarsdag": "New Year's Day",
        "pinksteren": "Pentecost",
    },
    words={
        "dat": "that",
        "gisteren": "yesterday", "vandaag": "today", "morgen": "tomorrow",
        "eergisteren": "day before yesterday", "overmorgen": "day after tomorrow",
        "gisteravond": "yesterday evening", "vanavond": "this evening", "vanochtend": "this morning",
        "vanmiddag": "this afternoon", "vannacht": "tonight", "voor vóór": "before", "na": "after",
        "sinds vanaf": "since", "tot": "until", "tussen": "between", "en": "and", "in": "in",
        "op": "on", "tijdens gedurende": "during", "begin": "early", "medio": "mid", "eind": "late",
        "onlangs recent": "recently", "elke iedere": "every",
        "gezegd zei zeiden verteld vertelde genoemd noemde geschreven schreef gesproken sprak "
        "spraken besproken gevraagd vroeg beloofd uitgelegd aangeraden": "spoken",
        "gebeurd gebeurde": "happened", "geïmporteerd opgeslagen": "imported",
        "was waren had hadden ging gingen kwam kwamen zag werd werden": "was",
        "zal zullen ga gaan gaat": "will", "geboren verjaardag": "born", "altijd vaak": "always",
    },
    dropped="de het",
    phrases=(
        ("goede|elke|iedere|de|in morgen", "¤"),
        ("op de dag af {n} {unit} geleden", "{n} {unit} ago to the day"),
        ("{n} {unit} geleden", "{n} {unit} ago"), ("precies {n} {unit} geleden", "exactly {n} {unit} ago"),
        ("ongeveer|bijna|ruim|zowat {n} {unit} geleden", "about {n} {unit} ago"),
        ("een paar {unit} geleden", "a few {unit} ago"), ("enkele {unit} geleden", "a few {unit} ago"),
        ("op de dag af", "to the day"), ("op de kop af", "to the day"),
        (f"in|op|van? de|het? {_LAST} {{x}}", "last {x}"),
        (f"in|op|van? de|het? {_NEXT} {{x}}", "next {x}"), (f"in|op|van? {_THIS} {{x}}", "this {x}"),
        ("in|gedurende? de afgelopen|laatste {n} {unit}", "in the last {n} {unit}"),
        ("in|gedurende? de? {n} afgelopen {unit}", "in the last {n} {unit}"),
        ("afgelopen nacht", "last night"), ("gisteren {part}", "yesterday {part}"),
        ("op {day} {month}", "on {day} {month}"), ("{day} {month}", "{day} {month}"),
        ("op? {weekday} ,? {day} {month}", "on {day} {month}"),
        ("van|tussen? {day} tot|t m? en|met? {day2} {month}", "from {day} to {day2} {month}"),
        ("van {month} tot en|met? met? {month2}", "from {month} to {month2}"),
        ("{month} van vorig|afgelopen jaar", "{month} of last year"),
        ("{month} vorig jaar", "{month} of last year"), ("vorig jaar", "last year"),
        ("{season} van vorig jaar", "{season} of last year"), ("{season} vorig jaar", "{season} of last year"),
        ("volgend jaar", "next year"), ("vorig|afgelopen weekend", "last weekend"),
        ("volgend weekend", "next weekend"), ("vorig|afgelopen kwartaal", "last quarter"),
        ("{month} dit jaar", "{month} of this year"), ("in het jaar {year}", "in {year}"),
        ("{season} van {year}", "{season} {year}"), ("begin {month}", "early {month}"),
        ("half|midden {month}", "mid {month}"), ("in|het? begin van {month}", "at the beginning of {month}"),
        ("eind|einde van {month}", "at the end of {month}"),
        ("in week {week} van? {year}", "in calendar week {week} of {year}"), ("in week {week}", "in calendar week {week}"),
        ("in? de? {ordinal} helft van het? jaar? {year}", "in the {ordinal} half of {year}"),
        ("in? de? {ordinal} helft van {month}", "in the {ordinal} half of {month}"),
        ("in? het? {ordinal} kwartaal van? {year}", "in the {ordinal} quarter of {year}"),
        ("in? de? {ordinal} week van {month}", "in the {ordinal} week of {month}"),
        ("met|rond {holiday}", "at {holiday}"), ("goede vrijdag", "Good Friday"),
        ("de {unit} voor", "the {unit} before"), ("de {unit} na", "the {unit} after"),
        ("in|het? weekend voor", "the weekend before"), ("in|het? weekend na", "the weekend after"),
        ("in het weekend", "on the weekend"), ("tot en met", "until"), ("uiterlijk op|in?", "until"),
        ("voordat", "before"), ("nadat", "after"), ("totdat", "until"), ("hoe vaak", "how often"),
        ("hoeveel", "how many"), ("sinds de|het", "since"), ("voor {n} {unit}", "¤"),
    ),
    past=("de", "te", "den", "ten"),
)  # fmt: skip

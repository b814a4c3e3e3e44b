"""Spanish words of time."""

from mnemic.agent.when.tongues.language import Language

_LAST = "pasado|pasada|pasados|pasadas"
_NEXT = "próximo|próxima|próximos|próximas"
_THIS = "este|esta|estos|estas"
_PAST = "último|última|últimos|últimas"

SPANISH = Language(
    code="es",
    common=(
        "yo tú él ella nosotros ellos el la los las un una unos unas de del al y o pero no que qué "
        "quién cuándo dónde cómo por para con sin sobre en es son era fue está estoy he has ha "
        "hemos han mi mis tu tus su sus me te se nos le lo más muy también ya cuando como hay ser "
        "estar dije dijo cuál cuántas veces desde hasta hace algo todo nada"
    ),
    months=(
        "enero ene", "febrero feb", "marzo mar", "abril abr", "mayo", "junio jun", "julio jul",
        "agosto ago", "septiembre setiembre sept", "octubre oct", "noviembre nov", "diciembre dic",
    ),
    weekdays=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    numbers=(
        "un una uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez",
        "once", "doce",
    ),
    units=(
        "día días", "semana semanas", "finde", "mes meses", "trimestre trimestres", "año años anos",
        "década décadas", "hora horas", "minuto minutos",
    ),
    seasons=("primavera", "verano", "otoño", "invierno"),
    ordinals=(
        "primer primera primero", "segundo segunda", "tercer tercera tercero", "cuarto cuarta",
        "última último",
    ),
    parts=("", "tarde", "", "noche"),
    holidays={
        "navidad": "Christmas", "nochebuena": "Christmas Eve", "nochevieja": "New Year's Eve",
        "pascua": "Easter", "pentecostés": "Pentecost",
    },
    words={
        "que": "that", "qué": "what",
        "ayer": "yesterday", "hoy": "today", "mañana": "tomorrow", "anteayer antier": "day before yesterday",
        "anoche": "last night", "desde": "since", "hasta": "until", "entre": "between", "y e": "and",
        "en": "in", "durante": "during", "recientemente últimamente": "recently", "cada": "every",
        "dije dijo dijiste dijimos dijeron dicho conté contó contaste contado mencioné mencionó "
        "mencionaste hablé habló hablaste hablamos hablado escribí escribió escribiste pregunté "
        "preguntó preguntaste comentó comentaste prometí prometió expliqué explicó discutimos": "spoken",
        "pasó ocurrió sucedió": "happened", "importado importó importaron": "imported",
        "fui fue fuimos fueron era estaba estuve estuvo hice hizo tuve tuvo vi vio": "was",
        "voy vamos va": "will", "nací nació cumpleaños": "born", "siempre": "always",
    },
    dropped="el la los las",
    phrases=(
        ("hace {n} {unit} y medio|media", "about {n} {unit} ago"),
        ("buena|buenas|la|una|cada|por|toda|primera mañana|mañanas", "¤"),
        ("hace {n} {unit}", "{n} {unit} ago"), ("hace exactamente {n} {unit}", "exactly {n} {unit} ago"),
        ("hace unos|unas|casi|aproximadamente {n} {unit}", "about {n} {unit} ago"),
        ("hace unos|unas|algunos|algunas {unit}", "a few {unit} ago"),
        ("hace varios|varias {unit}", "several {unit} ago"),
        ("hace un par de {unit}", "a couple of {unit} ago"),
        ("antes de ayer", "day before yesterday"), ("pasado mañana", "day after tomorrow"),
        ("ayer por la mañana", "yesterday morning"), ("ayer por la {part}", "yesterday {part}"),
        ("esta mañana", "this morning"), ("esta {part}", "this {part}"),
        ("por la mañana|tarde|noche", "¤"), ("fin de semana", "weekend"),
        ("el? fin de semana " + _LAST, "last weekend"), ("este fin de semana", "this weekend"),
        ("el próximo fin de semana", "next weekend"), ("el fin de semana", "on the weekend"),
        ("en? el|la? {x} " + _LAST, "last {x}"), ("en? el|la? {x} que viene", "next {x}"),
        (f"en? el|la? {_NEXT} {{x}}", "next {x}"), (f"en? {_THIS} {{x}}", "this {x}"),
        (f"en? el|la? {_PAST} {{x}}", "last {x}"),
        ("en|durante? los|las {n} últimos|últimas {unit}", "in the last {n} {unit}"),
        ("en|durante? los|las últimos|últimas {n} {unit}", "in the last {n} {unit}"),
        ("el? {day} de {month} de|del? {year}", "on {day} {month} {year}"),
        ("el? {day} de {month}", "on {day} {month}"), ("el? primero de {month}", "on 1 {month}"),
        ("el? {weekday} ,? {day} de {month} de|del? {year}", "on {day} {month} {year}"),
        ("el? {weekday} ,? {day} de {month}", "on {day} {month}"),
        ("del|entre el? {day} al|y el? {day2} de {month} de|del? {year}", "from {day} to {day2} {month} {year}"),
        ("del|entre el? {day} al|y el? {day2} de {month}", "from {day} to {day2} {month}"),
        ("el|los {weekday}", "on {weekday}"), ("todos los {weekday}", "every {weekday}"),
        ("de {month} a {month2}", "from {month} to {month2}"),
        ("{month} de|del {year}", "{month} {year}"), ("{season} de|del {year}", "{season} {year}"),
        ("{month} del año pasado", "{month} of last year"), ("{season} del año pasado", "{season} of last year"),
        ("{month} de este año", "{month} of this year"), ("en? el año {year}", "in {year}"),
        ("a|en? principios|comienzos|inicios de|del", "early"), ("a|en? mediados de|del", "mid"),
        ("a|en? finales|fines de|del", "late"), ("a principios de año", "¤"),
        ("en|de|durante? la? semana {week} de? {year}", "in calendar week {week} of {year}"),
        ("en|de|durante la? semana {week}", "in calendar week {week}"),
        ("en|durante? el|la? {ordinal} semestre|mitad de|del? año? {year}", "in the {ordinal} half of {year}"),
        ("en|durante? la? {ordinal} mitad|quincena de|del? {month}", "in the {ordinal} half of {month}"),
        ("en|durante? el? {ordinal} trimestre de|del? {year}", "in the {ordinal} quarter of {year}"),
        ("en|durante? la? {ordinal} semana de {month}", "in the {ordinal} week of {month}"),
        ("en|por|para {holiday}", "at {holiday}"), ("año nuevo", "New Year's Day"),
        ("viernes santo", "Good Friday"), ("antes de|del?", "before"), ("después de|del?", "after"),
        ("antes de que", "before"), ("después de que", "after"), ("desde que", "since"),
        ("{unit} antes de|del", "{unit} before"), ("{unit} después de|del", "{unit} after"),
        ("la {unit} anterior a|al", "the {unit} before"), ("la {unit} siguiente a|al", "the {unit} after"),
        ("a más tardar", "until"), ("a partir de|del", "since"), ("desde hace {n} {unit}", "in the last {n} {unit}"),
        ("cuántas veces", "how often"), ("cuántos|cuántas", "how many"), ("hasta que", "until"),
        ("se? ha? pasado", "happened"), ("en {x} a {x2}", "in {x} to {x2}"),
    ),
    past=("aron", "ieron", "aste", "iste", "amos", "imos", "aba", "ía", "ó", "é"),
    ahead=("aré", "eré", "iré", "ará", "erá", "irá", "remos", "arán", "erán", "irán"),
    exact="mar ago qué",
)  # fmt: skip

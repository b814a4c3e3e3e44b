"""Italian words of time."""

from mnemic.agent.when.tongues.language import Language

_LAST = "scorso|scorsa|scorsi|scorse|passato|passata"
_NEXT = "prossimo|prossima|prossimi|prossime"
_THIS = "questo|questa|questi|queste|quest"
_IN = "in|nel|nella|nell|il|la|lo|l|di|a"
_OF = "di|del|dell|della|d"

ITALIAN = Language(
    code="it",
    common=(
        "io tu lui lei noi voi loro il lo la i gli le un uno una di del della dei delle e o ma non "
        "che chi cosa quando dove come perché quale per con senza su sul sulla in nel nella è sono "
        "era ho hai ha abbiamo avete hanno mi ti si ci vi mio mia miei mie tuo tua suo sua più "
        "molto anche già da dal dalla al alla ai questo questa detto fatto l dell nell all c"
    ),
    months=(
        "gennaio gen", "febbraio feb", "marzo", "aprile apr", "maggio mag", "giugno giu",
        "luglio lug", "agosto", "settembre sett", "ottobre ott", "novembre nov", "dicembre dic",
    ),
    weekdays=("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
    numbers=(
        "un uno una", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove", "dieci",
        "undici", "dodici",
    ),
    units=(
        "giorno giorni", "settimana settimane", "weekend", "mese mesi", "trimestre trimestri",
        "anno anni", "decennio decenni", "ora ore", "minuto minuti",
    ),
    seasons=("primavera", "estate", "autunno", "inverno"),
    ordinals=("primo prima", "secondo seconda", "terzo terza", "quarto quarta", "ultimo ultima"),
    parts=("mattina mattino", "pomeriggio", "sera", "notte"),
    holidays={
        "natale": "Christmas", "pasqua": "Easter", "pasquetta": "Easter Monday",
        "capodanno": "New Year's Day", "pentecoste": "Pentecost", "epifania": "Epiphany",
    },
    words={
        "che": "that",
        "ieri": "yesterday", "oggi": "today", "domani": "tomorrow", "stanotte": "tonight",
        "dopodomani": "day after tomorrow",
        "stamattina stamani": "this morning", "stasera": "this evening", "dopo": "after",
        "dal dalla dallo": "since", "tra fra": "between", "e ed": "and", "in nel nella nell": "in",
        "durante": "during", "recentemente ultimamente": "recently", "ogni": "every",
        "detto dissi disse raccontato menzionato parlato scritto discusso chiesto promesso spiegato "
        "consigliato parlavamo": "spoken",
        "successo accaduto": "happened", "importato importati": "imported",
        "ho abbiamo era ero eravamo fu fui": "was", "andrò andremo": "will",
        "nato nata compleanno": "born", "sempre spesso": "always", "prima": "¤",
    },
    dropped="il lo la i gli le l",
    phrases=(
        ("{n} {unit} e mezzo|mezza fa", "about {n} {unit} ago"),
        ("{n} {unit} fa", "{n} {unit} ago"), ("esattamente {n} {unit} fa", "exactly {n} {unit} ago"),
        ("circa|quasi {n} {unit} fa", "about {n} {unit} ago"),
        ("qualche|alcuni|alcune {unit} fa", "a few {unit} ago"),
        ("un paio di {unit} fa", "a couple of {unit} ago"),
        ("l altro ieri", "day before yesterday"), ("altro ieri", "day before yesterday"),
        ("ieri laltro", "day before yesterday"), ("ieri {part}", "yesterday {part}"),
        ("questa|questo {part}", "this {part}"), ("la notte scorsa", "last night"),
        ("domani {part}", "tomorrow {part}"), ("fine settimana", "weekend"),
        ("lo|nello|il|nel? fine settimana scorso", "last weekend"),
        ("lo|nello? scorso fine settimana|weekend settimana?", "last weekend"),
        ("nel|durante il? fine settimana", "on the weekend"), ("nel weekend", "on the weekend"),
        (f"{_IN}? {{x}} {_LAST}", "last {x}"), (f"{_IN}|lo|nello? {_LAST} {{x}}", "last {x}"),
        (f"{_IN}? {{x}} {_NEXT}", "next {x}"), (f"{_IN}? {_NEXT} {{x}}", "next {x}"),
        (f"in? {_THIS} {{x}}", "this {x}"), ("l ultimo|ultima {x}", "last {x}"),
        ("negli|nelle|nei|gli|le|durante ultimi|ultime {n} {unit}", "in the last {n} {unit}"),
        ("il|l|lo|di? {day} {month}", "on {day} {month}"), ("il primo {month}", "on 1 {month}"),
        ("{weekday} ,? {day} {month}", "on {day} {month}"),
        ("dal|tra|fra il? {day} al|e il? {day2} {month}", "from {day} to {day2} {month}"),
        ("da {month} a {month2}", "from {month} to {month2}"),
        ("a {month}", "in {month}"), (f"{{month}} {_OF} {{year}}", "{month} {year}"),
        (f"{{season}} {_OF} {{year}}", "{season} {year}"), ("d estate", "in summer"),
        ("d inverno", "in winter"), (f"{{month}} {_OF} anno {_LAST}", "{month} of last year"),
        (f"{{month}} {_OF} {_LAST} anno", "{month} of last year"),
        ("{month} di quest anno", "{month} of this year"), ("nell|nel anno? {year}", "in {year}"),
        (f"all|l inizio {_OF} {{month}}", "at the beginning of {month}"), ("a inizio {month}", "early {month}"),
        (f"alla fine {_OF} {{month}}", "at the end of {month}"), ("a fine {month}", "late {month}"),
        (f"a|alla metà {_OF}? {{month}}", "mid {month}"),
        (f"nella|della|durante la? settimana {{week}} {_OF}? {{year}}", "in calendar week {week} of {year}"),
        ("nella|della|durante settimana {week}", "in calendar week {week}"),
        (f"nella|nel|durante? il|la? {{ordinal}} metà|semestre {_OF}? anno? {{year}}", "in the {ordinal} half of {year}"),
        (f"nella? {{ordinal}} metà {_OF} {{month}}", "in the {ordinal} half of {month}"),
        (f"nel|durante? il? {{ordinal}} trimestre {_OF}? {{year}}", "in the {ordinal} quarter of {year}"),
        (f"nella? {{ordinal}} settimana {_OF} {{month}}", "in the {ordinal} week of {month}"),
        ("a|per {holiday}", "at {holiday}"), ("vigilia di natale", "Christmas Eve"),
        ("venerdì santo", "Good Friday"), ("san silvestro", "New Year's Eve"),
        (f"prima {_OF}|che|dei|delle?", "before"), (f"dopo {_OF}|il|la|lo|l|che?", "after"),
        (f"la? {{unit}} prima {_OF}", "the {unit} before"), ("la {unit} dopo", "the {unit} after"),
        ("la {unit} successiva a|al|alla", "the {unit} after"), ("la {unit} precedente a|al|alla", "the {unit} before"),
        ("{n} {unit} prima di|del|della|dell", "{n} {unit} before"),
        ("fino a|al|alla|all?", "until"), ("entro il|la|l|la?", "until"), ("al più tardi", "until"),
        ("a partire da|dal|dalla", "since"), ("da quando", "since"), ("da {month}", "since {month}"),
        ("da {weekday}", "since {weekday}"), ("da {n} {unit}", "in the last {n} {unit}"),
        ("da ieri", "since yesterday"), ("quante volte", "how often"),
        ("quanti|quante", "how many"), ("finché|finchè", "until"), ("dal {year}", "since {year}"),
    ),
    past=("ato", "ata", "ati", "ate", "uto", "uta", "ito", "ita", "ava", "eva", "iva"),
    ahead=("rò", "remo", "ranno", "rà"),
)  # fmt: skip

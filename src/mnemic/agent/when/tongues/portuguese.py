"""Portuguese words of time."""

from mnemic.agent.when.tongues.language import Language

_LAST = "passado|passada|passados|passadas"
_NEXT = "próximo|próxima|próximos|próximas"
_THIS = "este|esta|estes|estas|neste|nesta|nestes|nestas"
_PAST = "último|última|últimos|últimas"
_IN = "no|na|em|pelo|pela"

PORTUGUESE = Language(
    code="pt",
    common=(
        "eu tu você ele ela nós vocês eles elas o a os as um uma uns umas de do da dos das no na "
        "nos nas em e ou mas não que quê quem quando onde como por para com sem sobre é são era foi "
        "está estou tenho tem temos têm meu minha meus minhas seu sua me te se lhe mais muito "
        "também já ao à pelo pela isso este esta disse desde até há depois antes algo tudo"
    ),
    months=(
        "janeiro jan", "fevereiro fev", "março", "abril abr", "maio", "junho jun", "julho jul",
        "agosto ago", "setembro set", "outubro out", "novembro nov", "dezembro dez",
    ),
    weekdays=(
        "segundafeira", "terçafeira", "quartafeira", "quintafeira", "sextafeira", "sábado", "domingo",
    ),
    numbers=(
        "um uma", "dois duas", "três", "quatro", "cinco", "seis", "sete", "oito", "nove", "dez",
        "onze", "doze",
    ),
    units=(
        "dia dias", "semana semanas", "", "mês meses", "trimestre trimestres", "ano anos",
        "década décadas", "hora horas", "minuto minutos",
    ),
    seasons=("primavera", "verão", "outono", "inverno"),
    ordinals=("primeiro primeira", "segundo segunda", "terceiro terceira", "quarto quarta", "última último"),
    parts=("manhã", "tarde", "", "noite"),
    holidays={"natal": "Christmas", "páscoa": "Easter", "pentecostes": "Pentecost"},
    words={
        "que": "that", "quê": "what",
        "ontem": "yesterday", "hoje": "today", "amanhã": "tomorrow", "anteontem": "day before yesterday",
        "desde": "since", "até": "until", "entre": "between", "e": "and", "em no na": "in",
        "durante": "during", "recentemente ultimamente": "recently", "cada": "every",
        "disse disseste dissemos disseram dito contei contou contaste falei falou falaste falámos "
        "falamos falado mencionei mencionou mencionaste escrevi escreveu perguntei perguntou "
        "comentei comentou prometi prometeu expliquei explicou discutimos": "spoken",
        "aconteceu ocorreu passou": "happened", "importado importados": "imported",
        "fui foi fomos foram era estava estive esteve fiz fez tive teve vi viu": "was",
        "vou vamos vai": "will", "nasci nasceu aniversário": "born", "sempre": "always",
    },
    dropped="o a os as",
    phrases=(
        ("há|faz {n} {unit} e meio|meia", "about {n} {unit} ago"),
        ("há|faz {n} {unit} atrás?", "{n} {unit} ago"), ("há|faz exatamente {n} {unit}", "exactly {n} {unit} ago"),
        ("há|faz cerca|quase|uns|umas de? {n} {unit}", "about {n} {unit} ago"),
        ("há|faz alguns|algumas|uns|umas {unit} atrás?", "a few {unit} ago"),
        ("há|faz vários|várias {unit}", "several {unit} ago"), ("{n} {unit} atrás", "{n} {unit} ago"),
        ("depois de amanhã", "day after tomorrow"), ("antes de ontem", "day before yesterday"),
        ("ontem à|de {part}", "yesterday {part}"), ("ontem à noite", "last night"),
        ("esta {part}", "this {part}"), ("hoje de manhã", "this morning"),
        ("fim de semana", "weekend"), (f"{_IN}|o? fim de semana {_LAST}", "last weekend"),
        ("este|neste fim de semana", "this weekend"), ("no fim de semana", "on the weekend"),
        ("no próximo fim de semana", "next weekend"),
        (f"{_IN}|o|a? {{x}} {_LAST}", "last {x}"), (f"{_IN}|o|a? {{x}} que vem", "next {x}"),
        (f"{_IN}|o|a? {_NEXT} {{x}}", "next {x}"), (f"{_THIS} {{x}}", "this {x}"),
        (f"{_IN}|o|a? {_PAST} {{x}}", "last {x}"), ("em {month} passado", "last {month}"),
        ("nos|nas|durante os|as? {n} últimos|últimas {unit}", "in the last {n} {unit}"),
        ("nos|nas|durante os|as? últimos|últimas {n} {unit}", "in the last {n} {unit}"),
        ("em|a|no|o? dia? {day} de {month} de? {year}", "on {day} {month} {year}"),
        ("em|a|no|o? dia? {day} de {month}", "on {day} {month}"),
        ("{weekday} ,? {day} de {month} de? {year}", "on {day} {month} {year}"),
        ("{weekday} ,? {day} de {month}", "on {day} {month}"),
        ("de|entre o? {day} a|e|até o? {day2} de {month} de? {year}", "from {day} to {day2} {month} {year}"),
        ("de|entre o? {day} a|e|até o? {day2} de {month}", "from {day} to {day2} {month}"),
        ("na|no|em? segunda feira?", "on Monday"), ("na|no|em? terça feira?", "on Tuesday"),
        ("na|no|em? quarta feira?", "on Wednesday"), ("na|no|em? quinta feira?", "on Thursday"),
        ("na|no|em? sexta feira?", "on Friday"), ("na|no|em? {weekday}", "on {weekday}"),
        ("na|no? segunda feira? passada", "last Monday"), ("na|no? terça feira? passada", "last Tuesday"),
        ("na|no? quarta feira? passada", "last Wednesday"), ("na|no? quinta feira? passada", "last Thursday"),
        ("na|no? sexta feira? passada", "last Friday"), ("segunda|terceira metade", "¤"),
        ("desde segunda feira?", "since Monday"), ("desde sexta feira?", "since Friday"),
        ("de {month} a|até {month2}", "from {month} to {month2}"),
        ("{month} de|do {year}", "{month} {year}"), ("{season} de|do {year}", "{season} {year}"),
        ("{month} do ano passado", "{month} of last year"), ("{season} do ano passado", "{season} of last year"),
        ("{month} deste ano", "{month} of this year"), ("em|no ano de? {year}", "in {year}"),
        ("no início|começo de|do", "early"), ("em meados de|do", "mid"), ("no final|fim de|do", "late"),
        ("na|da|durante a? semana {week} de? {year}", "in calendar week {week} of {year}"),
        ("na|da|durante semana {week}", "in calendar week {week}"),
        ("na|no|durante? a|o? {ordinal} metade|semestre de|do? ano? de? {year}", "in the {ordinal} half of {year}"),
        ("na|durante? a? {ordinal} metade|quinzena de {month} de? {year}", "in the {ordinal} half of {month} {year}"),
        ("na|durante? a? {ordinal} metade|quinzena de {month}", "in the {ordinal} half of {month}"),
        ("no|durante? o? {ordinal} trimestre de {year}", "in the {ordinal} quarter of {year}"),
        ("na? {ordinal} semana de {month}", "in the {ordinal} week of {month}"),
        ("no|pelo|ao {holiday}", "at {holiday}"), ("na|pela {holiday}", "at {holiday}"),
        ("ano novo", "New Year's Day"), ("véspera de natal", "Christmas Eve"),
        ("sexta feira santa", "Good Friday"),
        ("antes de|do|da?", "before"), ("depois|após de|do|da?", "after"), ("antes que", "before"),
        ("{unit} antes de|do|da", "{unit} before"), ("{unit} depois|após de|do|da?", "{unit} after"),
        ("na|a {unit} anterior a|ao|à", "the {unit} before"), ("na|a {unit} seguinte a|ao|à", "the {unit} after"),
        ("o mais tardar", "until"), ("a partir de|do|da", "since"), ("desde que", "since"),
        ("quantas vezes", "how often"), ("quantos|quantas", "how many"), ("até que", "until"),
    ),
    past=("aram", "eram", "iram", "aste", "este", "iste", "ámos", "emos", "imos", "ava", "ia", "ou", "ei"),
    ahead=("arei", "erei", "irei", "ará", "erá", "irá", "remos", "arão", "erão", "irão"),
    exact="março out set quê",
)  # fmt: skip

"""French words of time."""

from mnemic.agent.when.tongues.language import Language

_LAST = "dernier|dernière|derniers|dernières|passé|passée"
_NEXT = "prochain|prochaine|prochains|prochaines"

FRENCH = Language(
    code="fr",
    common=(
        "je tu il elle nous vous ils elles le la les un une des du de et ou mais ne pas que qui "
        "quoi quand où comment pourquoi quel quelle est suis sont était ai as avons avez ont ce "
        "cette ces mon ma mes ton ta tes son sa ses avec pour par sur dans au aux en y l d j c qu n "
        "s m t été lui leur moi toi très aussi encore dit fait chez depuis jusqu lors"
    ),
    months=(
        "janvier janv", "février févr", "mars", "avril avr", "mai", "juin", "juillet juil", "août",
        "septembre", "octobre", "novembre", "décembre",
    ),
    weekdays=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    numbers=(
        "un une", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze",
        "douze",
    ),
    units=(
        "jour jours journée", "semaine semaines", "weekend weekends", "mois",
        "trimestre trimestres", "an ans année années", "décennie décennies", "heure heures",
        "minute minutes",
    ),
    seasons=("printemps", "été", "automne", "hiver"),
    ordinals=(
        "premier première 1er 1re 1ère", "deuxième second seconde 2e", "troisième 3e",
        "quatrième 4e", "dernier dernière",
    ),
    parts=("matin matinée", "midi", "soir soirée", "nuit"),
    holidays={
        "noël": "Christmas", "pâques": "Easter", "pentecôte": "Pentecost", "halloween": "Halloween",
        "toussaint": "All Saints' Day",
    },
    words={
        "que qu": "that",
        "hier": "yesterday", "aujourdhui": "today", "demain": "tomorrow", "avant": "before",
        "après": "after", "depuis dès": "since", "entre": "between", "et": "and", "en": "in",
        "pendant durant": "during", "récemment dernièrement": "recently", "chaque": "every",
        "dit disait parlé raconté mentionné écrit discuté demandé promis expliqué recommandé "
        "parlions disais": "spoken",
        "passé arrivé produit": "happened", "importé importés": "imported",
        "ai avons avait avais étais était étions fut fus": "was", "vais allons": "will",
        "né née anniversaire": "born", "toujours souvent": "always",
        "fait sait lait parfait satisfait portrait": "¤",
    },
    dropped="le la les l d du",
    phrases=(
        ("il? y a {n} {unit} et demi|demie", "about {n} {unit} ago"),
        ("il? y a {n} {unit} jour pour jour", "{n} {unit} ago to the day"),
        ("il? y a {n} {unit}", "{n} {unit} ago"), ("il? y a exactement {n} {unit}", "exactly {n} {unit} ago"),
        ("il? y a environ|presque|près|plus de? {n} {unit}", "about {n} {unit} ago"),
        ("il? y a quelques {unit}", "a few {unit} ago"),
        ("il? y a plusieurs {unit}", "several {unit} ago"),
        ("jour pour jour", "to the day"), ("aujourd hui", "today"),
        ("avant hier", "day before yesterday"), ("après demain", "day after tomorrow"),
        ("hier {part}", "yesterday {part}"), ("ce|cette {part}", "this {part}"),
        ("la nuit dernière", "last night"), ("demain {part}", "tomorrow {part}"),
        ("week end", "weekend"), ("le? week end dernier|passé", "last weekend"),
        ("ce week end", "this weekend"), ("le week end", "on the weekend"),
        ("pendant|en|au|à|le|la|l? {x} " + _LAST, "last {x}"),
        ("en|au|à|le|la|l? {x} " + _NEXT, "next {x}"),
        ("le mois de? {month} " + _LAST, "last {month}"),
        ("ce|cet|cette {x}", "this {x}"), ("au|le mois de|d {month}", "in {month}"),
        ("les|ces|des {n} derniers|dernières {unit}", "the last {n} {unit}"),
        ("au cours|pendant|durant|dans|ces des|les? {n} derniers|dernières {unit}", "in the last {n} {unit}"),
        ("le {day} {month}", "on {day} {month}"), ("{day} {month}", "{day} {month}"),
        ("le? 1er {month}", "on 1 {month}"),
        ("le? {weekday} {day} {month}", "on {day} {month}"),
        ("du|entre le? {day} au|et le? {day2} {month}", "from {day} to {day2} {month}"),
        ("de|d {month} à {month2}", "from {month} to {month2}"),
        ("{month} de l an|année dernière|passée", "{month} of last year"),
        ("{month} l an|année dernier|dernière|passé|passée", "{month} of last year"),
        ("en l? an|année {year}", "in {year}"), ("au printemps", "in spring"),
        ("à l {season}", "in {season}"), ("{season} de? {year}", "{season} {year}"),
        ("début {month}", "early {month}"), ("fin {month}", "late {month}"),
        ("mi {month}", "mid {month}"), ("au|à début|fin", "¤"),
        ("au début de|d|du {month}", "at the beginning of {month}"),
        ("à la fin de|d|du {month}", "at the end of {month}"),
        ("la|de|en|pendant semaine {week}", "in calendar week {week}"),
        ("au|du|le? {ordinal} semestre de? {year}", "in the {ordinal} half of {year}"),
        ("dans|pendant? la {ordinal} moitié de|d l? année? {year}", "in the {ordinal} half of {year}"),
        ("dans|pendant? la {ordinal} moitié de|d|du mois? de|d? {month}", "in the {ordinal} half of {month}"),
        ("au|du|le? {ordinal} trimestre de? {year}", "in the {ordinal} quarter of {year}"),
        ("la {ordinal} semaine de|d {month}", "in the {ordinal} week of {month}"),
        ("à|pour|de|vers? {holiday}", "at {holiday}"), ("jour de l an", "New Year's Day"),
        ("saint sylvestre", "New Year's Eve"), ("vendredi saint", "Good Friday"),
        ("veille de noël", "Christmas Eve"), ("lundi de pâques", "Easter Monday"),
        ("la {unit} avant", "the {unit} before"), ("la {unit} après", "the {unit} after"),
        ("la {unit} qui suit|suivant|suivit|suivi", "the {unit} after"),
        ("la {unit} qui a suivi|précédé", "the {unit} after"),
        ("jusqu à|au|aux|en?", "until"), ("jusque", "until"), ("au plus tard", "until"),
        ("au plus tard le|en", "until"), ("à partir de|du|d", "since"),
        ("avant de|le|la|l", "before"), ("combien de fois", "how often"),
        ("combien de", "how many"), ("bien avant", "before"), ("y a", "¤"), ("depuis que", "since"),
        ("depuis {n} {unit}", "in the last {n} {unit}"),
    ),
    past=("é", "ée", "és", "ées", "ait", "aient", "ais"),
    ahead=("rai", "rons", "ront"),
)  # fmt: skip

"""How people say that something changed, and what sounds like it and is no change.

Written as people talk, without looking at how claims are extracted. `{old}` and `{new}` are values,
`{month}` a month between both statements, `{year}` one long past, `{friend}` somebody else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Matter:
    """Something of a person that can change: its relations, values, and how it is spoken of.

    `told` states the old value. `changes` are sentences by kind after which the old value holds no
    more; the kinds of ENDING give no new one. After `alikes` the old value still holds; in those of
    BOTH the new one holds as well. `of` says whose it is: "" the speaker's own, else "{friend}" or
    the like.
    """

    relations: frozenset[str]
    values: Sequence[str]
    told: Sequence[str]
    changes: Mapping[str, Sequence[str]]
    alikes: Mapping[str, Sequence[str]]
    of: str = ""


def _said(text: str) -> tuple[str, ...]:
    """The parts between the bars."""
    return tuple(text.split("|"))


ENDING = frozenset(("no longer",))
"""Kinds of change that give no new value."""

BOTH = frozenset(("also",))
"""Kinds of look-alike after which both values hold."""

CITIES = _said(
    "Lisbon|Oslo|Turin|Ghent|Porto|Bergen|Krakow|Malmo|Zagreb|Bilbao|Aarhus|Basel|Cork|"
    "Dresden|Florence|Graz|Haifa|Izmir|Jena|Kyoto|Leeds|Nantes|Odense|Perth|Quito|Riga|"
    "Seville|Tampere|Utrecht|Vienna"
)
FIRMS = _said(
    "Brightwell|Nordlicht|Halden Foods|Copperleaf|Quillon|Meridian Labs|Ostrava Steel|"
    "Fernhill|Kestrel Media|Lumen Health|Tidewater|Zephyr Logistics|Oakmere|Pinecrest Bank|"
    "Velmora"
)
JOBS = _said(
    "teacher|nurse|carpenter|electrician|librarian|translator|pharmacist|gardener|bookkeeper|"
    "plumber|photographer|architect|florist|paramedic|welder"
)
CARS = _said("Volvo|Skoda|Fiat|Toyota|Renault|Honda|Mazda|Peugeot|Subaru|Kia|Opel|Dacia")
TOOLS = _said(
    "Notion|Obsidian|Trello|Asana|Todoist|Evernote|Dropbox|Slack|Linear|Airtable|Figma|Miro"
)
INSTRUMENTS = _said("violin|cello|guitar|piano|flute|clarinet|trumpet|harp|banjo|oboe")
DRUGS = _said(
    "ibuprofen|metformin|lisinopril|sertraline|omeprazole|loratadine|atorvastatin|ramipril"
)
NAMES = _said(
    "Clara|Mattias|Ingrid|Tomas|Beatriz|Henrik|Sofia|Rafael|Johanna|Pavel|Miriam|Andre|Lucia|"
    "Viktor|Teresa|Emil"
)
PETS = _said("Biscuit|Pepper|Mochi|Rufus|Nala|Ziggy|Olive|Bruno|Maple|Otto")
DISHES = _said("ramen|lasagne|paella|pho|goulash|risotto|falafel|moussaka|dumplings|curry")
SCHOOLS = _said(
    "Ashford College|Delmar University|Kingsley College|Northgate University|"
    "Silverdale College|Westbrook University"
)
SUBJECTS = _said("biology|history|physics|law|economics|linguistics|chemistry|philosophy")
COLOURS = _said("blue|green|red|yellow|purple|orange|turquoise|grey")
LANGUAGES = _said("Spanish|German|Italian|Polish|Dutch|Greek|Turkish|Danish|Finnish|Czech")


MATTERS: Mapping[str, Matter] = {
    "home": Matter(
        frozenset(("lives_in",)),
        CITIES,
        _said(
            "I live in {old}.|I'm living in {old} at the moment.|"
            "I'm based in {old}, small flat, big window.|We live in {old}, near the river.|"
            "I've been living in {old} for a few years.|By the way, I live in {old}."
        ),
        {
            "moved": _said(
                "I moved to {new} last week.|We finally moved to {new}!|"
                "I've moved to {new}, boxes everywhere.|"
                "So, I relocated to {new} for the new job.|"
                "Big news: I just moved from {old} to {new}.|"
                "I packed up and moved to {new} in the end."
            ),
            "now": _said(
                "I live in {new} now.|I'm living in {new} these days.|"
                "As of this month I'm living in {new}.|These days I live in {new}.|"
                "I'm now based in {new}."
            ),
            "no longer": _said(
                "I no longer live in {old}.|I don't live in {old} anymore.|"
                "I don't live in {old} any more, thank goodness.|I've moved out of {old}.|"
                "I moved away from {old} last month."
            ),
            "corrected": _said(
                "Sorry, I misspoke earlier: I live in {new}, not {old}.|"
                "Actually, I live in {new}, not in {old}.|Correction: I live in {new}.|"
                "I said {old}, but I live in {new}."
            ),
            "dated": _said(
                "I moved to {new} in {month}.|Since {month} I've been living in {new}.|"
                "I've lived in {new} since {month}."
            ),
        },
        {
            "past": _said(
                "Back when I lived in {new}, I cycled everywhere.|"
                "I used to live in {new} as a student.|I lived in {new} in {year}.|"
                "Years ago I lived in {new} for a while.|I grew up in {new}.|"
                "I moved to {new} in {year}, and left a year later."
            ),
            "plan": _said(
                "I might move to {new} next year.|We're thinking of moving to {new} some day.|"
                "I'd love to live in {new}.|Maybe I will move to {new} when I retire.|"
                "If I moved to {new}, I would have to sell the car.|I wish I lived in {new}."
            ),
            "other person": _said(
                "My sister moved to {new}.|My sister lives in {new} now.|"
                "{friend} just moved to {new}.|My best friend no longer lives in {new}.|"
                "My parents relocated to {new} last week.|The hero of the novel moves to {new}."
            ),
            "visit": _said(
                "I'm in {new} this week for a conference.|"
                "I flew to {new} on Friday, lovely city.|I spent the weekend in {new}.|"
                "I'm working from {new} until Thursday."
            ),
            "question": _said(
                "Should I move to {new}?|What is it like to live in {new}?|"
                "Do you think I'd be happy living in {new}?"
            ),
            "quoted": _said(
                '{friend} told me: "I live in {new} now."|{friend} says they moved to {new}.|'
                'The postcard said "we moved to {new}".'
            ),
            "refused": _said(
                "I'm not moving to {new} after all.|I decided against moving to {new}.|"
                "I didn't move to {new} in the end."
            ),
            "again": _said(
                "As I said, I live in {old}.|I still live in {old}.|I'm happy living in {old}."
            ),
        },
    ),
    "employer": Matter(
        frozenset(("works_at",)),
        FIRMS,
        _said(
            "I work at {old}.|I work for {old}, in the accounts team.|I'm employed at {old}.|"
            "I've been working at {old} for three years.|My job is at {old}."
        ),
        {
            "moved": _said(
                "I switched from {old} to {new}.|I left {old} and joined {new}.|"
                "I started at {new} on Monday.|I just joined {new}!|"
                "I quit {old}. I work at {new} now.|I got the job and started working at {new}."
            ),
            "now": _said(
                "I work at {new} now.|I'm working for {new} these days.|I now work at {new}.|"
                "These days I work for {new}."
            ),
            "no longer": _said(
                "I no longer work at {old}.|I don't work at {old} anymore.|I quit {old}.|"
                "I left {old} last week.|I got laid off from {old}.|"
                "I've stopped working for {old}."
            ),
            "corrected": _said(
                "Sorry, that was wrong: I work at {new}, not {old}.|"
                "Actually, I work at {new}, not at {old}.|Let me correct that, I work for {new}."
            ),
            "dated": _said(
                "I've been working at {new} since {month}.|I joined {new} in {month}.|"
                "Since {month} I work at {new}."
            ),
        },
        {
            "past": _said(
                "I used to work at {new} before this.|"
                "When I worked at {new}, we had free lunches.|I worked for {new} in {year}.|"
                "My first job was at {new}.|I left {new} years ago."
            ),
            "plan": _said(
                "I may apply to {new} next year.|I'm thinking about joining {new}.|"
                "I'd love to work at {new}.|I had an interview at {new} yesterday.|"
                "{new} offered me a job, but I have not decided."
            ),
            "other person": _said(
                "My brother works at {new}.|{friend} just joined {new}.|"
                "My wife quit {new} last week.|{friend} doesn't work at {new} anymore.|"
                "My neighbour started at {new} on Monday."
            ),
            "other thing": _said(
                "We signed a contract with {new} today.|My bank account is with {new} now.|"
                "{new} moved its office to our street.|Our main supplier switched to {new}."
            ),
            "question": _said("Is {new} a good place to work?|Should I work at {new} instead?"),
            "refused": _said(
                "I turned down the offer from {new}.|I'm not leaving {old}.|"
                "I won't be joining {new}."
            ),
            "again": _said("I still work at {old}.|Work at {old} is busy as ever."),
        },
    ),
    "occupation": Matter(
        frozenset(("job",)),
        JOBS,
        _said("I'm a {old}.|I work as a {old}.|I am a {old} by trade.|My job? I'm a {old}."),
        {
            "now": _said(
                "I'm a {new} now.|I work as a {new} now.|I've become a {new}.|"
                "I retrained and now I'm a {new}.|I switched careers, I'm a {new} these days."
            ),
            "no longer": _said(
                "I'm no longer a {old}.|I'm not a {old} anymore.|"
                "I don't work as a {old} any more.|I stopped working as a {old}."
            ),
            "corrected": _said(
                "Correction, I'm a {new}, not a {old}.|Actually I work as a {new}, not as a {old}."
            ),
        },
        {
            "past": _said(
                "I used to be a {new}.|I was a {new} in {year}.|Before that I worked as a {new}.|"
                "When I was a {new}, I got up at four."
            ),
            "plan": _said(
                "I want to become a {new} one day.|I'd like to be a {new}.|"
                "As a child I wanted to be a {new}.|Maybe I should train as a {new}."
            ),
            "other person": _said(
                "My father is a {new}.|{friend} is a {new} now.|My flatmate became a {new}.|"
                "My sister isn't a {new} anymore.|I called a {new} today."
            ),
            "again": _said(
                "As a {old} I see that every day.|I'm still a {old}.|Being a {old} is hard work."
            ),
        },
    ),
    "car": Matter(
        frozenset(("drives",)),
        CARS,
        _said("I drive a {old}.|I'm driving a {old}.|I drive an old {old} to work."),
        {
            "moved": _said(
                "I sold the {old} and drive a {new} now.|We switched from the {old} to a {new}.|"
                "I replaced my {old} with a {new}.|I switched from the {old} to a {new}."
            ),
            "now": _said(
                "I drive a {new} now.|These days I drive a {new} instead of the {old}.|"
                "I'm driving a {new} now, the {old} is gone."
            ),
            "no longer": _said(
                "I no longer drive a {old}.|I don't drive the {old} anymore.|"
                "I stopped driving the {old}."
            ),
            "corrected": _said(
                "Sorry, I drive a {new}, not a {old}.|Actually it's a {new} I drive, not a {old}."
            ),
        },
        {
            "past": _said(
                "My first car was a {new}.|I used to drive a {new}.|I drove a {new} in {year}."
            ),
            "plan": _said(
                "I'm thinking of driving a {new} next.|One day I will drive a {new}.|"
                "I test drove a {new} yesterday."
            ),
            "other person": _said(
                "My brother drives a {new} now.|{friend} drives a {new}.|"
                "My boss switched from a {old} to a {new}.|My sister no longer drives a {old}."
            ),
            "other thing": _said(
                "The rental was a {new}.|My wife's car is a {new}.|"
                "The taxi to the airport was a {new}.|I drove a {new} for the weekend, a rental."
            ),
            "again": _said("I still drive the {old}.|My {old} needs new tyres."),
        },
    ),
    "property": Matter(
        frozenset(
            (
                "has",
                "owns",
            )
        ),
        CARS,
        _said("I own a {old}.|I've got a {old}.|I have a {old}, ten years old."),
        {
            "moved": _said(
                "I sold the {old} and bought a {new}.|I traded my {old} for a {new}.|"
                "I replaced my {old} with a {new}."
            ),
            "no longer": _said(
                "I sold my {old}.|I sold the {old} last week.|I no longer own the {old}.|"
                "I don't have the {old} anymore.|I got rid of the {old}.|"
                "I gave the {old} to my cousin."
            ),
        },
        {
            "past": _said(
                "I had a {new} in {year}.|I sold a {new} in {year}.|I used to own a {new}."
            ),
            "plan": _said("I'm thinking of buying a {new}.|I might sell the {old} next year."),
            "other person": _said(
                "{friend} sold the {new}.|My neighbour no longer owns a {old}.|"
                "My sister sold her {old}."
            ),
            "other thing": _said("I rented a {new} for the weekend.|My wife's car is a {new}."),
            "also": _said(
                "I also own a {new}.|I bought a {new} too, as a second car.|"
                "Besides that I have a {new} as well."
            ),
            "refused": _said("I'm not selling the {old}.|I decided not to buy the {new}."),
            "again": _said("I still have the {old}.|My {old} needs new tyres."),
        },
    ),
    "tool": Matter(
        frozenset(("uses",)),
        TOOLS,
        _said(
            "I use {old} for my notes.|I'm using {old} for everything.|We use {old} at work.|"
            "I use {old} every day."
        ),
        {
            "moved": _said(
                "We switched from {old} to {new}.|I moved from {old} to {new}.|"
                "I migrated everything from {old} to {new}.|I replaced {old} with {new}.|"
                "I ditched {old} for {new}.|I switched to {new} and dropped {old}."
            ),
            "now": _said(
                "I use {new} now instead of {old}.|I'm using {new} instead of {old}.|"
                "I now use {new} rather than {old}."
            ),
            "no longer": _said(
                "I no longer use {old}.|I don't use {old} anymore.|I stopped using {old}.|"
                "I quit using {old} last week.|I gave up on {old}.|We've stopped using {old}."
            ),
            "corrected": _said("Sorry, I meant that I use {new}, not {old}."),
        },
        {
            "past": _said(
                "I used {new} in {year}.|I used to use {new}.|"
                "Before that I tried {new} for a month."
            ),
            "plan": _said(
                "I'm considering a switch to {new}.|Maybe we will move to {new} next year.|"
                "I want to try {new}."
            ),
            "other person": _said(
                "{friend} switched from {old} to {new}.|My sister no longer uses {old}.|"
                "The other team moved from {old} to {new}.|My boss stopped using {old}."
            ),
            "also": _said(
                "I also use {new}.|I've started using {new} as well.|I use {new} too, for photos."
            ),
            "question": _said("Should I switch from {old} to {new}?|Is {new} better than {old}?"),
            "refused": _said("I'm not going to stop using {old}.|We decided against {new}."),
            "again": _said("I still use {old}.|I can't imagine life without {old}."),
        },
    ),
    "instrument": Matter(
        frozenset(("plays",)),
        INSTRUMENTS,
        _said(
            "I play the {old}.|I've played the {old} since school.|I play the {old} in a band.|"
            "I play {old} on Sundays."
        ),
        {
            "no longer": _said(
                "I no longer play the {old}.|I don't play the {old} anymore.|"
                "I gave up the {old}.|I stopped playing the {old}.|"
                "I quit playing the {old} last month."
            ),
            "moved": _said(
                "I switched from the {old} to the {new}.|"
                "I gave up the {old} and play the {new} now."
            ),
        },
        {
            "also": _said(
                "I also play the {new}.|I've taken up the {new} too.|I play the {new} as well.|"
                "I play the {new}."
            ),
            "past": _said(
                "I used to play the {new}.|I gave up the {new} in {year}.|"
                "As a child I played the {new}."
            ),
            "other person": _said(
                "My brother no longer plays the {old}.|{friend} gave up the {old}.|"
                "My daughter plays the {new} now.|My son stopped playing the {old}."
            ),
            "plan": _said("I want to learn the {new}.|I'd love to play the {new} some day."),
            "refused": _said("I will never give up the {old}.|I didn't stop playing the {old}."),
            "again": _said("I still play the {old}.|I practised the {old} all evening."),
        },
    ),
    "medicine": Matter(
        frozenset(("takes",)),
        DRUGS,
        _said(
            "I take {old} every morning.|I'm taking {old}.|I'm on {old}, one a day.|"
            "I take {old} for my health."
        ),
        {
            "moved": _said(
                "My doctor switched me from {old} to {new}.|I switched from {old} to {new}.|"
                "I take {new} instead of {old} now."
            ),
            "no longer": _said(
                "I no longer take {old}.|I don't take {old} anymore.|I stopped taking {old}.|"
                "I'm off {old} now.|I've come off {old}."
            ),
        },
        {
            "also": _said(
                "I also take {new}.|I take {new} as well.|The doctor put me on {new} too."
            ),
            "past": _said(
                "I took {new} in {year}.|I used to take {new}.|I stopped taking {new} in {year}."
            ),
            "other person": _said(
                "My mother stopped taking {old}.|{friend} no longer takes {old}.|"
                "My dad takes {new} now.|My uncle was switched from {old} to {new}."
            ),
            "question": _said("Can I stop taking {old}?|Is {new} safer than {old}?"),
            "again": _said("I still take {old}.|I forgot my {old} this morning."),
        },
    ),
    "partner": Matter(
        frozenset(
            (
                "knows:partner",
                "partner",
                "relative:husband",
                "relative:wife",
            )
        ),
        NAMES,
        _said(
            "My partner is {old}.|My partner's name is {old}.|"
            "My partner {old} cooks better than I do.|I'm dating {old}.|"
            "I'm with {old}, we met at work."
        ),
        {
            "moved": _said(
                "{old} and I broke up, I'm with {new} now.|My new partner is {new}.|"
                "I'm dating {new} now."
            ),
            "now": _said("My partner is {new} now.|I'm with {new} now.|My partner is now {new}."),
            "no longer": _said(
                "{old} and I broke up.|I broke up with {old}.|I'm no longer with {old}.|"
                "{old} and I are no longer together.|We split up, {old} and I."
            ),
        },
        {
            "past": _said(
                "My ex is called {new}.|I dated {new} in {year}.|I was with {new} before.|"
                "I broke up with {new} in {year}."
            ),
            "other person": _said(
                "My brother's partner is {new}.|{friend} is dating {new} now.|"
                "My sister broke up with {new}.|My boss is called {new}."
            ),
            "again": _said("{old} and I are doing great.|My partner {old} says hello."),
        },
    ),
    "pet": Matter(
        frozenset(
            (
                "has",
                "has_pet",
                "owns",
            )
        ),
        PETS,
        _said(
            "I have a dog named {old}.|I have a cat called {old}.|My dog is called {old}.|"
            "We have a dog, {old}."
        ),
        {
            "no longer": _said(
                "We had to give {old} away.|{old} died last week.|I no longer have {old}.|"
                "{old} passed away.|We found a new home for {old}, I don't have {old} anymore."
            ),
        },
        {
            "also": _said(
                "I got a second dog named {new}.|I also have a cat called {new}.|"
                "We adopted another dog, {new}.|I have a cat named {new} too."
            ),
            "past": _said(
                "As a child I had a dog named {new}.|I had a cat called {new} in {year}."
            ),
            "other person": _said(
                "My neighbour's dog {new} died.|{friend} has a dog named {new}.|"
                "My sister gave her cat {new} away."
            ),
            "again": _said("{old} slept all day.|I still have {old}."),
        },
    ),
    "favourite": Matter(
        frozenset(("favourite:food",)),
        DISHES,
        _said(
            "My favourite food is {old}.|My favorite food is {old}.|"
            "My favourite food of all is {old}."
        ),
        {
            "now": _said(
                "My favourite food is {new} now.|My new favourite food is {new}.|"
                "My favourite food is now {new}, not {old}.|"
                "My favorite food is no longer {old}, it's {new}."
            ),
            "corrected": _said("Actually, my favourite food is {new}, not {old}."),
        },
        {
            "past": _said(
                "My favourite food used to be {new}.|In {year} my favourite food was {new}."
            ),
            "other person": _said(
                "My sister's favourite food is {new}.|{friend}'s favourite food is {new} now.|"
                "My son no longer likes {old}."
            ),
            "also": _said("I also like {new}.|I like {new} as well."),
            "other thing": _said(
                "My favourite film is about {new}.|My least favourite food is {new}.|"
                "The dog's favourite food is {new}."
            ),
            "again": _said("My favourite food is still {old}."),
        },
    ),
    "colour": Matter(
        frozenset(
            (
                "favourite:color",
                "favourite:colour",
            )
        ),
        COLOURS,
        _said("My favourite colour is {old}.|My favorite color is {old}."),
        {
            "now": _said("My favourite colour is {new} now.|My favourite colour is now {new}."),
            "corrected": _said(
                "Actually, my favourite colour is {new}.|"
                "No wait, my favourite colour is {new}, not {old}."
            ),
        },
        {
            "past": _said("My favourite colour used to be {new}."),
            "other person": _said("My sister's favourite colour is {new}."),
            "other thing": _said("My car is {new}.|I painted the door {new}."),
        },
    ),
    "school": Matter(
        frozenset(("studies_at",)),
        SCHOOLS,
        _said("I study at {old}.|I'm a student at {old}.|I'm studying at {old}."),
        {
            "moved": _said(
                "I transferred from {old} to {new}.|I transferred to {new}.|"
                "I switched to {new} this term."
            ),
            "now": _said("I study at {new} now.|I'm now studying at {new}."),
            "no longer": _said(
                "I no longer study at {old}.|I dropped out of {old}.|"
                "I don't study at {old} anymore."
            ),
        },
        {
            "past": _said("I studied at {new} in {year}.|I used to study at {new}."),
            "plan": _said("I applied to {new} for next year.|I'd like to study at {new}."),
            "other person": _said(
                "My sister studies at {new}.|{friend} transferred from {old} to {new}.|"
                "My brother dropped out of {old}."
            ),
            "visit": _said("I visited {new} for an open day."),
        },
    ),
    "subject": Matter(
        frozenset(("studies",)),
        SUBJECTS,
        _said("I study {old}.|I'm studying {old}.|I'm majoring in {old}."),
        {
            "moved": _said(
                "I switched from {old} to {new}.|I changed my major from {old} to {new}."
            ),
            "now": _said("I study {new} now.|I'm studying {new} now instead of {old}."),
            "no longer": _said("I no longer study {old}.|I stopped studying {old}."),
        },
        {
            "past": _said("I studied {new} in {year}.|I used to study {new}."),
            "other person": _said(
                "My sister studies {new}.|{friend} switched from {old} to {new}.|"
                "My flatmate stopped studying {old}."
            ),
            "plan": _said("I might study {new} later.|I thought about studying {new}."),
        },
    ),
    "language": Matter(
        frozenset(("speaks",)),
        LANGUAGES,
        _said("I speak {old}.|I can speak {old}.|I speak {old} at home."),
        {
            "no longer": _said("I no longer speak {old}.|I don't speak {old} anymore."),
        },
        {
            "also": _said("I also speak {new}.|I speak {new} too.|I speak {new} as well."),
            "other person": _said(
                "My sister no longer speaks {old}.|{friend} doesn't speak {old}."
            ),
            "plan": _said("I want to learn {new}."),
        },
    ),
    "sister": Matter(
        frozenset(("lives_in",)),
        CITIES,
        _said("My sister {friend} lives in {old}.|My sister {friend} is living in {old}."),
        {
            "moved": _said(
                "My sister {friend} moved to {new}.|{friend} just moved from {old} to {new}.|"
                "My sister {friend} has relocated to {new}."
            ),
            "now": _said("My sister {friend} lives in {new} now.|{friend} lives in {new} now."),
            "no longer": _said(
                "My sister {friend} no longer lives in {old}.|"
                "{friend} doesn't live in {old} anymore."
            ),
        },
        {
            "other person": _said(
                "I moved to {new}.|My brother moved to {new}.|I live in {new} now.|"
                "My cousin no longer lives in {old}.|I no longer live in {old}."
            ),
            "plan": _said(
                "My sister {friend} might move to {new}.|{friend} wants to live in {new}."
            ),
            "visit": _said("My sister {friend} is visiting {new}."),
        },
        of="{friend}",
    ),
}

CHATTER = (
    "What a week it has been.",
    "Could you help me plan a dinner for six?",
    "It rained all morning here.",
    "Thanks, that was useful.",
    "How long does it take to boil an egg?",
    "I slept badly, so keep it short.",
    "Do you know a good podcast?",
    "The bus was late again.",
    "Let me think about that.",
    "What would you cook with two leeks and some rice?",
)
REPLIES = (
    "Got it.",
    "Thanks for telling me.",
    "Sounds good. Anything else?",
    "I see. How can I help?",
    "Noted.",
)
BEFORE = (
    "", "", "", "Hi! ", "Just so you know: ", "Oh, and one more thing. ", "Morning. ", "OK so, ",
    "Quick update. ",
)  # fmt: skip
AFTER = ("", "", "", " Anyway.", " Long story.", " How are you?", " It took a while.")

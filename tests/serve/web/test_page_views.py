"""The page in a browser, against a real server: every view, by mouse and by keyboard, with bad memories."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnemic import Memory

HERE = Path(__file__).parent
CONTRAST_JS = (HERE / "contrast.js").read_text()
NAMELESS_JS = (HERE / "nameless.js").read_text()
SCOPE = "scope=demo/chat"
ASKED = f"#/search?q=Where+does+Ana+live+now%3F&{SCOPE}"
PHONE = {"width": 380, "height": 780}
DESK = {"width": 1280, "height": 860}
VIEWS = {
    "search": (f"#/search?{SCOPE}", "Said last"),
    "answer": (ASKED, "Held to be true"),
    "timeline": (f"#/timeline?about=Ana&table=0&{SCOPE}", "8 facts"),
    "moments": (f"#/timeline?about=Ana&table=1&{SCOPE}", "Ana lives in Lisbon."),
    "palace": (f"#/palace?{SCOPE}", "2 wings"),
    "wing": (f"#/palace?wing=Ana&{SCOPE}", "rooms"),
    "room": (f"#/room?wing=Ana&room=r1&{SCOPE}", "What lies here"),
    "episode": (f"#/episode/s13:0?{SCOPE}", "What it tells"),
    "facts": (f"#/facts?{SCOPE}", "Lasting"),
    "history": (f"#/facts?history=1&{SCOPE}", "Ana lives in Lisbon."),
    "sleep": (f"#/sleep?{SCOPE}", "Sleep now"),
    "run": (f"#/run/1?{SCOPE}", "Undo this run"),
    "health": (f"#/health?{SCOPE}", "Ready"),
}


def tab_to(page: Any, selector: str, key: str = "Tab") -> None:
    """Tabs until the focus is on such an element."""
    for _ in range(80):
        page.keyboard.press(key)
        if page.evaluate("(one) => document.activeElement.matches(one)", selector):
            return
    pytest.fail(f"the Tab key never comes to {selector}")


def until(page: Any, condition: str) -> None:
    """Waits until it holds. Playwright's own way would evaluate text in the page, which its policy forbids."""
    ends = time.monotonic() + 60
    while not page.evaluate(condition):
        assert time.monotonic() < ends, condition
        page.wait_for_timeout(20)


def text_of(page: Any) -> str:
    found: str = page.inner_text("main")
    return found


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_reads_at_every_width_in_both_lights(name: str, page: Any, shown: Any) -> None:
    """Each view shows what it should, never scrolls sideways, contrasts at 4.5 : 1, names all controls."""
    address, said = VIEWS[name]
    page.goto(shown.at(address))
    page.get_by_text(said).first.wait_for()
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        page.reload()
        page.get_by_text(said).first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
        for light in ("light", "dark"):
            page.emulate_media(color_scheme=light, reduced_motion="reduce")
            assert page.evaluate(CONTRAST_JS) == [], (size, light)
    assert page.evaluate(NAMELESS_JS) == []
    assert page.evaluate("document.querySelectorAll('main h1').length") == 1
    assert all(address.startswith(shown.address) for address in page.asked)


def test_the_page_asks_for_little_before_it_is_ready(page: Any, shown: Any) -> None:
    """From nothing to a field that takes a question; scripts/screenshots.py says how long it takes."""
    page.goto(shown.at(f"#/search?{SCOPE}"))
    page.get_by_text("Said last").wait_for()
    assert len(page.asked) <= 40, page.asked


def test_from_a_question_to_a_corrected_fact_and_back_by_keyboard(page: Any, own: Any) -> None:
    """Search, episode, fact, correction, its run, undo: no step needs a mouse."""
    page.goto(own.at(f"#/health?{SCOPE}"))
    page.get_by_text("Ready").wait_for()
    page.keyboard.press("/")
    until(page, "document.activeElement.id === 'query'")
    page.keyboard.type("Where does Ana live now?")
    page.keyboard.press("Enter")
    page.locator(".verdict").wait_for()
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.closest('.hit') !== null")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.goto(own.at(f"#/episode/s13:0?{SCOPE}"))
    page.get_by_text("What it tells").wait_for()
    assert page.locator("mark").inner_text() == "I live in Almada now, five minutes from the office"
    tab_to(page, "a.statement")
    page.keyboard.press("Enter")
    page.get_by_text("It rests on").wait_for()
    assert page.evaluate("document.activeElement.tagName") == "H1"
    tab_to(page, "#value")
    page.keyboard.type("Setúbal")
    page.keyboard.press("Enter")
    page.get_by_text("Put right.").wait_for()
    page.locator(".outcome").get_by_text("Ana lives in Setúbal.").wait_for()
    tab_to(page, ".outcome a[href^='#/sleep']")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Sleep").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_text("Undo this run").wait_for()
    tab_to(page, "button.danger")
    page.keyboard.press("Enter")
    page.locator("dialog[open]").wait_for()
    assert page.evaluate("document.activeElement.value") == "no"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Undone:").wait_for()
    page.goto(own.at(f"#/facts?{SCOPE}"))
    page.get_by_text("Lasting").first.wait_for()
    assert "Ana lives in Almada." in text_of(page)
    assert "Setúbal" not in text_of(page)


def test_arrows_walk_the_palace_and_escape_leads_up(page: Any, shown: Any) -> None:
    """In a map the arrows go where they point, Enter goes in, Esc goes out, Back comes back."""
    page.goto(shown.at(f"#/palace?{SCOPE}"))
    page.locator(".room").first.wait_for()
    tab_to(page, ".wing-name")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.className") == "room"
    before = page.evaluate("document.activeElement.getBoundingClientRect().left")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") > before
    page.keyboard.press("Enter")
    page.get_by_text("What lies here").wait_for()
    page.keyboard.press("Escape")
    until(page, "location.hash.startsWith('#/palace?wing=')")
    page.locator(".plan.one").wait_for()
    page.keyboard.press("Escape")
    until(page, "!location.hash.includes('wing')")
    page.go_back()
    until(page, "location.hash.includes('wing=')")


def test_a_timeline_zooms_by_keys_and_shows_what_replaced_what(page: Any, shown: Any) -> None:
    """Plus shows less time, zero all again; a replaced fact has an arrow to its successor."""
    page.goto(shown.at(VIEWS["timeline"][0]))
    page.locator(".bar").first.wait_for()
    assert page.locator(".successor").count() == 1
    ticks = page.locator(".tick-name").all_text_contents()
    tab_to(page, ".bar")
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert page.locator(".tick-name").all_text_contents() != ticks
    page.keyboard.press("0")
    assert page.locator(".tick-name").all_text_contents() == ticks
    page.keyboard.press("ArrowDown")
    assert "Ana" in page.evaluate("document.activeElement.getAttribute('aria-label')")


def test_what_is_not_in_memory_is_said_and_the_nearest_shown(page: Any, shown: Any) -> None:
    """Below the asked probability there are no hits, but the nearest there is."""
    page.goto(shown.at(f"#/search?q=What+does+Ravi+think+of+opera%3F&abstain_below=0.5&{SCOPE}"))
    page.get_by_text("Not in memory", exact=True).wait_for()
    page.get_by_text("The nearest there is").wait_for()
    assert page.locator(".narrow-it[open]").count() == 1


def test_a_window_is_told_in_words_and_a_score_in_terms(page: Any, shown: Any) -> None:
    """What was read from the words stands there, and a hit tells what its score is made of."""
    page.goto(shown.at(f"#/search?q=What+did+Ana+say+about+the+database+in+March%3F&{SCOPE}"))
    page.get_by_text("1 Mar 2026 – 31 Mar 2026").wait_for()
    page.locator(".why summary").first.click()
    assert "its words" in page.locator(".trace").first.inner_text()


def test_an_episode_is_hidden_shown_and_erased(page: Any, own: Any) -> None:
    """Suppressing can be undone; erasing takes a typed word and shows a receipt."""
    page.goto(own.at(f"#/episode/s05:1?{SCOPE}"))
    page.get_by_role("button", name="Suppress").click()
    page.get_by_text("no recall gives it back").wait_for()
    page.get_by_role("button", name="Restore").click()
    page.get_by_text("can be recalled again").wait_for()
    page.get_by_role("button", name="Erase …").click()
    sure = page.get_by_role("button", name="Erase for good")
    assert sure.is_disabled()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Erase …").click()
    page.locator("#typed").fill("erase")
    sure.click()
    page.get_by_role("heading", name="Erased").wait_for()
    assert "The file and its log hold nothing" in text_of(page)
    page.reload()
    page.get_by_text("Not there").wait_for()


def test_sleep_tells_first_what_it_would_do(page: Any, own: Any) -> None:
    """The dry run's counts are shown, and nothing is changed unless it is said so."""
    with Memory(own.store, embedder=None) as memory:
        memory.remember("My brother is called Nuno.", scope="demo/chat", speaker="Ana")
    page.goto(own.at(f"#/sleep?{SCOPE}"))
    page.get_by_role("button", name="Sleep now …").click()
    page.get_by_text("What this sleep would do").wait_for()
    page.keyboard.press("Escape")
    page.get_by_text("Nothing was changed.").wait_for()
    page.get_by_role("button", name="Sleep now …").click()
    page.locator("dialog button[value=yes]").click()
    page.get_by_role("link", name=re.compile("run .")).click()
    page.get_by_text("Ana has a brother called Nuno.").first.wait_for()


HOSTILE = (
    "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>",
    "<svg onload=\"document.title='taken'\"><use href='http://example.com/x.svg#a'/></svg>",
    "![picture](http://example.com/pixel.png) and [link](javascript:alert(1))",
    "\x1b[31mred\x1b[0m \x07 \x1b]8;;http://example.com\x07link\x1b]8;;\x07",
    "safe \u202egnp.exe\u2066 \u2069 text",
    "<style>body{display:none}</style><base href='http://example.com/'><iframe src='http://example.com'></iframe>",
    "I live in <b onmouseover=alert(1)>Porto</b>.",
    "w" * 100_000,
    "{{constructor.constructor('alert(1)')()}} ${alert(1)} %3Cscript%3E",
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Path], Any]) -> Any:
    """A store of texts that want to be more than text, in every field, slept on."""
    path = tmp_path_factory.mktemp("hostile") / "hostile.mnemic"
    with Memory(path, embedder=None) as memory:
        for number, text in enumerate(HOSTILE):
            memory.remember(
                text, scope="bad", speaker="<img src=x onerror=alert(2)>", session="<s>", position=number,
                source="\x1b[31m<i>", ref=f"h{number}", meta={"<img src=y>": "<svg onload=alert(3)>"},
                said_at=f"2026-01-0{number + 1}T10:00:00Z",
            )  # fmt: skip
        goats = "🐐🐐🐐 Hello! I live in Faro now."
        memory.remember(goats, scope="good", speaker="Ana", ref="goats")
        memory.sleep()
    return serve(path)


@pytest.mark.parametrize(
    "view",
    ["search?", "search?q=img+script+link+safe+live", "timeline?about=img&table=0", "timeline?about=img&table=1", "palace?", "facts?all=1&history=1", "run/1?", "sleep?", "health?"]
    + [f"episode/h{number}?" for number in range(len(HOSTILE))],
)  # fmt: skip
def test_a_hostile_memory_stays_text(view: str, page: Any, hostile: Any) -> None:
    """No element, no request, no title, no broken policy, no sideways scroll comes of any text."""
    page.set_viewport_size(PHONE)
    page.goto(hostile.at(f"#/{view}&scope=bad"))
    page.locator("main h1").wait_for(state="attached")
    page.wait_for_timeout(60)
    assert (
        page.locator(
            "img, script:not([src]), iframe, style, base, main b[onmouseover], main svg use"
        ).count()
        == 0
    )
    assert "taken" not in page.title()
    assert {re.sub(r"(//[^/]+/).*", r"\1", address) for address in page.asked} == {hostile.address}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if view.startswith("episode/"):
        text = HOSTILE[int(view[len("episode/h")])]
        said = page.locator(".whole").evaluate("(one) => one.textContent")
        assert said == _as_shown(text)


def _as_shown(text: str) -> str:
    names = {"\x1b": "ESC", "\x07": "BEL", "\u202e": "RLO", "\u2066": "LRI", "\u2069": "PDI"}
    return "".join(names.get(char, char) for char in text)


def test_quotes_are_marked_by_characters_even_behind_emoji(page: Any, hostile: Any) -> None:
    """Places count characters, while browsers count UTF-16 units: the mark is not shifted."""
    page.goto(hostile.at("#/episode/goats?scope=good"))
    assert page.locator("mark").inner_text() == "I live in Faro now"


def test_an_empty_memory_says_what_can_be_done(
    page: Any, tmp_path: Path, serve: Callable[[Path], Any]
) -> None:
    """Every view of nothing, or of nothing yet, is a sentence and a way on, never a blank."""
    path = tmp_path / "empty.mnemic"
    with Memory(path, embedder=None) as memory:
        memory.stats()
    served = serve(path)
    for view in ("search", "timeline", "palace", "facts", "sleep", "episode/0"):
        page.goto(served.at(f"#/{view}"))
        page.get_by_role("heading", name="Nothing is remembered here yet").wait_for()
    with Memory(path, embedder=None) as memory:
        memory.remember("Tea at five.", scope="default")
    for view, said in {
        "search": "Said last", "timeline": "No one is known here yet",
        "palace": "No rooms are built yet", "facts": "Nothing is held yet",
        "sleep": "It has not slept yet", "search?q=zebra": "No word of it",
        "timeline?about=Zebra": "Nothing is known of that", "episode/nothing": "Not there",
        "fact/0123456789": "Not there", "run/7": "Not there", "nowhere": "There is no such view",
        "constructor": "There is no such view",
        "search?scope=other": "Not there", "health": "Ready",
    }.items():  # fmt: skip
        page.goto("about:blank")  # else the view before could be taken for this one
        page.goto(served.at(f"#/{view}"))
        page.locator("main").get_by_text(said).first.wait_for()


def test_a_server_that_is_gone_is_told_and_can_be_tried_again(
    page: Any, tmp_path: Path, serve: Callable[[Path], Any]
) -> None:
    """Nothing hangs and nothing is blank: what happened, and a button."""
    with Memory(tmp_path / "gone.mnemic", embedder=None) as memory:
        memory.remember("Tea at five.", scope="default")
    served = serve(tmp_path / "gone.mnemic")
    page.goto(served.at("#/search"))
    page.get_by_text("Said last").wait_for()
    served.end()
    page.get_by_role("link", name="Palace").click()
    page.get_by_role("heading", name="The server does not answer").wait_for()
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("heading", name="The server does not answer").wait_for()


def test_a_server_with_keys_asks_for_one(
    page: Any, example: Path, tmp_path: Path, serve: Callable[[Path], Any]
) -> None:
    """A wrong key is told, a right one opens and stays in this tab alone."""
    path = tmp_path / "keyed.mnemic"
    shutil.copy(example, path)
    done = subprocess.run(
        [sys.executable, "-m", "mnemic.serve.cli", "key", "create", "--db", str(path), "--scope", "demo/*", "--may", "read"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    key = re.findall(r"\bmnk?_?[\w.-]{20,}|\b[\w-]{24,}\b", done.stdout)[0]
    served = serve(path)
    page.goto(served.at(f"#/facts?{SCOPE}"))
    page.get_by_role("heading", name="This memory needs a key").wait_for()
    page.keyboard.type("not-a-key")
    page.keyboard.press("Enter")
    page.get_by_text("This key is not known here").wait_for()
    page.locator("#key").fill(key)
    page.keyboard.press("Enter")
    page.get_by_text("Lasting").first.wait_for()
    assert page.evaluate("localStorage.length") == 0
    assert key not in page.evaluate("location.href")
    page.goto(served.at(f"#/health?{SCOPE}"))
    page.get_by_text("Counts are not for this key").wait_for()
    page.goto(served.at(f"#/episode/s05:1?{SCOPE}"))
    page.get_by_role("button", name="Suppress").click()
    page.get_by_text("may not write").wait_for()


def test_what_is_untrusted_says_so(page: Any, tmp_path: Path, serve: Callable[[Path], Any]) -> None:
    """Beside the hit, and with the class of its source beside the episode."""
    path = tmp_path / "web.mnemic"
    with Memory(path, embedder=None) as memory:
        memory.remember("Ana lives in Zembla.", scope="a", source="web", ref="w")
        memory.remember("Ana lives in Lisbon.", scope="a", source="user")
    served = serve(path)
    page.goto(served.at("#/search?scope=a&q=Where+does+Ana+live%3F"))
    page.get_by_text("Ana lives in Lisbon.").first.wait_for()
    assert page.locator(".untrusted").count() == 1
    page.goto(served.at("#/episode/w?scope=a"))
    page.get_by_text("web: untrusted").wait_for()

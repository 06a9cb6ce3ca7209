"""What a driver sees: free marks as plates, a price, its reason, in his language, without scripts."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.xdist_group("browser")


def search(page: Page, pattern: str, region: str = "") -> None:
    """Fill the form in and send it."""
    page.goto("/?lang=en")
    page.get_by_role("textbox").fill(pattern)
    if region:
        page.locator("select[name=region]").select_option(region)
    page.get_by_role("button", name="Search").click()


def shown_marks(page: Page) -> set[str | None]:
    """The marks of the page, as a screen reader names them."""
    return {plate.get_attribute("aria-label") for plate in page.locator(".marks svg").all()}


def test_a_driver_finds_drawn_plates_with_prices(page: Page) -> None:
    """`7*7` in Almaty gives plates, each drawn, named and priced."""
    search(page, "7*7", "02")
    expect(page.get_by_role("status")).to_contain_text("Free marks:")
    cards = page.locator(".marks li")
    expect(cards).to_have_count(24)
    expect(cards.first.locator("svg.plate")).to_be_visible()
    expect(cards.first.locator(".price")).to_have_text(re.compile(r"^₸[\d,]+$"))


def test_the_next_page_goes_on_where_the_first_ended(page: Page) -> None:
    """No mark of the first page stands on the second."""
    search(page, "7*7", "02")
    first = shown_marks(page)
    page.get_by_role("link", name="Next page").click()
    second = shown_marks(page)
    assert len(first) == len(second) == 24
    assert first.isdisjoint(second)


def test_a_mark_says_why_it_costs_what_it_costs(page: Page) -> None:
    """777 AAA 02 costs 285 MCI by the order of the ministry, and the rules that gave way are named too."""
    page.goto("/marks/777AAA02?lang=en")
    expect(page.get_by_role("heading", name=re.compile("State duty"))).to_contain_text("₸1,232,625")
    expect(page.locator("main")).to_contain_text("285 MCI × 4,325 tenge")
    expect(page.locator(".rules .won")).to_contain_text("Order No. 342")
    expect(page.locator(".rules li")).to_have_count(4)


@pytest.mark.parametrize(
    ("language", "title", "button"),
    [("kk", "Нөмір таңдау", "Іздеу"), ("ru", "Выбор номера", "Найти"), ("en", "Choose a mark", "Search")],
)
def test_every_page_speaks_three_languages(page: Page, language: str, title: str, button: str) -> None:
    """The reader switches with one click and keeps his search."""
    search(page, "777 AAA")
    page.locator(f"nav a[hreflang={language}]").click()
    expect(page).to_have_title(title)
    expect(page.get_by_role("button")).to_have_text(button)
    expect(page.get_by_role("textbox")).to_have_value("777 AAA")
    assert page.locator("html").get_attribute("lang") == language


def test_cyrillic_lower_case_and_blanks_are_understood(page: Page) -> None:
    """`777 ааа` typed on a Cyrillic keyboard finds 777 AAA in every region."""
    search(page, "777 ааа")
    expect(page.get_by_role("status")).to_contain_text("Free marks: 20")


def test_a_bad_pattern_is_explained_in_the_readers_language(page: Page) -> None:
    """The place and the reason are named in Kazakh, and what was typed stands in the form still."""
    page.goto("/?lang=kk&q=7Ү7")
    expect(page.get_by_role("alert")).to_contain_text("латынша Y")
    expect(page.get_by_role("textbox")).to_have_value("7Ү7")


def test_a_withheld_mark_says_so(page: Page) -> None:
    """A withheld series is shown with its reason, not hidden."""
    page.goto("/marks/001KOT02?lang=en")
    expect(page.locator(".state")).to_have_text("Withheld")


@pytest.mark.parametrize("path", ["/marks/001KOT02?lang=en", "/?lang=en&q=001KOT02"])
def test_who_cannot_have_a_mark_is_shown_its_like(page: Page, path: str) -> None:
    """On the page of a mark that is not free, and where a search for one mark finds nothing."""
    page.goto(path)
    expect(page.get_by_role("heading", name="Free marks like this one")).to_be_visible()
    expect(page.locator(".marks li")).to_have_count(6)
    assert "001 KOT 02" not in shown_marks(page)
    expect(page.locator(".marks .price").first).to_have_text(re.compile(r"^₸[\d,]+$"))


def test_a_free_mark_is_shown_alone(page: Page) -> None:
    """Nobody is led away from a mark that he can have."""
    page.goto("/marks/777AAA02?lang=en")
    expect(page.locator(".state")).to_have_text("Free")
    expect(page.locator(".marks")).to_have_count(0)


def test_what_is_no_mark_is_explained_and_kept(page: Page) -> None:
    """The text stands in the form, the place and the reason beneath it."""
    response = page.goto("/marks/777%D2%AEAA02?lang=en")
    assert response is not None
    assert response.status == 422
    expect(page.get_by_role("alert")).to_contain_text("“777ҮAA02” cannot be read as a mark")
    expect(page.get_by_role("alert")).to_contain_text("character 4: Ү and Ұ are not the letter Y")
    expect(page.get_by_role("textbox")).to_have_value("777ҮAA02")


def test_the_search_needs_no_mouse(page: Page) -> None:
    """The cursor waits in the form, Enter searches, and the first plate opens by keyboard."""
    page.goto("/?lang=en")
    # The browser moves the cursor after the page is there; a key that comes earlier is lost.
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.type("777 AAA")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Free marks: 20")
    page.locator(".marks a").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("777 AAA 01")


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.parametrize("path", ["/?", "/?q=7*7&", "/?q=777&format=entity_car&", "/marks/001KOT02?"])
def test_nothing_is_wider_than_a_small_phone(page: Page, path: str, language: str) -> None:
    """No page has to be pushed sideways at 320 pixels, the longest words included."""
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"{path}lang={language}")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 320


def test_nothing_is_loaded_from_elsewhere_and_no_script_runs(page: Page, address: str) -> None:
    """Every request goes to the service itself, and the policy forbids anything else."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    response = page.goto("/?lang=ru&q=777")
    assert response is not None
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.locator("script").count() == 0
    assert asked
    assert [url for url in asked if not url.startswith(address)] == []

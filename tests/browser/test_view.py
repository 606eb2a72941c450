"""The address of a map page: a copied link opens the same view, and rubbish in it opens the page as it is."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

PAGE, NORM = "gap-health_centre.html", "GL-PHC-1H"
STATE = """() => {
  const { state, map } = Spatial, centre = map.getCenter();
  return {
    language: Spatial.language, layer: state.layers.indexOf(state.layer), threshold: state.threshold,
    only: state.only, filter: { ...state.filter }, place: state.places.id[state.selected] || "",
    ground: { ...Spatial.layers.areas.shown }, zoom: map.getZoom(), at: [centre.lat, centre.lng],
    headline: document.querySelector("#headline strong").textContent,
  };
}"""
MOVE = """() => {
  const { state, map } = Spatial, press = (id, value) => {
    const node = document.getElementById(id);
    node.value = value;
    node.dispatchEvent(new Event(node.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
  };
  Spatial.setLanguage("fr");
  press("layer", state.layers.findIndex((layer) => layer.kind === "threshold" && layer !== state.layers[0]));
  press("slider", 35);
  press("filter-township", 2);
  press("filter-people", 40);
  press("filter-tier", state.places.tiers.indexOf("village"));
  document.querySelector("#legend button").click();
  Spatial.choosePlace(12, true);
  map.setView([map.getCenter().lat + 0.02, map.getCenter().lng - 0.01], map.getZoom() - 0.75, { animate: false });
}"""


def assert_same(shown, wanted):
    # the middle of the map is rounded to whole pixels
    assert shown.pop("at") == pytest.approx(wanted["at"], abs=2e-4)
    assert shown == {key: value for key, value in wanted.items() if key != "at"}


def test_a_copied_link_opens_the_view_that_was_copied(county_folder, open_page):
    page = open_page(county_folder / PAGE)
    opening = page.evaluate(STATE)
    page.evaluate(MOVE)
    page.click("#copy-link")
    page.wait_for_function("() => document.getElementById('copy-link').textContent === Spatial.t('view.copied')")
    link, moved = page.evaluate("Spatial.view.link()"), page.evaluate(STATE)
    assert page.url == link
    again = open_page(county_folder / PAGE, fragment="#" + link.split("#")[1])
    assert_same(again.evaluate(STATE), moved)
    # every part of it differs from the page as it opens by itself
    assert [key for key in moved if key != "ground" and moved[key] == opening[key]] == []
    # and says the same again
    assert again.evaluate("Spatial.view.link()") == link


def test_the_address_follows_what_is_shown_and_is_bare_where_nothing_was_changed(county_folder, open_page):
    page = open_page(county_folder / PAGE)
    page.wait_for_function("() => location.hash === '#lang=en'")
    page.evaluate("Spatial.choosePlace(12, false)")
    page.wait_for_function("() => location.hash === '#lang=en&place=' + Spatial.state.places.id[12]")
    page.click("#place .close")
    page.wait_for_function("() => location.hash === '#lang=en'")
    page.click("#zoom-in")
    page.wait_for_function("() => /^#lang=en&at=[-\\d.]+,[-\\d.]+,[\\d.]+$/.test(location.hash)")
    page.click("#zoom-all")
    page.wait_for_function("() => location.hash === '#lang=en'")
    # one entry of the history, however often the address changes
    assert page.evaluate("history.length") == 2


@pytest.mark.parametrize(
    "fragment",
    [
        "#%E0%A4%A&=&&==&lang=xx&norm=&layer=__proto__&limit=1e999&class=constructor&township=t99&tier=0&people=-4",
        "#lang=en&norm=GONE&place=gone&at=1,2&fails=gone&ground=x&limit=&people=NaN",
        "#lang=en&at=91,500,3&limit=abc&class=,,&at=NaN,NaN,NaN&township=%3Cimg%20src%3Dx%3E",
        "#panel",
    ],
)
def test_rubbish_in_the_address_opens_the_page_as_it_is(fragment, county_folder, open_page, read_page):
    bare = read_page(county_folder / PAGE).evaluate(STATE)
    page = open_page(county_folder / PAGE, fragment=fragment)
    assert_same(page.evaluate(STATE), bare)


def test_numbers_beyond_what_a_page_has_come_as_near_as_it_can(county_folder, open_page):
    page = open_page(county_folder / PAGE, fragment="#lang=en&limit=9999&at=30,108,99")
    assert page.evaluate("Spatial.state.threshold === Spatial.state.layer.max")
    assert page.evaluate("Spatial.map.getZoom() <= Spatial.map.getMaxZoom()")


def test_another_address_put_into_an_open_page_is_followed_whole(county_folder, open_page):
    page = open_page(county_folder / PAGE)
    bare = page.evaluate(STATE)
    # A page that was moved a moment ago writes its own address over the one that came.
    page.evaluate(
        "location.hash = 'lang=zh&limit=35&township=t2&place=n000012'; history.replaceState(null, '', '#lang=en')"
    )
    page.wait_for_function("() => Spatial.state.selected >= 0")
    shown = page.evaluate(STATE)
    assert (shown["language"], shown["threshold"], shown["place"]) == ("zh", 35, "n000012")
    assert page.evaluate("Spatial.state.places.townships[Spatial.state.filter.township].id") == "t2"
    page.evaluate("void (location.hash = 'lang=en')")
    page.wait_for_function("() => Spatial.state.selected < 0")
    assert_same(page.evaluate(STATE), bare)
    # the link past the map goes to a part of the page, and leaves the view
    page.evaluate("Spatial.choosePlace(Spatial.state.places.id.indexOf('n000012'), false)")
    page.wait_for_function("() => location.hash.includes('n000012')")  # written a moment after
    page.evaluate("void document.querySelector('.skip').click()")
    page.wait_for_function("() => location.hash === '#panel'")
    assert page.evaluate("Spatial.state.places.id[Spatial.state.selected]") == "n000012"


def test_each_layer_of_a_page_has_a_name_of_its_own_in_the_address(county_folder, open_page):
    for file in ("gap-health_centre.html", "score-map.html", "last-mile.html"):
        if not (county_folder / file).exists():
            continue
        page = open_page(county_folder / file)
        count = page.evaluate("Spatial.state.layers.length")
        fragments = []
        for number in range(count):
            page.evaluate(
                "number => { const node = document.getElementById('layer'); node.value = number;"
                " node.dispatchEvent(new Event('change')); }",
                number,
            )
            fragments.append(page.evaluate("Spatial.view.link().split('#')[1]"))
        assert len(set(fragments)) == count
        # Each put into the address of the open page, which shows the layer after it, once it says so.
        page.wait_for_function("fragment => location.hash === '#' + fragment", arg=fragments[-1])
        for number in reversed(range(count - 1)):
            page.evaluate("fragment => void (location.hash = fragment)", fragments[number])
            page.wait_for_function("number => Spatial.state.layers.indexOf(Spatial.state.layer) === number", arg=number)
        # And the last one as a page opens.
        again = open_page(county_folder / file, fragment=f"#{fragments[-1]}")
        assert again.evaluate("Spatial.state.layers.indexOf(Spatial.state.layer)") == count - 1

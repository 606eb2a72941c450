"""Pages of a region with few places: sentences and drawings hold for one place, for two and for all."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


def test_of_one_place_within_or_beyond_pages_speak_as_of_one(county_folder, open_page):
    one = "(told) => { for (const norm of told.norms) Object.assign(norm.study, { persons_served: 1 }); }"
    page = open_page(county_folder / "index.html", changed=one, unfolded=True)
    assert "1 person is within it" in page.inner_text("body").replace("\u00a0", " ")
    page = open_page(county_folder / "last-mile.html")
    told = page.evaluate("[1, 2].map((n) => Spatial.t('headline.last_mile_places', { n, share: '50 %' }))")
    assert told == [f"{verb} more than 2 km from an all-season road (50 %)." for verb in ("lies", "lie")]

"""The pictures in docs/images show the pages as they are."""

import json

import pytest

from tests.browser.screenshots import DIGESTS, IMAGES, SCHEMES, SIZES, digest
from tests.browser.states import STATES


@pytest.mark.parametrize("name", STATES)
def test_pictures_are_no_older_than_their_page(name: str) -> None:
    for size in SIZES:
        for scheme in SCHEMES:
            assert (IMAGES / f"{name}-{size}-{scheme}.webp").is_file(), "run `make screenshots`"
    assert json.loads(DIGESTS.read_text())[name] == digest(name), "run `make screenshots`"


def test_no_picture_is_left_of_a_state_that_is_gone() -> None:
    names = {path.name.rpartition("-")[0].rpartition("-")[0] for path in IMAGES.glob("*.webp")}
    assert names == set(STATES)

"""Every backbone is explained in docs/backbones.md, and no number there is older than the code."""

import re
from pathlib import Path

import pytest

from core.advice import advisor, likeness
from core.backbones.catalogue.backbone import Level
from core.backbones.catalogue.rows import BACKBONES
from core.training.racing import candidates

TEXT = (Path(__file__).parents[2] / "docs" / "backbones.md").read_text(encoding="utf-8")
SECTIONS = {
    found[2]: found[3]
    for found in re.finditer(r"^### ([^\n]+) \(`(\w+)`\)\n\n(.+?)(?=^##|\Z)", TEXT, re.M | re.S)
}


@pytest.mark.parametrize("name", BACKBONES)
def test_each_backbone_has_a_paragraph(name: str) -> None:
    assert f"### {BACKBONES[name].title} (`{name}`)" in TEXT
    assert len(SECTIONS[name].split()) > 12


def test_no_paragraph_is_about_a_backbone_that_is_gone() -> None:
    assert set(SECTIONS) == set(BACKBONES)


@pytest.mark.parametrize("name", BACKBONES)
def test_the_numbers_are_those_of_the_catalogue(name: str) -> None:
    backbone = BACKBONES[name]
    accuracy, parameters, size, work = SECTIONS[name].split(". ")[0].split(" · ")
    published = backbone.top1
    assert accuracy == (f"{100 * published:.1f} %" if published else "not published")
    assert parameters == f"{backbone.parameters / 1e6:.1f} M"
    assert size == f"{backbone.input_size} px"
    assert float(work.split()[0]) == pytest.approx(backbone.multiply_adds / 1e9, rel=0.12)


def test_the_advisors_thresholds_are_those_of_the_code() -> None:
    assert f"Many are {advisor.MANY:,} to learn from, and {advisor.MANY_PER_CLASS}" in TEXT
    assert f"From {likeness.LIKE} on" in TEXT


def test_the_layer_that_whole_things_begin_at_is_that_of_the_catalogue() -> None:
    first = candidates.first_of(BACKBONES["efficientnet_lite0"], Level.WHOLES)
    told = " ".join(TEXT.split())
    assert f"({first} for EfficientNet-Lite0, layers 0 to {first - 1} stay frozen)" in told
    assert f"the same layer is number {first + 1} there" in told


@pytest.mark.parametrize("name", [name for name, b in BACKBONES.items() if b.widths])
def test_each_width_is_named_with_its_accuracy(name: str) -> None:
    told = " ".join(SECTIONS[name].split())
    for width in BACKBONES[name].widths:
        assert f"{width.alpha:g}" in told
        assert f"{100 * width.top1:.1f}" in told

"""How the pictures of a data set are read: found out once, kept, and the same on every way."""

import hashlib
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from core.datasets import (
    additions,
    image_files,
    reading,
    store,
)
from core.datasets.dataset import Dataset
from core.datasets.feed import SourceFeed, StoredFeed
from core.errors import UserError
from core.intake.archives.archive import open_source
from core.intake.pictures import images, preparing
from core.intake.pictures.preparation import (
    AVERAGE_COLOUR,
    USUAL,
    Paper,
    Preparation,
)
from core.intake.pictures.preparing import Chosen
from core.network import prefix
from core.settings import SplitSettings
from tests.intake.test_colours import saved
from tests.intake.test_tiffs import RGB, tiff

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")

Numbers = npt.NDArray[np.uint16]
RAMP = np.linspace(0, 1, 64 * 48).reshape(48, 64)


def deep_png(values: Numbers, significant: int | None = None) -> bytes:
    """A PNG of 16 bits; of colours and with alpha too, which Pillow does not write."""
    samples = values.shape[2] if values.ndim == 3 else 1
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[samples]

    def chunk(name: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + check

    rows = values.astype(">u2").reshape(len(values), -1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", values.shape[1], len(values), 16, kind, 0, 0, 0)
    bits = chunk(b"sBIT", bytes([significant] * samples)) if significant else b""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + bits
        + chunk(b"IDAT", zlib.compress(raw))
        + chunk(b"IEND", b"")
    )


def greys(low: float, high: float) -> bytes:
    return saved(Image.fromarray((low + RAMP * (high - low)).astype(np.uint16)), "TIFF")


def logo(colour: tuple[int, int, int], number: int = 0) -> bytes:
    image = Image.new("RGBA", (40, 40), (*colour, 0))
    image.paste((*colour, 255), (10 + number, 10, 30 + number, 24))
    return saved(image, "PNG")


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def found(folder: Path, chosen: Chosen = preparing.NOTHING) -> Preparation:
    return preparing.of_source(open_source(folder), chosen=chosen)


def brightness(data: bytes, preparation: Preparation) -> float:
    return float(np.asarray(images.decode(data, preparation=preparation)).mean())


def two_classes(make: list[bytes], other: list[bytes]) -> dict[str, bytes]:
    files = {f"a/{number}.x": data for number, data in enumerate(make)}
    return files | {f"b/{number}.x": data for number, data in enumerate(other)}


def imported(folder: Path, source: Path) -> Dataset:
    return store.import_dataset(open_source(source), folder, split=SplitSettings(), name="x")


@pytest.fixture
def dark_and_bright(tmp_path: Path) -> Path:
    """Greys of some 10 bits in 16, as X-rays have them; one frame has a hot pixel."""
    bright = [greys(1002 + n, 1534) for n in range(4)]
    dark = [greys(776 + n, 1009) for n in range(4)]
    hot = (776 + RAMP * 233).astype(np.uint16)
    hot[0, 0] = 60_000
    dark.append(saved(Image.fromarray(hot), "TIFF"))
    return fill(tmp_path / "greys", two_classes(bright, dark))


def test_bright_pictures_stay_brighter_than_dark_ones(dark_and_bright: Path) -> None:
    preparation = found(dark_and_bright)
    shown = {
        label: [
            brightness(path.read_bytes(), preparation)
            for path in sorted((dark_and_bright / label).iterdir())
        ]
        for label in ("a", "b")
    }
    assert min(shown["a"]) > max(shown["b"]) + 80
    assert preparation.levels is not None
    black, white = preparation.levels
    assert 770 < black < 800
    assert 1500 < white < 1540


def test_one_hot_pixel_changes_only_itself(dark_and_bright: Path) -> None:
    with_it = found(dark_and_bright)
    path = dark_and_bright / "b" / "4.x"
    hot = np.asarray(images.decode(path.read_bytes(), preparation=with_it))
    path.write_bytes(greys(776, 1009))
    without = found(dark_and_bright)
    assert with_it.levels == pytest.approx(without.levels, rel=0.01)
    plain = np.asarray(images.decode(path.read_bytes(), preparation=with_it))
    assert (hot != plain).any(axis=2).sum() == 1


@pytest.mark.parametrize("significant", [None, 12])
@pytest.mark.parametrize("samples", [3, 4])
def test_colours_of_12_bits_in_16_are_not_black(
    samples: int, significant: int | None, tmp_path: Path
) -> None:
    weights = np.array([1.0, 0.7, 0.4, 16.0])[:samples]
    values = np.minimum(RAMP[..., None] * 4095 * weights, 65_535)
    if samples == 4:
        values[..., 3] = 65_535
    data = deep_png(values.astype(np.uint16), significant)
    fill(tmp_path, two_classes([data], [data]))
    pixels = np.asarray(images.decode(data, preparation=found(tmp_path)), np.int16)
    assert pixels[..., 0].max() == 255
    expected = RAMP[..., None] * 255 * np.array([1.0, 0.7, 0.4])
    assert np.abs(pixels - expected).max() <= 4  # finer than the 16 steps of one byte


def test_every_number_of_16_bits_is_read_in_full() -> None:
    values = np.arange(64 * 48 * 3, dtype=np.uint16).reshape(48, 64, 3) * 7
    read = images.numbers(deep_png(values))
    assert read is not None
    assert np.array_equal(np.sort(read), np.sort(values.ravel()))
    grey = np.dstack([values[..., 0], np.full((48, 64), 65_535, np.uint16)])
    read = images.numbers(deep_png(grey))
    assert read is not None
    assert np.array_equal(np.sort(read), np.sort(grey[..., 0].ravel()))


def test_eight_bits_have_no_numbers_but_their_colours() -> None:
    plain = Image.effect_noise((60, 40), 90)
    for kind in ("PNG", "TIFF", "JPEG", "GIF"):
        assert images.numbers(saved(plain, kind)) is None


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        (np.zeros((48, 64)), (0, 1)),
        (np.full((48, 64), 700.0), (0, 700)),
        (np.full((48, 64), -5.0), (-5, 0)),
        (np.full((48, 64), np.nan), None),
        (RAMP, (0, 1)),
        (RAMP * 2 - 1, (-1, 1)),
        (np.where(RAMP < 0.1, np.nan, RAMP * 2), (0, 2)),
        (np.where(RAMP > 0.9, np.inf, RAMP), (0, 0.9)),
    ],
    ids=["zero", "constant", "negative", "nothing", "0 to 1", "-1 to 1", "NaN", "inf"],
)
def test_levels_of_odd_numbers(
    values: npt.NDArray[np.float64], levels: tuple[float, float] | None, tmp_path: Path
) -> None:
    data = saved(Image.fromarray(values.astype(np.float32)), "TIFF")
    fill(tmp_path, two_classes([data], [data]))
    preparation = found(tmp_path)
    if levels is None:
        assert preparation.levels is None
    else:
        assert preparation.levels == pytest.approx(levels, abs=0.01)
    pixels = np.asarray(images.decode(data, preparation=preparation))
    assert pixels.shape == (48, 64, 3)
    assert (pixels[np.isposinf(values)] == 255).all()
    assert (pixels[np.isnan(values)] == 0).all()


def test_where_zero_is_white_the_greatest_number_is_black(tmp_path: Path) -> None:
    values = (RAMP * 4000).astype(np.uint16)
    fill(tmp_path, two_classes([greys(0, 4000)], [tiff(values, 0)]))
    preparation = found(tmp_path)
    pixels = np.asarray(images.decode(tiff(values, 0), preparation=preparation), np.int16)
    plain = np.asarray(images.decode(tiff(values), preparation=preparation), np.int16)
    assert np.abs(pixels - (255 - plain)).max() <= 1


def test_pictures_of_8_bits_are_read_alike_beside_deep_ones(tmp_path: Path) -> None:
    plain = saved(Image.effect_noise((60, 40), 90).convert("RGB"), "PNG")
    fill(tmp_path, two_classes([plain, greys(0, 900)], [greys(10, 500)]))
    preparation = found(tmp_path)
    assert preparation.levels is not None
    assert images.decode(plain, preparation=preparation).tobytes() == images.decode(plain).tobytes()


def test_a_data_set_without_such_pictures_is_read_as_ever(tmp_path: Path) -> None:
    plain = Image.effect_noise((60, 40), 90)
    fill(tmp_path, two_classes([saved(plain, "PNG")], [saved(plain, "JPEG"), b"no picture"]))
    assert found(tmp_path) == USUAL


# --- paper


@pytest.mark.parametrize(
    ("colours", "paper"),
    [
        ([(255, 255, 255)], Paper.BLACK),
        ([(250, 250, 240)], Paper.BLACK),
        ([(0, 0, 0)], Paper.WHITE),
        ([(200, 30, 30)], Paper.WHITE),
        ([(255, 255, 255), (0, 0, 0)], Paper.AVERAGE),
    ],
)
def test_paper_keeps_the_contrast(
    colours: list[tuple[int, int, int]], paper: Paper, tmp_path: Path
) -> None:
    logos = [logo(colour, number) for number in range(3) for colour in colours]
    fill(tmp_path, two_classes(logos, logos))
    preparation = found(tmp_path)
    assert preparation.paper is paper
    for data in logos:
        assert np.asarray(images.decode(data, preparation=preparation)).std() > 20


def test_few_that_are_lost_on_white_move_no_paper(tmp_path: Path) -> None:
    logos = [logo((20, number, 90)) for number in range(30)]
    fill(tmp_path, two_classes(logos, [logo((255, 255, 255)), *logos]))
    assert found(tmp_path).paper is Paper.WHITE


def test_alpha_that_hides_nothing_moves_no_paper(tmp_path: Path) -> None:
    opaque = saved(Image.new("RGBA", (40, 40), (255, 255, 255, 255)), "PNG")
    gone = saved(Image.new("RGBA", (40, 40), (255, 255, 255, 0)), "PNG")
    fill(tmp_path, two_classes([opaque, gone], [opaque]))
    assert found(tmp_path).paper is Paper.WHITE


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "ICO", "GIF"])
def test_white_on_nothing_is_seen_in_every_format(kind: str, tmp_path: Path) -> None:
    image = Image.new("RGBA", (48, 48), (255, 255, 255, 0))
    image.paste((255, 255, 255, 255), (12, 12, 36, 36))
    data = saved(image, kind, **({"lossless": True} if kind == "WEBP" else {}))
    fill(tmp_path, two_classes([data], [data]))
    assert found(tmp_path).paper is Paper.BLACK


def test_white_palette_colours_on_nothing_are_seen(tmp_path: Path) -> None:
    image = Image.new("P", (48, 48), 0)
    image.putpalette([255, 255, 255, 255, 255, 255])
    image.paste(1, (12, 12, 36, 36))
    data = saved(image, "PNG", transparency=0)
    fill(tmp_path, two_classes([data], [data]))
    assert found(tmp_path).paper is Paper.BLACK


def test_alpha_of_16_bits_lies_on_the_paper_too(tmp_path: Path) -> None:
    values = np.zeros((48, 64, 4), np.uint16)
    values[..., :3] = 4000
    values[10:30, 10:40, 3] = 65_535
    data = deep_png(values)
    fill(tmp_path, two_classes([data], [data]))
    preparation = found(tmp_path)
    assert preparation.paper is Paper.BLACK
    pixels = np.asarray(images.decode(data, preparation=preparation))
    assert pixels[20, 20].tolist() == [255, 255, 255]
    assert pixels[0, 0].tolist() == [0, 0, 0]
    average = Preparation((0.0, 4000.0), paper=Paper.AVERAGE)
    assert tuple(np.asarray(images.decode(data, preparation=average))[0, 0]) == AVERAGE_COLOUR


# --- bands


def stack(count: int) -> npt.NDArray[np.uint8]:
    return np.stack([np.full((40, 50), 10 * (band + 1), np.uint8) for band in range(count)], -1)


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("packing", [1, 8])
def test_of_many_bands_three_are_shown(packing: int, apart: bool) -> None:
    data = tiff(stack(9), RGB, extra=(0,) * 6, packing=packing, apart=apart)
    first = np.asarray(images.decode(data))
    assert first[5, 5].tolist() == [10, 20, 30]
    other = np.asarray(images.decode(data, preparation=Preparation(bands=(7, 3, 2))))
    assert other[5, 5].tolist() == [80, 40, 30]
    there_are_not_so_many = Preparation(bands=(11, 3, 2))
    assert np.asarray(images.decode(data, preparation=there_are_not_so_many))[5, 5, 0] == 10


def test_the_fourth_band_of_8_bits_can_be_chosen_too() -> None:
    data = tiff(stack(4), RGB, extra=(0,))
    assert np.asarray(images.decode(data))[5, 5].tolist() == [10, 20, 30]
    for levels in (None, (0.0, 900.0)):  # which have nothing to do with it
        pixels = np.asarray(images.decode(data, preparation=Preparation(levels, (3, 0, 1))))
        assert pixels[5, 5].tolist() == [40, 10, 20]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", [np.uint16, np.int16, np.float32, np.float64])
def test_satellites_of_many_deep_bands(kind: type, order: str, tmp_path: Path) -> None:
    values = np.stack([(RAMP * 900 * (band + 1)).astype(kind) for band in range(6)], -1)
    form = {"u": 1, "i": 2, "f": 3}[np.dtype(kind).kind]
    data = tiff(values, 1, form, order=order, packing=8, extra=(0,) * 5)
    fill(tmp_path, two_classes([data], [data]))
    preparation = found(tmp_path, Chosen(bands=(5, 3, 1)))
    assert preparation.levels == pytest.approx((0, 5400), rel=0.01)
    pixels = np.asarray(images.decode(data, preparation=preparation), np.int16)
    expected = RAMP[..., None] * 255 * np.array([1, 4 / 6, 2 / 6])
    assert np.abs(pixels - expected).max() <= 4


@pytest.mark.parametrize("packing", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd", "raw"])
@pytest.mark.parametrize("predictor", [1, 2])
def test_deep_numbers_are_unpacked_as_pillow_unpacks_them(packing: str, predictor: int) -> None:
    values = np.random.default_rng(3).integers(0, 4000, (70, 90)).astype(np.uint16)
    options = {"compression": packing, "tiffinfo": {317: predictor}} if predictor == 2 else {
        "compression": packing
    }  # fmt: skip
    data = saved(Image.fromarray(values), "TIFF", **options)
    plain = np.asarray(Image.open(io.BytesIO(data)))
    preparation = Preparation((0.0, 4000.0))
    read = np.asarray(images.decode(data, preparation=preparation))[..., 0]
    assert np.array_equal(read, np.rint(plain * (255 / 4000)).astype(np.uint8))


def test_what_a_satellite_left_out_is_black_and_moves_no_level(tmp_path: Path) -> None:
    values = (1000 + RAMP * 2000).astype(np.int16)
    values[:10] = -9999
    with_tag = Image.fromarray(values.astype(np.int32))
    data = saved(with_tag, "TIFF", tiffinfo={42_113: "-9999"})
    fill(tmp_path, two_classes([data], [data]))
    preparation = found(tmp_path)
    assert preparation.levels == pytest.approx((1420, 3000), rel=0.05)
    assert not np.asarray(images.decode(data, preparation=preparation))[:10].any()


# --- kept, and the same on every way


def test_archive_folder_and_stored_data_set_are_read_alike(
    dark_and_bright: Path, tmp_path: Path
) -> None:
    kept = imported(tmp_path / "kept", dark_and_bright)
    feed = SourceFeed(open_source(dark_and_bright), SplitSettings())
    stored = StoredFeed(tmp_path / "kept")
    assert feed.preparation(lambda *_: None) == kept.preparation != USUAL
    assert stored.preparation(lambda *_: None) == kept.preparation
    pixels: list[dict[str, bytes]] = []
    for each in (feed, stored):
        seen: dict[str, bytes] = {}
        dataset = each.read(
            lambda _: True,
            lambda one, seen=seen: seen.update({one.digest: one.image.tobytes()}),
            224,
            lambda *_: None,
        )
        assert dataset.preparation == kept.preparation
        pixels.append(seen)
    assert pixels[0] == pixels[1]


def test_an_archive_read_before_gives_only_what_is_wanted(dark_and_bright: Path) -> None:
    feed = SourceFeed(open_source(dark_and_bright), SplitSettings())
    first: list[str] = []
    dataset = feed.read(lambda _: True, lambda one: first.append(one.digest), 64, lambda *_: None)
    again: list[str] = []
    wanted = dataset.records[2].digest
    feed.read(wanted.__eq__, lambda one: again.append(one.digest), 64, lambda *_: None)
    assert len(first) == len(dataset.records)
    assert again == [wanted]
    (dark_and_bright / dataset.records[2].file).write_bytes(greys(1, 2))
    with pytest.raises(UserError, match="has changed since"):
        feed.read(wanted.__eq__, lambda _: None, 64, lambda *_: None)


def test_fractions_beside_whole_numbers_are_not_black(tmp_path: Path) -> None:
    def fractions(high: float) -> bytes:
        return saved(Image.fromarray((RAMP * high).astype(np.float32)), "TIFF")

    files = two_classes(
        [greys(0, 60_000), fractions(1.0), fractions(0.5)], [greys(0, 30_000), fractions(0.25)]
    )
    way = found(fill(tmp_path / "mixed", files))
    assert way.fractions
    assert way.levels == pytest.approx((0, 60_000), rel=0.01)
    most = {name: np.asarray(images.picture(data, None, way).image).max()
            for name, data in files.items()}  # fmt: skip
    expected = {"a/0.x": 255, "a/1.x": 255, "a/2.x": 128, "b/0.x": 128, "b/1.x": 64}
    assert most == pytest.approx(expected, abs=2)
    # counts as floats are on the scale of the others, and so is a dim one among them
    counts = two_classes([fractions(5000), fractions(0.9)], [fractions(3000), fractions(0.4)])
    assert not found(fill(tmp_path / "counts", counts)).fractions


def test_what_comes_later_moves_no_level(dark_and_bright: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    before = imported(folder, dark_and_bright)
    more = fill(tmp_path / "more", {"x.tif": greys(0, 60_000), "y.png": logo((255, 255, 255))})
    additions.add_images(
        open_source(more), folder, "a", aside=tmp_path / "aside", report=lambda *_: None
    )
    after = store.load(folder)
    assert len(after.records) == len(before.records) + 2
    assert after.preparation.levels == before.preparation.levels


def test_the_first_deep_pictures_that_come_later_set_the_levels(tmp_path: Path) -> None:
    plain = [
        saved(Image.effect_noise((60, 40), 90).convert("RGB"), "PNG"),
        saved(Image.effect_noise((60, 40), 50).convert("RGB"), "PNG"),
    ]
    folder = tmp_path / "kept"
    before = imported(folder, fill(tmp_path / "source", two_classes(plain, plain[::-1])))
    assert before.preparation == USUAL
    more = fill(tmp_path / "more", {"x.tif": greys(0, 3000)})
    additions.add_images(
        open_source(more), folder, "a", aside=tmp_path / "aside", report=lambda *_: None
    )
    assert store.load(folder).preparation.levels == pytest.approx((0, 3000), rel=0.01)
    assert store.undo(folder).preparation == USUAL


def test_of_two_data_sets_the_one_that_grows_says_how(
    dark_and_bright: Path, tmp_path: Path
) -> None:
    kept = imported(tmp_path / "kept", dark_and_bright)
    brighter = fill(tmp_path / "other", two_classes([greys(0, 60_000)], [greys(9, 50_000)]))
    (tmp_path / "other" / "a" / "2.x").write_bytes(greys(0, 55_000))
    (tmp_path / "other" / "b" / "2.x").write_bytes(greys(0, 52_000))
    other = imported(tmp_path / "second", brighter)
    assert other.preparation != kept.preparation
    additions.add_dataset(tmp_path / "second", tmp_path / "kept")
    grown = store.load(tmp_path / "kept")
    assert grown.preparation == kept.preparation
    for record in other.records:  # its thumbnails are as the others are
        with Image.open(image_files.thumbnail(tmp_path / "kept", record.digest)) as shown:
            assert np.asarray(shown).mean() > 200
        with Image.open(image_files.thumbnail(tmp_path / "second", record.digest)) as shown:
            assert np.asarray(shown).mean() < 150


def test_another_way_to_read_them_is_a_version_that_can_be_undone(
    dark_and_bright: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    before = imported(folder, dark_and_bright)
    record = before.records[0]
    thumbnail = image_files.thumbnail(folder, record.digest)
    shown = thumbnail.read_bytes()
    wanted = Preparation((0.0, 60_000.0))
    told = additions.read_otherwise(folder, wanted, lambda *_: None).told
    after = store.load(folder)
    assert after.preparation == wanted
    assert after.version == before.version + 1
    assert told == "In pictures with more than 8 bits per colour, 0 is black and 60000 is white."
    assert np.asarray(Image.open(thumbnail)).mean() < 20
    assert StoredFeed(folder, before.version).preparation(lambda *_: None) == before.preparation
    store.undo(folder)
    assert thumbnail.read_bytes() == shown
    additions.read_otherwise(folder, wanted, lambda *_: None)
    store.forget(folder)
    assert {path.suffix for path in image_files.thumbnails(folder).iterdir()} == {".jpg"}


def test_stopped_it_leaves_nothing(dark_and_bright: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    before = imported(folder, dark_and_bright)
    files = sorted(path.name for path in image_files.thumbnails(folder).iterdir())

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        additions.read_otherwise(folder, Preparation((0.0, 9.0)), stop)
    assert store.load(folder) == before
    assert sorted(path.name for path in image_files.thumbnails(folder).iterdir()) == files


def test_a_manifest_from_before_is_read_as_it_was(dark_and_bright: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    imported(folder, dark_and_bright)
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["preparation"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert store.load(folder).preparation == USUAL
    more = fill(tmp_path / "more", {"x.tif": greys(0, 60_000)})
    additions.add_images(
        open_source(more), folder, "a", aside=tmp_path / "aside", report=lambda *_: None
    )
    assert store.load(folder).preparation == USUAL


def test_a_description_survives_json() -> None:
    ways = Preparation((-1.5, 2e9), (4, 3, 2), Paper.AVERAGE), Preparation((0, 9), fractions=True)
    for each in (USUAL, *ways):
        assert Preparation.from_dict(json.loads(json.dumps(each.to_dict()))) == each
    for broken in ({"levels": [1]}, {"levels": [5, 5]}, {"bands": [1, 2]}, {"paper": "pink"}):
        with pytest.raises((TypeError, ValueError)):
            Preparation.from_dict(broken)


def test_each_way_to_read_has_its_own_cache_and_the_usual_one_that_of_before() -> None:
    ways = [
        USUAL,
        Preparation((0.0, 4095.0)),
        Preparation((0.0, 4096.0)),
        Preparation((0.0, 4096.0), fractions=True),
        Preparation(bands=(3, 2, 1)),
        Preparation(paper=Paper.BLACK),
        Preparation(paper=Paper.AVERAGE),
    ]
    assert len({prefix.resizing(way) for way in ways}) == len(ways)
    assert USUAL.key == ""


def test_evaluation_reads_as_it_is_told(dark_and_bright: Path) -> None:
    wanted = Preparation((0.0, 60_000.0))
    seen: list[float] = []
    dataset = reading.read(
        open_source(dark_and_bright),
        split=None,
        each=lambda one: seen.append(float(np.asarray(one.image).mean())),
        preparation=wanted,
    )
    assert dataset.preparation == wanted
    assert max(seen) < 20


_AS_BEFORE = {
    ("png", None): "53360e604be8f1d3",
    ("png", 20): "5666baa6c0fded5d",
    ("grey png", None): "bab172af55632d02",
    ("grey png", 20): "dbe7bdfe15757941",
    ("one bit", None): "f1c2446199767210",
    ("one bit", 20): "d179b123d148cc82",
    ("palette", None): "9674dd47ea11fdd7",
    ("palette", 20): "84e5eaf8760e9c03",
    ("bmp", None): "53360e604be8f1d3",
    ("bmp", 20): "5666baa6c0fded5d",
    ("gif", None): "9674dd47ea11fdd7",
    ("gif", 20): "84e5eaf8760e9c03",
    ("tiff", None): "53360e604be8f1d3",
    ("tiff", 20): "5666baa6c0fded5d",
    ("grey tiff", None): "bab172af55632d02",
    ("grey tiff", 20): "dbe7bdfe15757941",
    ("ppm", None): "53360e604be8f1d3",
    ("ppm", 20): "5666baa6c0fded5d",
    ("opaque alpha", None): "53360e604be8f1d3",
    ("opaque alpha", 20): "5666baa6c0fded5d",
}


def eight_bits() -> dict[str, bytes]:
    smooth = np.random.default_rng(7).integers(0, 256, (9, 13, 3), np.uint8)
    colour = Image.fromarray(smooth).resize((130, 90), Image.Resampling.NEAREST)
    grey = colour.convert("L")
    return {
        "png": saved(colour, "PNG"),
        "grey png": saved(grey, "PNG"),
        "one bit": saved(grey.convert("1"), "PNG"),
        "palette": saved(colour.quantize(16), "PNG"),
        "bmp": saved(colour, "BMP"),
        "gif": saved(colour.quantize(16), "GIF"),
        "tiff": saved(colour, "TIFF", compression="tiff_lzw"),
        "grey tiff": saved(grey, "TIFF"),
        "ppm": saved(colour, "PPM"),
        "opaque alpha": saved(colour.convert("RGBA"), "PNG"),
    }


@pytest.mark.parametrize(("name", "at_least"), _AS_BEFORE)
@pytest.mark.parametrize(
    "preparation",
    [USUAL, Preparation((0.0, 900.0), (2, 1, 0), Paper.BLACK)],
    ids=["usual", "other"],
)
def test_opaque_pictures_of_8_bits_give_the_pixels_that_they_gave(
    name: str, at_least: int | None, preparation: Preparation
) -> None:
    pixels = images.decode(eight_bits()[name], at_least, preparation).tobytes()
    assert hashlib.sha256(pixels).hexdigest()[:16] == _AS_BEFORE[name, at_least]

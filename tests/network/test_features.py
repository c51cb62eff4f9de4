"""The cache of features: what is kept is what was added, or is computed again."""

import hashlib
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from core.backbones.catalogue.rows import BACKBONES
from core.errors import UserError
from core.intake.pictures.preparation import Preparation
from core.network import features
from core.network.features import FeatureCache, cache_key, empty_cache
from core.settings import Squaring
from core.storage import home


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def row(number: int, width: int = 6) -> np.ndarray:
    return np.random.default_rng(number).normal(size=width).astype(np.float32)


def filled(numbers: range, key: str = "key") -> FeatureCache:
    cache = FeatureCache(key, (6,))
    for number in numbers:
        cache.add(digest(number), row(number))
    cache.flush()
    return cache


def segments(key: str = "key") -> list[Path]:
    return sorted((home.features() / key).glob("*.npy"))


def held(cache: FeatureCache, numbers: range) -> list[int]:
    return [number for number in numbers if digest(number) in cache]


def assert_rows(cache: FeatureCache, numbers: list[int]) -> None:
    kept = cache.rows(digest(number) for number in numbers)
    assert len(kept) == len(numbers)
    got = kept.take(range(len(numbers)))
    np.testing.assert_array_equal(got, np.stack([row(number) for number in numbers]))


def test_what_is_added_comes_back_also_to_the_next_reader() -> None:
    cache = filled(range(10))
    assert_rows(cache, [7, 2, 2, 9])
    again = FeatureCache("key", (6,))
    assert held(again, range(12)) == list(range(10))
    assert_rows(again, [9, 0, 5])


def test_rows_are_taken_by_position() -> None:
    kept = filled(range(5)).rows(digest(number) for number in (4, 3, 2, 1, 0))
    np.testing.assert_array_equal(kept.take(np.array([0, 4])), np.stack([row(4), row(0)]))
    last = filled(range(5)).rows((digest(3), digest(1)), slice(-2, None))
    np.testing.assert_array_equal(last.take(np.arange(2)), np.stack([row(3), row(1)])[:, -2:])


def test_an_image_that_was_never_added_is_an_error() -> None:
    with pytest.raises(KeyError):
        filled(range(2)).rows([digest(5)])


def test_what_was_added_counts_before_it_is_on_disk() -> None:
    cache = FeatureCache("key", (6,))
    cache.add(digest(1), row(1))
    assert digest(1) in cache
    assert segments() == []
    assert_rows(cache, [1])
    assert len(segments()) == 1


def test_many_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "_SEGMENT_BYTES", 200)
    cache = filled(range(50))
    assert len(segments()) > 10
    assert_rows(cache, list(range(50)))
    assert_rows(FeatureCache("key", (6,)), list(range(49, -1, -1)))


def test_two_writers_at_the_same_time() -> None:
    one, two = FeatureCache("key", (6,)), FeatureCache("key", (6,))
    for number in range(20):
        (one if number % 3 else two).add(digest(number), row(number))
    one.add(digest(0), row(0))  # both have this one
    one.flush()
    two.flush()
    assert_rows(FeatureCache("key", (6,)), list(range(20)))


def test_many_threads_add(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "_SEGMENT_BYTES", 500)
    cache = FeatureCache("key", (6,))

    def add(first: int) -> None:
        for number in range(first, first + 50):
            cache.add(digest(number), row(number))

    threads = [threading.Thread(target=add, args=(first,)) for first in range(0, 200, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_rows(cache, list(range(200)))
    assert_rows(FeatureCache("key", (6,)), list(range(200)))


def test_another_key_is_another_folder() -> None:
    filled(range(3), "one")
    assert held(FeatureCache("two", (6,)), range(3)) == []


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


def place_of(path: Path, number: int) -> int:
    """Where the features of an image begin in a segment."""
    return path.read_bytes().index(row(number).tobytes())


def test_a_damaged_row_is_found_and_only_it_is_lost() -> None:
    filled(range(10))
    (segment,) = segments()
    flip(segment, place_of(segment, 4) + 9)
    cache = FeatureCache("key", (6,))
    assert held(cache, range(10)) == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    with pytest.raises(KeyError):
        cache.rows([digest(4)])
    cache.add(digest(4), row(4))
    assert_rows(cache, list(range(10)))


@pytest.mark.parametrize("name", ["0000.npy", "zzzz.npy"])
def test_a_damaged_row_does_not_hide_a_good_one(name: str) -> None:
    """Whichever of the two segments is read first."""
    filled(range(10))
    (segment,) = segments()
    flip(segment, place_of(segment, 4))
    segment.rename(segment.with_name(name))
    cache = FeatureCache("key", (6,))
    assert digest(4) not in cache
    cache.add(digest(4), row(4))
    cache.flush()
    again = FeatureCache("key", (6,))
    assert held(again, range(10)) == list(range(10))
    assert_rows(again, list(range(10)))


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_a_segment_that_was_cut_off_is_dropped(share: float) -> None:
    filled(range(10))
    (damaged,) = segments()
    filled(range(10, 20))
    data = damaged.read_bytes()
    damaged.write_bytes(data[: int(len(data) * share)])
    cache = FeatureCache("key", (6,))
    assert held(cache, range(20)) == list(range(10, 20))
    assert not damaged.exists()
    assert_rows(cache, list(range(10, 20)))


def test_a_segment_of_another_layout_is_dropped() -> None:
    filled(range(3))
    cache = FeatureCache("key", (7,))
    assert held(cache, range(3)) == []


def test_a_pickle_in_its_place_is_never_opened() -> None:
    folder = home.features() / "key"
    folder.mkdir(parents=True)
    np.save(folder / "a.npy", np.array([{"an": "object"}], dtype=object), allow_pickle=True)
    assert held(FeatureCache("key", (6,)), range(3)) == []


def test_a_half_written_segment_is_no_segment() -> None:
    filled(range(3))
    (segment,) = segments()
    dying = segment.with_name(".new-1")
    dying.mkdir()
    (dying / segment.name).write_bytes(segment.read_bytes()[:100])
    cache = FeatureCache("key", (6,))
    assert_rows(cache, [0, 1, 2])
    assert held(cache, range(5)) == [0, 1, 2]


def test_a_full_disk_leaves_no_half_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = FeatureCache("key", (6,))
    cache.add(digest(0), row(0))

    def full(file: Path, *_: object, **__: object) -> None:
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OSError, match="No space"):
        cache.flush()
    assert list((home.features() / "key").iterdir()) == []


def test_pixels_are_kept_as_bytes() -> None:
    shape = (4, 4, 3)
    picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    cache = FeatureCache("key", shape, "uint8")
    cache.add(digest(0), picture)
    cache.flush()
    taken = FeatureCache("key", shape, "uint8").rows([digest(0)]).take([0])
    assert taken.dtype == np.uint8
    np.testing.assert_array_equal(taken[0], picture)
    assert segments()[0].stat().st_size < 500


def test_emptying_leaves_downloaded_weights(thaw_home: Path) -> None:
    filled(range(3))
    graph = home.cache() / "graphs" / "g" / "graph.xml"
    weights = home.cache() / "weights" / "models" / "w.h5"
    for path in (graph, weights):
        path.parent.mkdir(parents=True)
        path.write_text("x")
    empty_cache()
    empty_cache()  # nothing there is no error
    assert held(FeatureCache("key", (6,)), range(3)) == []
    left = {p for p in thaw_home.rglob("*") if p.is_file()}
    assert left == {weights, home.ahead_end()}


def test_a_key_stands_for_every_fact_and_not_for_their_order() -> None:
    facts = {"cut": "a", "size": 224, "backbone": "b"}
    assert cache_key(**facts) == cache_key(backbone="b", size=224, cut="a")
    others = [facts | {"cut": "b"}, facts | {"size": 225}, {"cut": "a", "size": 224}]
    assert len({cache_key(**f) for f in (facts, *others)}) == 4


def test_a_prefix_key_differs_with_all_that_its_numbers_depend_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import dataclasses

    from core.network import engine
    from core.network.prefix import PIXELS, POOLED, prefix_at

    lite, vgg = BACKBONES["efficientnet_lite0"], BACKBONES["vgg16"]
    smaller = dataclasses.replace(lite, input_size=96)
    otherwise = dataclasses.replace(lite, preprocessing=vgg.preprocessing)
    prefixes = [
        prefix_at(POOLED, lite, "weights", (1280,)),
        prefix_at(POOLED, lite, "other weights", (1280,)),
        prefix_at("block1a_project_bn", lite, "weights", (112, 112, 16)),
        prefix_at(POOLED, smaller, "weights", (1280,)),
        prefix_at(POOLED, otherwise, "weights", (1280,)),
        prefix_at(POOLED, vgg, "weights", (1280,)),
        prefix_at(PIXELS, lite, "weights", (224, 224, 3)),
        prefix_at(PIXELS, smaller, "weights", (96, 96, 3)),
    ]
    again = prefix_at(POOLED, lite, "weights", (1280,))
    assert again == prefixes[0]
    other = {"float32": "bfloat16", "bfloat16": "float32"}[again.precision]
    prefixes.append(prefix_at(POOLED, lite, "weights", (1280,), precision=other))
    assert prefixes[-1].graph == again.graph, "what is converted serves both"
    monkeypatch.setattr(engine, "name", lambda: "another engine")
    prefixes.append(prefix_at(POOLED, lite, "weights", (1280,)))
    assert len({prefix.key for prefix in prefixes}) == len(prefixes)


@pytest.mark.parametrize("cut", ["pooled", "pixels", "12"])
def test_a_prefix_key_differs_with_how_images_become_square_and_the_graph_does_not(
    cut: str,
) -> None:
    from core.network.prefix import prefix_at

    lite = BACKBONES["efficientnet_lite0"]
    prefixes = [
        prefix_at(cut, lite, "weights", (1280,), Preparation(square=way)) for way in Squaring
    ]
    assert len({prefix.key for prefix in prefixes}) == len(Squaring)
    assert {prefix.graph for prefix in prefixes} == {prefixes[0].graph}
    assert prefix_at(cut, lite, "weights", (1280,)) == prefix_at(
        cut, lite, "weights", (1280,), Preparation()
    )


def test_pixels_are_shared_by_all_networks_of_one_size() -> None:
    from core.network.prefix import PIXELS, prefix_at

    lite, vgg = BACKBONES["efficientnet_lite0"], BACKBONES["vgg16"]
    shape = (224, 224, 3)
    assert prefix_at(PIXELS, lite, "a", shape) == prefix_at(PIXELS, vgg, "b", shape)
    assert prefix_at(PIXELS, lite, "a", shape).dtype == "uint8"


def test_the_features_used_longest_ago_are_dropped_first(
    thaw_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for age, (key, number) in enumerate([("a", 0), ("b", 1), ("a", 2), ("a", 3)]):
        cache = FeatureCache(key, (1000,))
        cache.add(digest(number), np.ones(1000, np.float32))
        cache.flush()
        (path,) = cache.in_use()
        used = time.time() - 1000 * (age + 1)
        os.utime(path, (used, used))

    def there() -> list[int]:
        caches = {key: FeatureCache(key, (1000,)) for key in "ab"}
        return [n for n, key in enumerate("abaa") if digest(n) in caches[key]]

    monkeypatch.setenv("THAW_CACHE_GB", "0.000009")  # room for two
    oldest = FeatureCache("a", (1000,))
    assert digest(3) in oldest
    features.drop_oldest(oldest.in_use())  # the one that is in use, of the same key as others
    assert there() == [0, 3]
    features.drop_oldest(())
    assert there() == [0, 3]
    newest = FeatureCache("a", (1000,))
    assert digest(0) in newest
    monkeypatch.setenv("THAW_CACHE_GB", "0")
    features.drop_oldest(newest.in_use())
    assert there() == [0]


def test_what_was_added_just_now_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = filled(range(5))
    monkeypatch.setenv("THAW_CACHE_GB", "0")
    features.drop_oldest(cache.in_use())
    assert held(FeatureCache("key", (6,)), range(5)) == list(range(5))


def test_what_a_killed_process_was_writing_is_swept_away(thaw_home: Path) -> None:
    filled(range(1))
    new, old = (home.features() / "key" / f".new-{name}" for name in ("a", "b"))
    for path in (new, old):
        path.mkdir()
        (path / "a.npy").write_bytes(b"half a segment")
    os.utime(old, (1, 1))
    features.drop_oldest(())
    assert (new.exists(), old.exists()) == (True, False)


def test_a_limit_that_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ("much", "1e999", "nan"):
        monkeypatch.setenv("THAW_CACHE_GB", given)
        with pytest.raises(UserError, match="Expected a number of gigabytes"):
            features.limit()


def test_many_features_are_read_as_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = FeatureCache("key", (4,))
    digests = [f"{n:064x}" for n in range(10)]
    for number, digest in enumerate(digests):
        cache.add(digest, np.full(4, number, np.float32))
    few = cache.rows(digests)
    monkeypatch.setattr(features, "_IN_MEMORY", 100)
    many = cache.rows(digests)
    for chosen in ([3], [9, 0, 0], range(10)):
        assert np.array_equal(few.take(chosen), many.take(chosen))

"""Uploads on their way in: each byte in its place, whatever is cut, sent twice or made up."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import UserError
from core.intake import incoming
from core.intake.incoming import NoSuchUpload, OutOfPlace
from core.jobs.cluster import leftovers
from core.storage import home


def aged(folder: Path, hours: float) -> None:
    then = time.time() - 3600 * hours
    for path in (*folder.iterdir(), folder):
        os.utime(path, (then, then))


def test_blocks_become_the_file_and_it_is_taken_once() -> None:
    begun, secret = incoming.begin(home.HOME, "my pets.zip", 6, "page")
    incoming.append(begun, 0, b"abc")
    again = incoming.find(begun.folder.name, secret, home.spaces())
    assert (again.offset, again.size, again.name) == (3, 6, "my pets")
    with pytest.raises(UserError, match="missing"):
        incoming.take(home.HOME, begun.folder.name, secret)
    incoming.append(again, 3, b"def")
    whole = incoming.take(home.HOME, begun.folder.name, secret)
    assert whole.path.read_bytes() == b"abcdef"
    with pytest.raises(NoSuchUpload):
        incoming.take(home.HOME, begun.folder.name, secret)


def test_only_who_knows_the_secret_finds_it() -> None:
    begun, secret = incoming.begin(home.HOME, "a.zip", 6, "page")
    other, others = incoming.begin(home.HOME, "b.zip", 6, "page")
    assert secret != others
    for name, known in [
        (begun.folder.name, others),
        (begun.folder.name, ""),
        (begun.folder.name, "ü"),
        ("20200101-000000-abcdef", secret),
        ("../uploads/" + begun.folder.name, secret),
        ("", secret),
    ]:
        with pytest.raises(NoSuchUpload):
            incoming.find(name, known, home.spaces())
    assert secret not in "".join(p.read_text() for p in begun.folder.iterdir())
    assert incoming.find(other.folder.name, others, home.spaces()).offset == 0


def test_of_two_senders_one_is_out_of_place() -> None:
    begun, _ = incoming.begin(home.HOME, "a.zip", 1000, "page")

    def send(place: int) -> bool:
        try:
            incoming.append(begun, 10 * (place // 8), bytes([place % 8]) * 10)
        except OutOfPlace:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        taken = [sum(pool.map(send, range(8 * n, 8 * n + 8))) for n in range(100)]
    assert taken == [1] * 100
    content = begun.path.read_bytes()
    assert all(len(set(content[at : at + 10])) == 1 for at in range(0, 1000, 10))


@pytest.mark.parametrize("offset", [0, 2, 4, 6])
def test_a_block_goes_where_the_last_one_ended_and_nowhere_else(offset: int) -> None:
    begun, _ = incoming.begin(home.HOME, "a.zip", 100, "page")
    incoming.append(begun, 0, b"abc")
    with pytest.raises(OutOfPlace):
        incoming.append(begun, offset, b"xyz")
    assert begun.path.read_bytes() == b"abc"


def test_no_more_comes_than_was_announced() -> None:
    begun, _ = incoming.begin(home.HOME, "a.zip", 4, "page")
    incoming.append(begun, 0, b"abc")
    with pytest.raises(UserError, match="announced"):
        incoming.append(begun, 3, b"de")
    assert begun.path.read_bytes() == b"abc"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("pets.zip", "pets"),
        ("pets.tar.gz", "pets"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\zoo.v2.zip", "zoo.v2"),
        ("a\x00b\n‮c.zip", "abc"),
        ("", "pictures"),
        ("/", "pictures"),
        ("..", ".."),
        ("x" * 5000 + ".zip", "x" * 200),
        ("\ud800.zip", ".zip"),
    ],
)
def test_a_name_is_shown_and_never_a_path(name: str, shown: str) -> None:
    begun, secret = incoming.begin(home.HOME, name, 1, "page")
    assert begun.folder.parent == home.HOME.uploads()
    assert home.is_id(begun.folder.name)
    assert incoming.find(begun.folder.name, secret, home.spaces()).name == shown


def test_what_is_too_large_or_empty_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_UPLOAD_GB", "0.001")
    with pytest.raises(UserError, match=r"at most 0\.001 GB"):
        incoming.begin(home.HOME, "a.zip", 1_000_001, "page")
    for size in (0, -1):
        with pytest.raises(UserError, match="empty"):
            incoming.begin(home.HOME, "a.zip", size, "page")
    assert not list(home.HOME.uploads().glob("*"))


def test_what_is_on_its_way_in_all_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_UPLOAD_GB", "0.001")
    monkeypatch.setattr(incoming, "_AT_ONCE", 7)
    begun = [incoming.begin(home.HOME, "a.zip", 1_000_000, f"page {n}")[0] for n in range(5)]
    with pytest.raises(UserError, match="to this server"):
        incoming.begin(home.HOME, "a.zip", 1, "page")
    incoming.give_up(begun[0])
    for _ in range(3):
        incoming.begin(home.HOME, "a.zip", 1, "page")
    with pytest.raises(UserError, match="to this server"):
        incoming.begin(home.HOME, "a.zip", 1, "page")


def test_one_page_does_not_keep_others_from_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_UPLOAD_GB", "0.001")
    greedy = [incoming.begin(home.HOME, "a.zip", 1, "greedy")[0] for _ in range(20)]
    with pytest.raises(UserError, match="from this page"):
        incoming.begin(home.HOME, "a.zip", 1, "greedy")
    incoming.begin(home.HOME, "a.zip", 1, "other")
    incoming.give_up(greedy[0])
    incoming.begin(home.HOME, "a.zip", 1, "greedy")
    for _ in range(2):
        incoming.begin(home.HOME, "a.zip", 1_000_000, "large")
    with pytest.raises(UserError, match="from this page"):
        incoming.begin(home.HOME, "a.zip", 1, "large")
    incoming.begin(home.HOME, "a.zip", 1_000_000, "other")


@pytest.mark.parametrize(("come", "minutes", "stays"), [(0, 4, True), (0, 6, False),
                         (1000, 6, False), (1 << 20, 6, True), (1 << 20, 61, False)])  # fmt: skip
def test_what_has_hardly_begun_makes_way_in_minutes(come: int, minutes: int, stays: bool) -> None:
    begun, _ = incoming.begin(home.HOME, "a.zip", 1 << 21, "page")
    incoming.append(begun, 0, bytes(come))
    aged(begun.folder, minutes / 60)
    incoming.begin(home.HOME, "b.zip", 1, "page")
    assert begun.folder.exists() is stays


@pytest.mark.parametrize("come", [7 << 20, 8 << 20])  # a part, and all that nobody then took
def test_an_upload_that_was_left_goes_even_if_nobody_begins_another(come: int) -> None:
    left, _ = incoming.begin(home.HOME, "left.zip", 8 << 20, "page")
    incoming.append(left, 0, bytes(come))
    fresh, _ = incoming.begin(home.HOME, "fresh.zip", 10, "page")
    aged(left.folder, 2)
    incoming.remove_abandoned()
    assert not left.folder.exists()
    assert fresh.folder.exists()


def test_after_the_clock_was_set_back_it_makes_way_in_minutes_as_well() -> None:
    begun, _ = incoming.begin(home.HOME, "a.zip", 10, "page")
    aged(begun.folder, -24)
    incoming.begin(home.HOME, "b.zip", 1, "page")
    assert begun.folder.exists()
    assert begun.path.stat().st_mtime <= time.time() + 1


def test_the_disk_is_asked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_UPLOAD_GB", "1000000")
    with pytest.raises(UserError, match="are free"):
        incoming.begin(home.HOME, "a.zip", 10**15, "page")
    assert not list(home.HOME.uploads().glob("*"))


def test_a_setting_that_is_no_number_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ("much", "nan", "inf"):
        monkeypatch.setenv("THAW_UPLOAD_GB", given)
        with pytest.raises(UserError, match="THAW_UPLOAD_GB"):
            incoming.begin(home.HOME, "a.zip", 1, "page")


def test_what_has_not_grown_for_long_makes_way_and_what_is_taken_stays() -> None:
    still, secret = incoming.begin(home.HOME, "still.zip", 10, "page")
    taken, key = incoming.begin(home.HOME, "taken.zip", 1, "page")
    incoming.append(taken, 0, b"x")
    incoming.take(home.HOME, taken.folder.name, key)
    grows, _ = incoming.begin(home.HOME, "grows.zip", 10, "page")
    for each in (still, taken, grows):
        aged(each.folder, 2)
    incoming.append(grows, 0, b"x")
    incoming.begin(home.HOME, "new.zip", 10, "page")
    assert not still.folder.exists()
    assert taken.path.exists()
    assert grows.path.exists()
    with pytest.raises(NoSuchUpload):
        incoming.find(still.folder.name, secret, home.spaces())
    with pytest.raises(NoSuchUpload):
        incoming.append(still, 0, b"x")
    with pytest.raises(NoSuchUpload):
        _ = still.offset


@pytest.mark.parametrize(
    "look", [lambda: incoming.begin(home.HOME, "b.zip", 1, "page"), incoming.remove_abandoned]
)
@pytest.mark.parametrize("seconds", [-1e9, -7200, 7200, 1e9])
def test_a_clock_that_is_set_drops_no_upload_of_a_sender_at_work(
    monkeypatch: pytest.MonkeyPatch, seconds: float, look: Callable[[], object]
) -> None:
    begun, secret = incoming.begin(home.HOME, "a.zip", 3, "page")
    incoming.append(begun, 0, b"x")
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + seconds)
    look()
    leftovers.sweep()
    incoming.append(incoming.find(begun.folder.name, secret, home.spaces()), 1, b"yz")
    assert incoming.take(home.HOME, begun.folder.name, secret).path.read_bytes() == b"xyz"


def test_what_stopped_coming_makes_way_after_the_clock_was_set_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, _ = incoming.begin(home.HOME, "a.zip", 3, "page")
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + 7200)
    incoming.begin(home.HOME, "b.zip", 1, "page")
    assert begun.folder.exists()
    aged(begun.folder, 2)
    incoming.begin(home.HOME, "c.zip", 1, "page")
    assert not begun.folder.exists()


def test_leftovers_of_a_crash_go_when_the_cluster_starts() -> None:
    taken, secret = incoming.begin(home.HOME, "a.zip", 1, "page")
    incoming.append(taken, 0, b"x")
    incoming.take(home.HOME, taken.folder.name, secret)
    leftovers.sweep()
    assert taken.path.exists()
    leftovers.sweep(time.time() + 7200)
    assert not taken.folder.exists()


def test_a_full_disk_is_told() -> None:
    begun, _ = incoming.begin(home.HOME, "a.zip", 10, "page")
    begun.path.unlink()
    begun.path.symlink_to("/dev/full")
    with pytest.raises(UserError, match="no room left"):
        incoming.append(begun, 0, b"abc")

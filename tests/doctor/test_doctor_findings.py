"""What the data doctor makes of what it sees, on data sets that are made up."""

from dataclasses import replace

import numpy as np
import pytest

from core.datasets import changes
from core.datasets.dataset import Skipped
from core.doctor import checkup, guessing
from core.doctor.finding import (
    Action,
    Case,
    Checkup,
    Finding,
    Fix,
    Point,
    Problem,
    mended,
    remaining,
)
from core.doctor.findings import (
    balance,
    copies,
    duplicates,
    labels,
    outliers,
    pixels,
    usual,
)
from core.doctor.findings import shortcuts as shortcut
from tests.doctor.sights import clustered, record, sight


def by_kind(findings):
    return {finding.kind: finding for finding in findings}


def copied(records, groups):
    """A sight in which some images look the same, to the network and in pixels."""
    seen = sight(records)
    features, small = seen.features.copy(), seen.small.copy()
    for first, *others in groups:
        for other in others:
            features[other], small[other] = features[first], small[first]
    return replace(seen, features=features, small=small)


def of_copies(seen):
    return by_kind(copies.findings(seen, duplicates.neighbours(seen), (), lambda *_: None))


def test_pictures_that_show_nothing_are_to_be_removed():
    records = [record(n, "cat") for n in range(4)]
    records[2] = replace(records[2], width=20)
    seen = sight(records, spread=np.array([50, 1, 50, 50], np.float32))
    seen = replace(seen, lost=(Skipped("cat/3.png", "damaged or cut off"),))
    found = by_kind(pixels.findings(seen))
    assert {kind: [case.files for case in each.cases] for kind, each in found.items()} == {
        Problem.UNREADABLE: [("cat/3.png",)],
        Problem.TINY: [("cat/2.png",)],
        Problem.BLANK: [("cat/1.png",)],
    }
    assert found[Problem.TINY].cases[0].told == "20 × 80 pixels"
    for each in found.values():
        assert each.cases[0].fixes[0].action is Action.REMOVE


def test_of_a_file_that_is_there_twice_one_stays():
    records = [record(n, "cat") for n in range(5)]
    records.append(record(9, "cat", digest=records[1].digest))
    found = of_copies(sight(records))
    assert set(found) == {Problem.EXACT_COPY}
    (case,) = found[Problem.EXACT_COPY].cases
    assert case.files == ("cat/1.png", "cat/9.png")
    assert case.fixes[0] == Fix(Action.REMOVE, ("cat/9.png",), "Keep one")


def test_of_near_copies_the_largest_stays():
    records = [record(n, "cat") for n in range(6)]
    records[3] = replace(records[3], width=500)
    found = of_copies(copied(records, [(1, 3, 4)]))
    assert set(found) == {Problem.NEAR_COPY}
    (case,) = found[Problem.NEAR_COPY].cases
    assert set(case.files) == {"cat/1.png", "cat/3.png", "cat/4.png"}
    assert set(case.fixes[0].files) == {"cat/1.png", "cat/4.png"}


def test_pictures_with_nothing_on_them_are_no_copies_of_each_other():
    records = [record(0, "cat"), record(1, "dog"), record(2, "dog"), record(3, "cat")]
    seen = copied(records, [(0, 1, 2)])
    neighbours = duplicates.neighbours(seen)
    assert not list(copies.findings(seen, neighbours, {"cat/0.png", "dog/1.png"}, lambda *_: None))


def test_features_alone_make_no_copy():
    records = [record(n, "cat") for n in range(6)]
    seen = copied(records, [(1, 3)])
    assert not of_copies(replace(seen, small=sight(records, seed=5).small))


@pytest.mark.parametrize("exactly", [True, False])
def test_a_picture_in_two_classes_is_for_a_person_to_name(exactly):
    records = [record(n, "cat") for n in range(4)] + [record(n, "dog") for n in range(4, 8)]
    if exactly:
        records.append(record(9, "dog", digest=records[0].digest))
        seen = sight(records)
    else:
        seen = copied(records, [(0, 5)])
    found = of_copies(seen)
    assert set(found) == {Problem.TWO_CLASSES}
    (case,) = found[Problem.TWO_CLASSES].cases
    chosen = {fix.told: fix.files for fix in case.fixes}
    assert set(chosen) == {"It is cat", "It is dog"}
    assert chosen["It is dog"] == ("cat/0.png",)


def test_copies_on_both_sides_say_by_how_much_they_flatter():
    """Noise cannot be learned: whatever is right beyond chance is so because of the copies."""
    records = [
        record(n, "cat" if n % 2 else "dog", split="train" if n < 60 else "validation")
        for n in range(80)
    ]
    found = of_copies(copied(records, [(n, n + 60) for n in range(10)]))
    finding = found[Problem.BOTH_SIDES]
    assert len(finding.cases) == 10
    assert "10 of the 20 validation pictures are such copies" in finding.sentence
    shares = [float(w) for w in finding.sentence.replace("%", "").split() if w[:1].isdigit()][2:4]
    assert shares[0] > shares[1] + 10
    together, keep_one = finding.cases[0].fixes
    assert together.action is Action.TOGETHER
    assert keep_one.action is Action.REMOVE


def test_a_test_side_is_told_of_too_and_held_back_sides_learn_nothing():
    sides = ["train"] * 60 + ["validation"] * 20 + ["test"] * 20
    records = [record(n, "cat" if n % 2 else "dog", split=side) for n, side in enumerate(sides)]
    found = of_copies(copied(records, [(n, n + 80) for n in range(10)]))
    sentence = found[Problem.BOTH_SIDES].sentence
    assert "10 of the 20 test pictures are such copies" in sentence
    assert "validation pictures" not in sentence
    assert set(of_copies(copied(records, [(60, 80)]))) == {Problem.NEAR_COPY}


def test_long_chains_of_copies_are_one_group():
    pairs = (
        [[n, n + 1] for n in range(0, 50, 2)] + [[n, n + 1] for n in range(1, 49, 2)] + [[0, 49]]
    )
    assert duplicates._joined(pairs) == [list(range(50))]
    assert duplicates._joined([[1, 2], [5, 9], [2, 1]]) == [[1, 2], [5, 9]]


def test_swapped_labels_are_found_and_moved_back():
    truth = np.repeat(np.arange(4), 50)
    called = truth.copy()
    swapped = np.random.default_rng(1).choice(200, 10, replace=False)
    called[swapped] = (called[swapped] + 1) % 4
    records = [record(n, f"class {called[n]}") for n in range(200)]
    seen = sight(records, features=clustered(truth))
    guesses = guessing.leave_one_out(seen.features, seen.labels, 4)
    (finding,) = labels.findings(seen, guesses, ())
    assert {case.files[0] for case in finding.cases} == {records[n].file for n in swapped}
    for case in finding.cases:
        (number,) = (n for n in swapped if records[n].file == case.files[0])
        assert case.fixes[0].action is Action.MOVE
        assert case.fixes[0].label == f"class {truth[number]}"
    aside = finding.cases[0].files
    (fewer,) = labels.findings(seen, guesses, aside)
    assert aside not in [case.files for case in fewer.cases]


@pytest.mark.parametrize("counts", [(3, 3), (30,), (30, 2)])
def test_too_little_says_nothing_about_labels(counts):
    places = np.repeat(np.arange(len(counts)), counts)
    seen = sight([record(n, str(place)) for n, place in enumerate(places)])
    guesses = guessing.leave_one_out(seen.features, seen.labels, len(counts))
    assert list(labels.findings(seen, guesses, ())) == []


def framed(places, colours, only=None):
    """Pictures whose borders have their class's colour, or only those of one class."""
    seen = sight([record(n, f"class {place}") for n, place in enumerate(places)])
    border = seen.border.copy()
    for row, place in enumerate(places):
        if only is None or place == only:
            border[row] = colours[place]
    return replace(seen, border=border)


def test_coloured_frames_give_the_class_away():
    places = np.repeat(np.arange(3), 20)
    greys = [(20,) * 3, (120,) * 3, (230,) * 3]  # the middle one is neither dark nor bright
    (finding,) = shortcut.findings(framed(places, greys))
    assert finding.kind is Problem.SHORTCUT
    assert "border" in finding.sentence
    assert len(finding.cases) == 3


def test_one_class_with_a_frame_is_enough():
    places = np.repeat(np.arange(4), 20)
    (finding,) = shortcut.findings(framed(places, [(255, 0, 0)] * 4, only=2))
    assert [case.told for case in finding.cases] == ["class 2"]


def test_backgrounds_of_one_colour_give_the_class_away():
    places = np.repeat(np.arange(2), 30)
    seen = framed(places, [(0, 0, 0)] * 2, only=9)
    chance = np.random.default_rng(2)
    tiny = np.where(places[:, None, None, None], 200, 90) + chance.integers(
        -20, 20, seen.tiny.shape
    )
    (finding,) = shortcut.findings(replace(seen, tiny=tiny.astype(np.uint8)))
    assert "thumbnail" in finding.sentence


def test_the_same_frame_everywhere_gives_nothing_away():
    places = np.repeat(np.arange(3), 20)
    assert list(shortcut.findings(framed(places, [(9, 9, 9)] * 3))) == []


def test_sizes_of_classes():
    dataset = sight([record(n, "many" if n < 90 else "few") for n in range(95)]).dataset
    found = by_kind(balance.findings(dataset))
    assert set(found) == {Problem.SMALL_CLASS, Problem.IMBALANCE}
    assert "“many” has 90, “few” has 5" in found[Problem.IMBALANCE].sentence
    assert [fix.action for fix in found[Problem.SMALL_CLASS].cases[0].fixes] == [Action.BRING]
    even = sight([record(n, "ab"[n % 2]) for n in range(40)]).dataset
    assert list(balance.findings(even)) == []


def test_a_class_that_is_too_small_can_go_while_two_are_left():
    labels = ["a"] * 20 + ["b"] * 20 + ["c"] * 7
    dataset = sight([record(n, label) for n, label in enumerate(labels)]).dataset
    small = by_kind(balance.findings(dataset))[Problem.SMALL_CLASS]
    bring, go = small.cases[0].fixes
    assert (bring.action, bring.label, go.action) == (Action.BRING, "c", Action.DELETE_CLASS)
    assert mended(dataset, [bring]) == dataset
    assert mended(dataset, [go]).classes == ("a", "b")
    assert len(go.files) == 7


def test_an_empty_class_is_too_small_until_it_is_gone():
    dataset = changes.add_class(sight([record(n, "ab"[n % 2]) for n in range(40)]).dataset, "c")
    small = by_kind(balance.findings(dataset))[Problem.SMALL_CLASS]
    assert [case.files for case in remaining(small, dataset, ())] == [()]
    left = mended(dataset, [small.cases[0].fixes[1]])
    assert remaining(small, left, ()) == ()
    both = changes.add_class(dataset, "d")
    cases = by_kind(balance.findings(both))[Problem.SMALL_CLASS].cases
    assert len({case.key(Problem.SMALL_CLASS) for case in cases}) == 2


def test_a_picture_unlike_all_others_stands_out():
    places = np.repeat(np.arange(3), 30)
    features = clustered(places)
    features[17] = np.random.default_rng(9).normal(size=40)
    seen = sight([record(n, str(place)) for n, place in enumerate(places)], features=features)
    (finding,) = outliers.findings(seen, duplicates.neighbours(seen), ())
    assert finding.cases[0].files == (seen.dataset.records[17].file,)
    same = sight([record(n, "cat") for n in range(40)], features=np.ones((40, 40)))
    assert list(outliers.findings(same, duplicates.neighbours(same), ())) == []
    known = finding.cases[0].files
    for other in outliers.findings(seen, duplicates.neighbours(seen), known):
        assert known not in [case.files for case in other.cases]


def test_one_picture_has_no_neighbours():
    seen = sight([record(0, "cat")])
    assert of_copies(seen) == {}
    assert outliers.outliers(duplicates.neighbours(seen)) == []


def finding_of(kind, *cases):
    return Finding(kind, True, "title", "sentence", cases)


def test_a_checkup_comes_back_from_disk_as_it_was():
    fixes = (Fix(Action.MOVE, ("a",), "Move to dog", "dog"), Fix(Action.REMOVE, ("a",), "Remove"))
    finding = finding_of(Problem.LABEL, Case(("a",), "is called cat", fixes), Case(("b",), "c"))
    whole = Checkup(3, 2, (finding,), (Point("a", 0.5, -1.0),))
    assert Checkup.from_dict(whole.to_dict()) == whole


def test_fixes_move_remove_and_keep_together():
    records = [
        record(n, label, split="validation" if n % 5 == 0 else "train")
        for n, label in enumerate(["cat"] * 10 + ["dog"] * 10)
    ]
    dataset = sight(records).dataset
    changed = mended(
        dataset,
        [
            Fix(Action.MOVE, ("cat/1.png",), "", "dog"),
            Fix(Action.REMOVE, ("cat/2.png", "dog/12.png"), ""),
            Fix(Action.TOGETHER, ("dog/15.png", "dog/16.png"), ""),
        ],
    )
    now = {each.file: each for each in changed.records}
    assert now["cat/1.png"].label == "dog"
    assert not {"cat/2.png", "dog/12.png"} & set(now)
    assert now["dog/15.png"].split == now["dog/16.png"].split
    assert len(changed.records) == 18


def test_what_has_been_mended_or_put_aside_is_not_shown_again():
    records = [record(n, label) for n, label in enumerate(["cat", "cat", "dog", "dog"])]
    dataset = sight(records).dataset
    move = Case(("cat/0.png",), "", (Fix(Action.MOVE, ("cat/0.png",), "", "dog"),))
    copy = Case(("cat/0.png", "cat/1.png"), "", (Fix(Action.REMOVE, ("cat/1.png",), ""),))
    suspects, twice = finding_of(Problem.LABEL, move), finding_of(Problem.EXACT_COPY, copy)
    assert remaining(suspects, dataset, ()) == (move,)
    assert remaining(suspects, mended(dataset, move.fixes), ()) == ()
    assert remaining(twice, dataset, ()) == (copy,)
    assert remaining(twice, mended(dataset, copy.fixes), ()) == ()
    assert remaining(twice, dataset, {copy.key(Problem.EXACT_COPY)}) == ()
    assert remaining(twice, dataset, {copy.key(Problem.NEAR_COPY)}) == (copy,)
    known = {record.file: record.digest for record in dataset.records}
    assert remaining(twice, dataset, (), known) == (copy,)
    assert remaining(twice, dataset, (), known | {copy.files[0]: "another"}) == ()


def test_what_holds_for_most_pictures_is_no_reason_to_remove_them():
    records = [record(n, "cat") for n in range(10)]
    tiny = [replace(each, width=28, height=28) for each in records]
    seen = sight(tiny, spread=np.full(10, 2, np.float32))
    for each in pixels.findings(seen):
        found = usual.judged(each, seen.dataset)
        assert all(case.fixes == () for case in found.cases)
        assert "most pictures" in found.sentence
        assert not found.serious
    few = sight([*tiny[:5], *records[5:]], spread=np.full(10, 50, np.float32))
    (found,) = pixels.findings(few)
    assert usual.judged(found, few.dataset) == found


@pytest.mark.parametrize("kind", Problem)
def test_no_finding_would_take_away_most_of_a_data_set(kind):
    records = [record(n, "cat" if n % 2 else "dog") for n in range(10)]
    dataset = sight(records).dataset
    ways = (Action.TOGETHER, Action.REMOVE, Action.MOVE, Action.DELETE_CLASS, Action.BRING)

    def found(count):
        cases = tuple(
            Case((each.file,), "so", tuple(Fix(way, (each.file,), "do", "cat") for way in ways))
            for each in records[:count]
        )
        return Finding(kind, True, "title", "sentence", cases)

    rare = 1 if kind is Problem.SMALL_CLASS else 5
    assert usual.judged(found(rare), dataset) == found(rare)
    left = {fix.action for case in usual.judged(found(6), dataset).cases for fix in case.fixes}
    harmless = {
        Problem.EXACT_COPY,
        Problem.IMBALANCE,
        Problem.SHORTCUT,
    }  # one of each stays; or no removal
    assert left == (set(ways) if kind in harmless else {Action.TOGETHER, Action.BRING})


def test_frames_of_a_burst_are_not_recognised_by_each_other():
    """Each scene's border is its own, and says nothing about the class of other scenes."""
    records = [record(n, f"class {n // 4 % 2}") for n in range(96)]
    scenes = [tuple(range(first, first + 4)) for first in range(0, 96, 4)]
    seen = copied(records, scenes)
    border = seen.border.copy()
    for first, *others in scenes:
        border[others] = border[first]
    seen = replace(seen, border=border, tiny=seen.tiny[[n // 4 for n in range(96)]])
    assert list(shortcut.findings(seen)), "or this test shows nothing"
    again = checkup._again(of_copies(seen).values())
    assert len(again) == 72
    assert list(shortcut.findings(seen, again)) == []


def test_a_class_whose_pictures_are_all_alike_is_not_to_be_kept_on_one_side():
    records = [
        record(n, "cat" if n % 2 else "dog", split="train" if n < 40 else "validation")
        for n in range(50)
    ]
    cats = tuple(n for n in range(50) if n % 2)
    found = of_copies(copied(records, [cats, (0, 40)]))
    assert [len(case.files) for case in found[Problem.BOTH_SIDES].cases] == [2]
    (case,) = found[Problem.NEAR_COPY].cases
    assert (len(case.files), case.fixes) == (25, ())

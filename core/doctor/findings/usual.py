"""What holds for most pictures of a data set is how they are, and no reason to remove them."""

from dataclasses import replace

from core.datasets.dataset import Dataset
from core.doctor.finding import Action, Finding, Problem
from core.saying import later

_MOST = 0.5  # of the pictures, or of the classes
_TAKES_AWAY = {Action.REMOVE, Action.MOVE, Action.DELETE_CLASS}
# What is left of the sentence where a finding is the rule.
_SENTENCES = {
    Problem.UNREADABLE: later(
        "This concerns most pictures, so there is probably a problem with the disk or the folder "
        "and not with single pictures. Import the data set again."
    ),
    Problem.TWO_CLASSES: later(
        "This concerns most pictures. Perhaps they show several things at once, which single "
        "classes cannot express, or the same folder was added under two names."
    ),
    Problem.LABEL: later(
        "This concerns most pictures, so the network that checks them cannot tell these classes "
        "apart. It says nothing about single labels."
    ),
    Problem.NEAR_COPY: later(
        "This concerns most pictures: perhaps they are frames of a video, or the things look "
        "alike. Make sure that pictures taken together stay in the same part of the split."
    ),
    Problem.BLANK: later(
        "This concerns most pictures, so low contrast is normal here. What they show may lie in "
        "fine differences."
    ),
    Problem.TINY: later(
        "This concerns most pictures, so small is normal here. They are enlarged for the network; "
        "if there are larger ones, use those."
    ),
    Problem.OUTLIER: later(
        "This concerns most pictures, so there is no norm that they differ from."
    ),
    Problem.SMALL_CLASS: later(
        "This concerns most classes. Add more pictures: 10 per class are a start, 50 are good."
    ),
    Problem.BOTH_SIDES: later(
        "This concerns most pictures, so the accuracy says little. Keep copies in the same part of "
        "the split."
    ),
}


def judged(finding: Finding, dataset: Dataset) -> Finding:
    """The finding, without removals where it holds for most of the data set.

    Copies of the very same file are another matter: one of each stays, so nothing is lost.
    """
    if finding.kind not in _SENTENCES or not _holds_for_most(finding, dataset):
        return finding
    cases = tuple(
        replace(case, fixes=tuple(fix for fix in case.fixes if fix.action not in _TAKES_AWAY))
        for case in finding.cases
    )
    serious = finding.serious and finding.kind not in (Problem.BLANK, Problem.LABEL)
    return replace(finding, serious=serious, sentence=_SENTENCES[finding.kind], cases=cases)


def _holds_for_most(finding: Finding, dataset: Dataset) -> bool:
    if finding.kind is Problem.SMALL_CLASS:
        return len(finding.cases) > _MOST * len(dataset.classes)
    files = {file for case in finding.cases for file in case.files}
    return len(files) > _MOST * len(dataset.records)

"""What holds for most pictures of a data set is how they are, and no reason to remove them."""

from dataclasses import replace

from core.datasets.dataset import Dataset
from core.doctor.finding import Action, Finding, Problem

_MOST = 0.5  # of the pictures, or of the classes
_TAKES_AWAY = {Action.REMOVE, Action.MOVE, Action.DELETE_CLASS}
# What is left of the sentence where a finding is the rule.
_SENTENCES = {
    Problem.UNREADABLE: "That is most of them, so something has happened to the disk or the folder "
    "rather than to single pictures. Bring the data set again.",
    Problem.TWO_CLASSES: "That is most of them. Perhaps these pictures show several things at "
    "once, which single classes cannot say, or the same folder was brought under two names.",
    Problem.LABEL: "That is most of them, so the network that looks at them does not see what "
    "tells these classes apart. It says nothing about single labels.",
    Problem.NEAR_COPY: "That is most of them: perhaps frames of a film, or things that look alike. "
    "What matters is that pictures taken together stay on one side of the split.",
    Problem.BLANK: "That is most of them, so these pictures have little contrast, and that is how "
    "they are. What they show may lie in fine differences.",
    Problem.TINY: "That is most of them, so that is how these pictures are. Each is enlarged to "
    "what the network sees; where larger ones exist, bring those.",
    Problem.OUTLIER: "That is most of them, so there is no rule that they break.",
    Problem.SMALL_CLASS: "That is most of them. Bring more pictures: 10 of a class are a "
    "beginning, 50 are good.",
    Problem.BOTH_SIDES: "That is most of them, so the accuracy says little. Keep "
    "copies on one side.",
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

"""Labels for detection, boxes around things, which Thaw does not learn from: which format is it?"""

import re

from core.intake.archives.archive import Member, Source, UnreadableMember

_MOST = 64 << 20  # bytes of a JSON file that is looked through
_FEW = 5
_JSON = {
    "COCO": (b'"bbox"',),
    "CreateML": (b'"annotations"', b'"coordinates"'),
    "LabelMe": (b'"shapes"', b'"points"', b'"label"'),
}
_YOLO = re.compile(rb"\s*\d+(\s+-?\d*\.?\d+(e-?\d+)?){4,}\s*$", re.MULTILINE)


def detection_format(source: Source, pictures: set[str]) -> str | None:
    """The name of a format for boxes, such as “YOLO” or “COCO”, if the source holds labels in one.

    Args:
        source: The archive or folder.
        pictures: Names of its pictures.
    """
    stems = {_stem(name) for name in pictures}
    beside: dict[str, list[Member]] = {"txt": [], "xml": [], "json": []}
    for member in source.members:
        ending = member.name.rpartition(".")[2].lower()
        if ending in beside and (ending == "json" or _stem(member.name) in stems):
            beside[ending].append(member)
    enough = max(1, len(pictures) // 10)
    if len(beside["txt"]) >= enough and any(
        _YOLO.match(source.head(each, 4096).split(b"\n")[0]) for each in beside["txt"][:_FEW]
    ):
        return "YOLO"
    if len(beside["xml"]) >= enough and any(
        b"<annotation" in source.head(each, 4096) for each in beside["xml"][:_FEW]
    ):
        return "Pascal VOC"
    for member in sorted(beside["json"], key=lambda each: "coco" not in each.name.lower())[:_FEW]:
        try:
            data = source.read(member) if member.size <= _MOST else b""
        except UnreadableMember:
            continue
        for kind, words in _JSON.items():
            if all(word in data for word in words):
                return kind
    return None


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0]

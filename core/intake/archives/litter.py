"""What cameras, disks, systems and programs leave among people's files: never their pictures.

Thumbnails matter most. They lie beside the pictures under other names, so they would be
learned from, and would be on both sides of the split. A name is only litter if it is known here: a
class may be called “.NET” or “..birds”, so a dot in front says nothing.
"""

import re
from functools import lru_cache

from core.saying import Sentence, later, say

# What each leaves, by the pattern of a file's or a folder's whole name, small and capital letters
# alike. A folder stands for all that is in it.
_LEFT = later("left behind by {who}, not one of your pictures")
_LEFT_BY: tuple[tuple[str, str], ...] = (
    (
        later("a Synology disk station (thumbnails and the like)"),
        r"@eadir|@tmp|@sharebin|#recycle|#snapshot"
        r"|(synophoto|synofile|synovideo|synoindex|synocrunch)_.+|.+@syno(ea|)(stream|resource)",
    ),
    (
        later("a QNAP disk station (thumbnails and the like)"),
        r"\.?@__(thumb|qini|desc)|@recycle|@recently-snapshot|@transcode|\.@.+|\.qsync|\.streams",
    ),
    (later("a network disk (thumbnails and the like)"), r"\.wdmc|\.wd_tv|\.wdcache|\.timemachine"),
    (
        "macOS",
        r"__macosx|\.ds_store|\._.*|\.appledouble|\.appledb|\.appledesktop|icon\r|\.localized"
        r"|\.spotlight-v100|\.fseventsd|\.trashes|\.temporaryitems|\.documentrevisions-v100"
        r"|\.apdisk|\.volumeicon\.icns|\.com\.apple\..+|network trash folder",
    ),
    (
        "Windows",
        r"thumbs\.db(:.+)?|ehthumbs(_vista)?\.db|desktop\.ini|\$recycle\.bin|recycler"
        r"|system volume information|~\$.+",
    ),
    (
        "Linux",
        r"\.trash(-\d+)?|\.thumbnails|\.xvpics|\.directory|lost\+found|\.fuse_hidden.+|\.nfs[0-9a-f]+",
    ),
    ("Android", r"\.thumb(nail|data|s).*|\.nomedia|\.(trashed|pending)-\d+-.+|\.globaltrash"),
    ("Lightroom (previews)", r".+\.(lrdata|lrcat-data|lrlibrary|lrcat|lrprev|lrfprev)"),
    ("Picasa", r"\.?picasa\.ini|\.picasaoriginals"),
    ("Adobe Bridge", r"\.bridge(cache|cachet|labelsandratings|sort).*|adobe bridge cache.*"),
    ("digiKam", r"\.dtrash|thumbnails-digikam\.db"),
    ("git", r"\.git|\.gitignore|\.gitattributes|\.gitkeep|\.gitmodules|\.github"),
    (later("a version control program"), r"\.svn|\.hg|\.hgignore|\.bzr|\.dvc|\.dvcignore|\.keep"),
    (later("a notebook (Jupyter)"), r"\.ipynb_checkpoints|\.virtual_documents"),
    (
        later("a programming tool"),
        r"__pycache__|\.(cache|huggingface|idea|vscode|venv|pytest_cache|mypy_cache|ruff_cache)",
    ),
    (
        later("a program that keeps folders in step"),
        r"\.dropbox(\.attr|\.cache)?|\.tmp\.drive(down|up)load|\.stfolder|\.stversions|\.stignore"
        r"|\.syncthing\..+|\.sync(ignore|id|trash)?|\.owncloudsync\.log|\._sync_.+\.db.*",
    ),
    (later("an office program"), r"\.~lock\..+#"),
)
_HIDDEN = later("a hidden file (its name begins with a dot)")
_BEGINS = "left behind by "
_KNOWN = tuple((who, re.compile(pattern, re.IGNORECASE)) for who, pattern in _LEFT_BY)


def found(path: str) -> tuple[str, Sentence] | None:
    """Whether a file or one of the folders around it is no picture of the user's.

    Args:
        path: Of a file, with forward slashes.

    Returns:
        The path up to the part that is litter, and the reason to leave it out, in plain words;
        None where the file is worth reading.
    """
    parts = path.split("/")
    for number, part in enumerate(parts, 1):
        who = _left_by(part)
        if who:
            return "/".join(parts[:number]), say(_LEFT, who=who)
    return (path, _HIDDEN) if parts[-1].startswith(".") else None


def is_litter(part: str) -> bool:
    """Whether a folder of this name is never a class."""
    return _left_by(part) is not None


def is_reason(reason: str) -> bool:
    """Whether a file was left out for what `found` says: nobody misses it."""
    return reason == _HIDDEN or reason.startswith(_BEGINS)


@lru_cache(maxsize=4096)  # the same few folders hold thousands of files
def _left_by(part: str) -> str | None:
    return next((who for who, pattern in _KNOWN if pattern.fullmatch(part)), None)

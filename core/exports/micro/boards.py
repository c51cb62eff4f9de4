"""The boards that an export for makers can run on, and what each has left for a network."""

from dataclasses import dataclass

from core.backbones.catalogue.backbone import Backbone
from core.errors import UserError


@dataclass(frozen=True)
class Needs:
    """What a network takes on a microcontroller.

    Attributes:
        ram: Bytes of working memory (the tensor arena) while it runs.
        flash: Bytes of the network itself, which stays in flash.
    """

    ram: int
    flash: int


@dataclass(frozen=True)
class Board:
    """A board, or a kind of them.

    Attributes:
        name: As its maker calls it.
        ram: Bytes left for the arena, with the system, the sketch and a camera's frame in memory.
        flash: Bytes left for the network, with the system, TensorFlow Lite Micro and the sketch.
    """

    name: str
    ram: int
    flash: int

    def fits(self, needs: Needs) -> bool:
        """Whether a network has room on it."""
        return needs.ram <= self.ram and needs.flash <= self.flash


# By their data sheets, less what a sketch with a camera takes: about 1 MB of an ESP32's 3 MB
# partition (“Huge APP”) and a frame of 160 × 120 or, with PSRAM, 320 × 240 pixels (2 bytes each).
# An ESP32 without PSRAM has 320 KB, of which the largest free block is a third.
BOARDS = (
    Board("ESP32 without PSRAM", 110_000, 2_000_000),
    Board("ESP32 with PSRAM (such as ESP32-CAM)", 3_500_000, 2_000_000),
    Board("ESP32-S3 with PSRAM", 7_500_000, 2_000_000),
    Board("Arduino Nano 33 BLE", 150_000, 700_000),
    Board("Arduino Nicla Vision", 300_000, 1_200_000),
    Board("Arduino Portenta H7", 300_000, 1_200_000),
)


def fitting(needs: Needs) -> list[str]:
    """The names of the boards that have room for a network."""
    return [board.name for board in BOARDS if board.fits(needs)]


def least(backbone: Backbone) -> Needs:
    """The least that a network of the catalogue can take: a byte for each of its numbers."""
    return Needs(max(layer.size for layer in backbone.layers), backbone.parameters)


def check(needs: Needs) -> None:
    """See whether any board has room for a network.

    Args:
        needs: What it takes, or the least that it can take.

    Raises:
        UserError: None has; it says what to choose instead.
    """
    if fitting(needs):
        return
    flash, ram = max(board.flash for board in BOARDS), max(board.ram for board in BOARDS)
    if needs.flash > flash:
        raise UserError(
            "This network is too large for a microcontroller: it takes at least {takes:.1f} MB of "
            "flash, and the largest boards have {most:.1f} MB to spare. Train again with the "
            "network MobileNet 0.25, 96 px, which takes about 0.3 MB, or export to LiteRT "
            "for a Raspberry Pi.",
            takes=needs.flash / 1e6,
            most=flash / 1e6,
        )
    raise UserError(
        "This network is too large for a microcontroller: it takes at least {takes:.1f} MB of "
        "memory while it runs, and the largest boards have {most:.1f} MB to spare. Train again "
        "with the network MobileNet 0.25, 96 px, which takes about 0.1 MB, or export to "
        "LiteRT for a Raspberry Pi.",
        takes=needs.ram / 1e6,
        most=ram / 1e6,
    )

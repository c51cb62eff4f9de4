"""The export for makers: its C is compiled here and does what Thaw does, as far as C goes; the
network is run by LiteRT, and by TensorFlow Lite Micro where that is installed."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.backbones.catalogue.rows import backbone_named
from core.errors import UserError
from core.exports.micro import arena, boards, header
from core.exports.micro.arena import _Alive
from core.exports.micro.boards import Needs
from core.exports.micro.header import Whole
from core.installation import ROOT
from core.intake.pictures import images
from core.settings import Squaring
from tests.exports.carried import CARRIED
from tests.exports.in_c import PREPARE, TELL, answered, compiled, compiled_here, given

HEADERS = CARRIED / "arduino"
CPP = shutil.which("c++")
SIDE = 24
OUTPUTS = {"probabilities": Whole(1, 1 / 256, -128), "familiar": Whole(0, 1 / 255, -128)}


def sketch(folder: Path, told: dict[str, Any] | None = None, **more: Any) -> Path:
    """The headers of an export whose network is not looked at."""
    for file in HEADERS.glob("*.h"):
        shutil.copyfile(file, folder / file.name)
    made = header.network(
        **{
            "data": bytes(range(40)),
            "size": SIDE,
            "arena": 4096,
            "names": ["CONV_2D"],
            "outputs": OUTPUTS,
        }
        | more
    )
    (folder / "model.h").write_text(made)
    told = {"classes": ["a", "b"], "picture": {"square": "squash"}} | (told or {})
    (folder / "facts.h").write_text(header.facts(told))
    return folder


@compiled_here
@pytest.mark.parametrize("square", list(Squaring))
def test_frames_become_the_very_pixels_that_thaw_sees(square: Squaring, tmp_path: Path) -> None:
    program = compiled(sketch(tmp_path, {"picture": {"square": square.value}}), PREPARE)
    mix = np.random.default_rng(0)
    for size in ((80, 60), (60, 80), (24, 24), (95, 40), (17, 23), (10, 10), (31, 5), (64, 64)):
        frame = mix.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        found = answered(program, given(size, False, frame.tobytes()))
        assert found.returncode == 0, found.stderr
        ours = images.to_square(Image.fromarray(frame), SIDE, square)
        theirs = np.frombuffer(found.stdout, np.int8).reshape(SIDE, SIDE, 3).astype(int) + 128
        np.testing.assert_array_equal(theirs, ours)


@compiled_here
def test_a_cameras_colours_are_read_high_byte_first(tmp_path: Path) -> None:
    program = compiled(sketch(tmp_path), PREPARE)
    size = (SIDE, SIDE)
    for colour, expected in (
        (0xF800, (255, 0, 0)),
        (0x07E0, (0, 255, 0)),
        (0x001F, (0, 0, 255)),
        (0x8410, (132, 130, 132)),
    ):
        frame = np.full(SIDE * SIDE, colour, ">u2").tobytes()
        found = answered(program, given(size, True, frame))
        pixels = np.frombuffer(found.stdout, np.int8).reshape(-1, 3).astype(int) + 128
        assert {tuple(each) for each in pixels} == {expected}


@compiled_here
@pytest.mark.parametrize("size", [(1000, 40), (40, 1000), (0, 5)])
def test_a_frame_that_is_too_large_is_refused(size: tuple[int, int], tmp_path: Path) -> None:
    program = compiled(sketch(tmp_path), PREPARE)
    assert answered(program, given(size, False, bytes(3 * size[0] * size[1]))).returncode == 3


HOSTILE = ['"; evil(); "', "back\\slash", "??/ trigraph", "*/ end", "new\nline", "5 %s 0", "\t x"]
HOSTILE += ["Füchse", "קוף", "猫🐱", "é1", "#define A", "'", "\x00\x07"]


@compiled_here
def test_the_answer_in_c_is_that_of_python(tmp_path: Path) -> None:
    """The label as people typed it, on one line; the same numbers; the same verdicts."""
    told = {"classes": HOSTILE, "cut_off": 0.5, "threshold": 0.05}
    program = compiled(sketch(tmp_path, told), TELL)
    rows = np.random.default_rng(2).integers(-128, 128, (50, len(HOSTILE) + 1), dtype=np.int8)
    found = answered(program, rows.tobytes())
    assert found.returncode == 0, found.stderr
    lines = found.stdout.split(b"\n")
    for row, label, numbers in zip(rows, lines[::2], lines[1::2], strict=False):
        familiar, *probabilities = row.astype(float) + 128
        best = int(np.argmax(probabilities))
        one_line = " ".join(HOSTILE[best].split())
        assert label == one_line.encode().split(b"\0")[0]
        confidence, sure, close, known = map(float, numbers.split())
        assert confidence == pytest.approx(probabilities[best] / 256, abs=1e-5)
        assert sure == (probabilities[best] / 256 >= 0.5)
        assert close == pytest.approx(familiar / 255, abs=1e-5)
        assert known == (np.float32(familiar / 255) >= np.float32(0.05))


@compiled_here
def test_without_a_score_everything_is_known(tmp_path: Path) -> None:
    outputs = {"probabilities": OUTPUTS["probabilities"]}
    program = compiled(sketch(tmp_path, outputs=outputs), TELL)
    found = answered(program, np.array([-128, 0, 100], np.int8).tobytes())
    assert found.stdout == b"b\n0.890625 1 -1.000000 1\n"


@compiled_here
@pytest.mark.skipif(CPP is None, reason="no C++ compiler is installed")
@pytest.mark.parametrize("board", ["ESP32", "ARDUINO_ARDUINO_NANO33BLE"])
def test_the_sketch_is_cpp_that_fits_its_libraries(board: str, tmp_path: Path) -> None:
    shutil.copyfile(HEADERS / "thaw_sketch.ino", tmp_path / "thaw_sketch.ino")
    libraries = tmp_path / "libraries"
    for file in sketch(tmp_path).iterdir():
        for name in re.findall(r"#include <(.+/.+|[A-Z].+|esp_.+)>", file.read_text()):
            (libraries / name).parent.mkdir(parents=True, exist_ok=True)
            (libraries / name).touch()  # all that they declare is in board.h
    strict = ["-std=gnu++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-D{board}"]
    given = ["-I", str(libraries), "-include", str(Path(__file__).with_name("board.h"))]
    made = subprocess.run(  # noqa: S603
        [str(CPP), *strict, *given, "-x", "c++", "thaw_sketch.ino"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr


@compiled_here
def test_the_network_is_in_the_header_byte_by_byte(tmp_path: Path) -> None:
    data = np.random.default_rng(3).bytes(1001)
    program = compiled(
        sketch(tmp_path, data=data),
        '#include <stdio.h>\n#include <stdint.h>\n#include "model.h"\n'
        "int main(void) { if ((uintptr_t)NETWORK % 16) return 1;"
        " return fwrite(NETWORK, 1, sizeof NETWORK, stdout) != NETWORK_BYTES; }\n",
    )
    found = answered(program, b"")
    assert (found.returncode, found.stdout) == (0, data)


def test_an_operation_that_is_lacking_is_named() -> None:
    with pytest.raises(UserError, match="TOPK_V2"):
        header.operations(["CONV_2D", "TOPK_V2"])


def test_every_operation_is_one_of_the_resolver() -> None:
    """Their names follow a rule in TensorFlow Lite Micro, but for a few."""
    own = {"AVERAGE_POOL_2D": "AveragePool2D", "MAX_POOL_2D": "MaxPool2D", "CONV_2D": "Conv2D"}
    own |= {"DEPTHWISE_CONV_2D": "DepthwiseConv2D", "L2_NORMALIZATION": "L2Normalization"}
    own |= {"PADV2": "PadV2", "RELU6": "Relu6", "SELECT_V2": "SelectV2"}
    for name, added in header._ADDED.items():
        plain = "".join(part.capitalize() for part in name.split("_"))
        assert added == f"Add{own.get(name, plain)}"


@pytest.mark.parametrize(
    ("lives", "end"),
    [
        ([], 0),
        ([(100, 0, 0), (50, 0, 1), (70, 1, 1)], 150),  # the third takes the first one's place
        ([(100, 0, 2), (50, 0, 1), (70, 1, 1)], 220),
        ([(30, 0, 3), (30, 1, 1), (10, 2, 3), (30, 3, 3)], 70),
    ],
)
def test_what_is_never_alive_together_shares_its_place(
    lives: list[tuple[int, int, int]], end: int
) -> None:
    assert arena._planned([_Alive(*each) for each in lives]) == end


def test_boards_have_room_for_the_smallest_network_and_none_for_the_usual_one() -> None:
    small = Needs(ram=105_000, flash=300_000)
    assert boards.fitting(small) == [board.name for board in boards.BOARDS]
    boards.check(small)
    medium = Needs(ram=115_000, flash=300_000)
    assert "ESP32 without PSRAM" not in boards.fitting(medium)
    assert "Arduino Nano 33 BLE" in boards.fitting(medium)
    with pytest.raises(UserError, match=r"at least 4\.0 MB of flash.*2\.0 MB to spare"):
        boards.check(Needs(ram=2_100_000, flash=4_000_000))
    with pytest.raises(UserError, match=r"at least 9\.0 MB of memory.*7\.5 MB to spare"):
        boards.check(Needs(ram=9_000_000, flash=300_000))


@pytest.mark.parametrize(
    ("name", "alpha", "fits"),
    [
        ("mobilenet_96", 1.0, True),
        ("mobilenet_128", 1.0, True),
        ("mobilenet", 0.25, True),
        ("efficientnet_lite0", 1.0, False),
        ("mobilenet_v2", 0.35, True),
        ("resnet18", 1.0, False),
    ],
)
def test_the_catalogue_says_what_can_be_ruled_out(name: str, alpha: float, fits: bool) -> None:
    assert bool(boards.fitting(boards.least(backbone_named(name, alpha)))) == fits


def test_the_table_of_boards_is_in_the_documents() -> None:
    told = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
    for board in boards.BOARDS:
        assert f"| {board.name} | {board.ram // 1000} KB | {board.flash // 1000} KB |" in told

"""C of an export for makers, compiled by this computer's own compiler, and programs that try it."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

COMPILER = shutil.which("cc")
compiled_here = pytest.mark.skipif(COMPILER is None, reason="no C compiler is installed")

PREPARE = """
#include <stdio.h>
#include "picture.h"

typedef struct { const uint8_t *pixels; } Whole;

static void line(const void *frame, int width, int y, uint8_t *rgb) {
  memcpy(rgb, ((const Whole *)frame)->pixels + (size_t)y * width * 3, (size_t)width * 3);
}

int main(void) {
  static uint8_t pixels[2000 * 2000 * 3];
  static int8_t out[NETWORK_SIDE * NETWORK_SIDE * 3];
  int size[3];
  Whole frame = {pixels};
  if (fread(size, sizeof size, 1, stdin) != 1) return 2;
  size_t bytes = (size_t)size[0] * size[1] * (size[2] ? 2 : 3);
  if (fread(pixels, 1, bytes, stdin) != bytes) return 2;
  int done = size[2] ? picture_prepare(pixels, size[0], size[1], picture_rgb565, out)
                     : picture_prepare(&frame, size[0], size[1], line, out);
  if (!done) return 3;
  fwrite(out, 1, sizeof out, stdout);
  return 0;
}
"""
TELL = """
#include <stdio.h>
#include "answer.h"

int main(void) {
  int8_t numbers[ANSWER_CLASSES + 1];
  while (fread(numbers, 1, sizeof numbers, stdin) == sizeof numbers) {
    Answer answer = answer_of(numbers + 1, numbers);
    printf("%s\\n%.6f %d %.6f %d\\n", answer.label, answer.confidence, answer.sure,
           answer.familiar, answer.known);
  }
  return 0;
}
"""


def compiled(folder: Path, program: str) -> Path:
    """A program of C beside the headers of a sketch."""
    assert COMPILER is not None
    (folder / "program.c").write_text(program)
    strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-O1"]
    more = ["-fsanitize=undefined", "-fno-sanitize-recover"]
    made = subprocess.run(  # noqa: S603
        [COMPILER, *strict, *more, "program.c", "-o", "program", "-lm"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    return folder / "program"


def answered(program: Path, given: bytes) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([program], input=given, capture_output=True)  # noqa: S603


def given(size: tuple[int, int], rgb565: bool, pixels: bytes) -> bytes:
    return np.array([*size, rgb565], np.int32).tobytes() + pixels

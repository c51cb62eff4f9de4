"""Seeded hand sketches of four things, drawn with a wobbling pen on all kinds of paper.

Everything about a sketch varies (hand, pen, paper, place, size, tilt, which details there are, what
else was scribbled on the sheet), so that single pixels say nothing about the class.
"""

import math
import random
from collections.abc import Callable

from PIL import Image, ImageFilter

from core.datasets.samples.pen import (
    FINE,
    SIZE,
    Sheet,
    mixed,
    smooth,
)


def draw(name: str, seed: str) -> Image.Image:
    """One sketch of SIZE × SIZE pixels; the same seed gives the same sketch.

    Args:
        name: One of DRAWERS.
        seed: Any text.
    """
    rng = random.Random(f"sketch/{name}/{seed}")  # noqa: S311 - no secret hangs on it
    sheet = Sheet(rng)
    _ruling(sheet)
    _scribbles(sheet)
    sheet.place()
    DRAWERS[name](sheet)
    image = sheet.image.reduce(FINE)
    if rng.random() < 0.15:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 0.9)))
    if rng.random() < 0.5:  # uneven light, as in a photo of a sheet
        light = Image.linear_gradient("L").resize(image.size).rotate(rng.choice((0, 90, 180, 270)))
        shade = light.point(lambda value: int(value * 0.16))
        image.paste((60, 56, 50), mask=shade)
    return image


def _house(sheet: Sheet) -> None:
    rng = sheet.rng
    wide, top, roof = rng.uniform(0.55, 0.78), rng.uniform(-0.25, 0.05), rng.uniform(0.45, 0.75)
    bottom, eave = 0.85, rng.uniform(0.05, 0.22)
    if rng.random() < 0.7:  # behind the roof
        x, up = rng.uniform(0.25, 0.42), top - roof
        chimney = [(x, top - 0.1), (x, up), (x + 0.17, up), (x + 0.17, top - 0.05)]
        sheet.line(*chimney, fill=sheet.crayon(0.3))
        if rng.random() < 0.6:
            smoke = [
                (x + 0.08 + 0.09 * math.sin(2.2 * step), up - 0.08 - 0.07 * step)
                for step in range(5)
            ]
            sheet.curve(*smoke)
    walls = [(-wide, top), (-wide, bottom), (wide, bottom), (wide, top)]
    sheet.line(*walls, closed=True, fill=sheet.crayon())
    ridge = rng.uniform(-0.1, 0.1)
    if rng.random() < 0.25:
        peak = [(ridge - 0.4, top - roof * 0.8), (ridge + 0.4, top - roof * 0.8)]
    else:
        peak = [(ridge, top - roof)]
    roof_line = [(-wide - eave, top), *peak, (wide + eave, top)]
    sheet.line(*roof_line, closed=True, fill=sheet.crayon())
    door = rng.choice((-0.3, 0.0, 0.28)) * wide / 0.7 + rng.uniform(-0.05, 0.05)
    half, high = rng.uniform(0.11, 0.16), rng.uniform(0.38, 0.52)
    frame = [
        (door - half, bottom), (door - half, bottom - high),
        (door + half, bottom - high), (door + half, bottom),
    ]  # fmt: skip
    sheet.line(*frame, fill=sheet.crayon())
    sheet.dot(door + half * 0.5, bottom - high * 0.45, 0.025)
    side = rng.uniform(0.11, 0.15)
    for x in (-0.62 * wide, 0.0, 0.62 * wide):
        y = (top + bottom) / 2 - (0.12 if abs(x - door) > half + side else 0.4)
        if abs(x - door) > half + side and rng.random() < 0.9 and y - side > top:
            corners = [(x - side, y - side), (x + side, y - side),
                       (x + side, y + side), (x - side, y + side)]  # fmt: skip
            sheet.line(*corners, closed=True, fill=sheet.crayon(0.3))
            if rng.random() < 0.7:
                sheet.line((x, y - side), (x, y + side))
                sheet.line((x - side, y), (x + side, y))
    if rng.random() < 0.4:
        sheet.curve((-1.1, 0.87), (-0.4, 0.84), (0.4, 0.88), (1.1, 0.86))


def _fish(sheet: Sheet) -> None:
    rng = sheet.rng
    long, fat = rng.uniform(0.55, 0.72), rng.uniform(0.26, 0.46)
    nose, tail = -long - 0.1, long - 0.08
    reach, spread = rng.uniform(0.26, 0.4), rng.uniform(0.24, 0.42)
    notch = rng.uniform(0.08, 0.2)
    colour = sheet.crayon(0.55)
    fan = [(tail - 0.05, 0.0), (tail + reach, -spread), (tail + notch, 0.0),
           (tail + reach, spread), (tail - 0.05, 0.0)]  # fmt: skip
    if rng.random() < 0.5:
        sheet.line(*fan, fill=colour)
    else:
        sheet.curve(*fan[:3], fill=colour)
        sheet.curve(*fan[2:], fill=colour)
    sheet.curve((-0.15, -fat * 0.9), (0.0, -fat - rng.uniform(0.12, 0.28)), (0.3, -fat * 0.75))
    if rng.random() < 0.7:
        sheet.curve((-0.05, fat * 0.92), (0.1, fat + rng.uniform(0.08, 0.2)), (0.22, fat * 0.8))
    body = [(nose, 0.0), (-0.4, -fat * 0.85), (-0.05, -fat), (0.35, -fat * 0.6), (tail, -0.05)]
    under = [(tail, 0.05), (0.35, fat * 0.6), (-0.05, fat), (-0.4, fat * 0.85), (nose, 0.0)]
    if colour is not None:
        sheet.fill(smooth([*body, *under]), colour)
    sheet.curve(*body)
    sheet.curve(*under)
    eye = (-long * 0.62, -fat * 0.28)
    sheet.ellipse(*eye, 0.085, 0.085, fill=(250, 250, 250) if rng.random() < 0.5 else None)
    sheet.dot(*eye, 0.035)
    sheet.curve((nose + 0.02, 0.1), (nose + 0.1, 0.13), (nose + 0.18, rng.uniform(0.06, 0.14)))
    gill = -long * 0.32
    sheet.curve((gill, -fat * 0.5), (gill + 0.09, 0.0), (gill, fat * 0.5))
    style = rng.random()
    if style < 0.4:  # scales
        for column in range(3):
            for row in (-1, 0, 1):
                x, y = gill + 0.22 + 0.19 * column, row * fat * (0.5 - 0.1 * column)
                sheet.curve((x, y - 0.08), (x + 0.07, y), (x, y + 0.08))
    elif style < 0.65:  # stripes
        for column in range(3):
            x = gill + 0.22 + 0.2 * column
            high = fat * (0.75 - 0.15 * column)
            sheet.curve((x, -high), (x + 0.05, 0.0), (x, high))
    elif style < 0.85:
        sheet.curve((0.0, -0.02), (0.2, 0.1), (0.02, 0.16))
    if rng.random() < 0.5:
        for step in range(rng.randint(2, 4)):
            x, y = nose - 0.08 - 0.04 * step, -0.2 - 0.19 * step
            sheet.ellipse(x, y, 0.04 + 0.012 * step, 0.04 + 0.012 * step)


def _boat(sheet: Sheet) -> None:
    rng = sheet.rng
    deck, keel = rng.uniform(0.3, 0.42), rng.uniform(0.68, 0.82)
    wide, base = rng.uniform(0.72, 0.92), rng.uniform(0.4, 0.6)
    mast, top = rng.uniform(-0.14, 0.1), rng.uniform(-1.0, -0.8)
    sheet.line((mast, deck), (mast, top))
    low = deck - rng.uniform(0.08, 0.16)
    reach = rng.uniform(0.5, 0.75)
    main = [(mast + 0.05, top + 0.08), (mast + reach, low), (mast + 0.05, low)]
    if rng.random() < 0.5:
        sheet.line(*main, closed=True, fill=sheet.crayon(0.55))
    else:
        belly = [main[0], (mast + reach * 0.68, (top + low) / 2), main[1]]
        sheet.curve(*belly, fill=sheet.crayon(0.55))
        sheet.line(main[1], main[2], main[0])
    if rng.random() < 0.75:
        jib = rng.uniform(0.4, 0.6)
        front = [(mast - 0.05, top + rng.uniform(0.1, 0.4)), (mast - jib, low), (mast - 0.05, low)]
        sheet.line(*front, closed=True, fill=sheet.crayon(0.5))
    if rng.random() < 0.55:
        flag = [(mast, top), (mast + 0.24, top + 0.07), (mast, top + 0.14)]
        sheet.line(*flag, closed=True, fill=sheet.crayon(0.6))
    hull = [(-wide, deck), (-base, keel), (base, keel), (wide, deck)]
    if rng.random() < 0.5:
        sheet.line(*hull, closed=True, fill=sheet.crayon())
    else:
        bow = [(-wide, deck), (-base - 0.1, keel * 0.85), (-base + 0.2, keel),
               (base - 0.2, keel), (base + 0.1, keel * 0.85), (wide, deck)]  # fmt: skip
        sheet.curve(*bow, fill=sheet.crayon())
        sheet.line((-wide, deck), (wide, deck))
    if rng.random() < 0.3:
        for x in (-0.3, 0.0, 0.3):
            sheet.ellipse(x, (deck + keel) / 2, 0.06, 0.06)
    for row in range(rng.randint(0, 2) + (rng.random() < 0.8)):
        y, shift = keel + 0.06 + 0.12 * row, rng.uniform(-0.15, 0.15)
        wave = [(-1.0 + shift + 0.2 * step, y + 0.045 * (-1) ** step) for step in range(11)]
        sheet.curve(*wave)


def _cat(sheet: Sheet) -> None:
    rng = sheet.rng
    wide, high = rng.uniform(0.58, 0.74), rng.uniform(0.52, 0.64)
    ear, out = rng.uniform(0.34, 0.5), rng.uniform(0.0, 0.14)
    colour = sheet.crayon(0.5)
    inner = sheet.crayon(0.35)
    for side in (-1, 1):
        tip = (side * (wide * 0.72 + out), -high - ear + 0.12)
        outline = [(side * wide * 0.95, -high * 0.38), tip, (side * wide * 0.24, -high * 0.93)]
        sheet.line(*outline, fill=colour)
        if rng.random() < 0.5:
            near = [
                (0.78 * x + 0.22 * tip[0] * 0.8, 0.78 * y - 0.22 * high * 0.9) for x, y in outline
            ]
            sheet.line(*near, fill=inner)
    sheet.ellipse(0.0, 0.0, wide, high, fill=colour)
    apart, level = rng.uniform(0.24, 0.32), rng.uniform(-0.18, -0.06)
    sleepy = rng.random() < 0.2
    for side in (-1, 1):
        x = side * apart
        if sleepy:
            sheet.curve((x - 0.12, level), (x, level + 0.08), (x + 0.12, level))
        else:
            round_eye = rng.uniform(0.07, 0.12)
            sheet.ellipse(x, level, 0.11, round_eye, fill=sheet.crayon(0.3))
            sheet.dot(x, level, 0.045)
    nose = rng.uniform(0.08, 0.16)
    sheet.line((-0.07, nose), (0.07, nose), (0.0, nose + 0.08), closed=True, fill=sheet.crayon(0.5))
    sheet.curve((0.0, nose + 0.08), (-0.05, nose + 0.2), (-0.19, nose + 0.17))
    sheet.curve((0.0, nose + 0.08), (0.05, nose + 0.2), (0.19, nose + 0.17))
    for side in (-1, 1):
        for row in range(rng.choice((2, 3, 3))):
            y = nose + 0.02 + 0.09 * row
            far = y + (row - 1) * 0.14 + rng.uniform(-0.04, 0.04)
            middle = ((0.3 + wide + 0.22) / 2 * side, (y + far) / 2 - 0.03)
            sheet.curve((0.28 * side, y), middle, ((wide + 0.24) * side, far))
    if rng.random() < 0.35:  # a tabby's brow
        for x in (-0.12, 0.0, 0.12):
            sheet.line((x, -high * 0.9), (x * 0.8, -high * 0.62))


DRAWERS: dict[str, Callable[[Sheet], None]] = {
    "boat": _boat,
    "cat": _cat,
    "fish": _fish,
    "house": _house,
}


def _ruling(sheet: Sheet) -> None:
    """Blank, lined or squared paper."""
    rng = sheet.rng
    kind = rng.random()
    if kind < 0.62:
        return
    line = mixed(sheet.paper, rng.choice(((90, 130, 190), (150, 150, 150), (190, 120, 120))), 0.35)
    gap, start = rng.uniform(11, 26) * FINE, rng.uniform(0, 10) * FINE
    edge, tilt = SIZE * FINE, rng.uniform(-14, 14) * FINE
    for step in range(-2, int(edge / gap) + 3):
        at = start + step * gap
        sheet.draw.line((0, at, edge, at + tilt), fill=line, width=FINE)
        if kind > 0.84:
            sheet.draw.line((at - tilt, 0, at, edge), fill=line, width=FINE)


def _scribbles(sheet: Sheet) -> None:
    """What else is on the sheet: loops, arrows, crosses, letters' worth of zigzag."""
    rng = sheet.rng
    ink, sheet.ink = sheet.ink, mixed(sheet.paper, sheet.ink, rng.uniform(0.35, 0.95))
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        middle = (rng.uniform(-0.95, 0.95), rng.choice((-1, 1)) * rng.uniform(0.55, 0.95))
        if rng.random() < 0.5:
            middle = (middle[1], middle[0])
        sheet.place(rng.uniform(0.08, 0.28), middle)
        kind = rng.randrange(5)
        if kind == 0:
            sheet.ellipse(0.0, 0.0, 0.8, 0.6)
        elif kind == 1:
            sheet.line((-1, 0), (1, 0))
            sheet.line((0.5, -0.4), (1, 0), (0.5, 0.4))
        elif kind == 2:
            sheet.line((-0.7, -0.7), (0.7, 0.7))
            sheet.line((0.7, -0.7), (-0.7, 0.7))
        elif kind == 3:
            sheet.curve(*((-1 + 0.25 * step, 0.5 * (-1) ** step) for step in range(9)))
        else:
            sheet.curve(*((0.06 * n * math.cos(n), 0.06 * n * math.sin(n)) for n in range(15)))
    sheet.ink = ink

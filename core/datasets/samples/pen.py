"""A sheet of paper and a pen held by a hand that is not quite steady."""

import math
import random
from collections.abc import Iterable, Sequence
from itertools import pairwise

from PIL import Image, ImageDraw

SIZE = 224  # pixels of a finished sketch
FINE = 2  # drawn this many times larger, then scaled down

Point = tuple[float, float]
Colour = tuple[int, int, int]

_PAPERS: tuple[Colour, ...] = (
    (252, 251, 247), (255, 255, 255), (247, 240, 222), (233, 238, 243), (250, 229, 206),
    (226, 240, 226), (244, 226, 232), (214, 201, 178), (255, 244, 170),
)  # fmt: skip
_BOARDS: tuple[Colour, ...] = ((38, 62, 52), (40, 42, 48), (32, 48, 84))
_INKS: tuple[Colour, ...] = (
    (28, 28, 32), (28, 28, 32), (52, 52, 58), (30, 50, 130), (20, 90, 70), (140, 40, 40),
    (92, 60, 36), (90, 40, 120),
)  # fmt: skip
_CHALKS: tuple[Colour, ...] = ((240, 240, 232), (250, 226, 140), (190, 220, 245), (245, 190, 190))
_CRAYONS: tuple[Colour, ...] = (
    (226, 88, 62), (242, 170, 60), (90, 160, 90), (74, 134, 200), (160, 110, 190), (236, 130, 160),
    (150, 110, 80),
)  # fmt: skip


class Sheet:
    """A sheet of paper, and a pen that draws in the sketch's own coordinates, -1 to 1, y down."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        board = rng.random() < 0.18
        self.paper = _varied(rng, rng.choice(_BOARDS if board else _PAPERS), 5)
        self.ink = _varied(rng, rng.choice(_CHALKS if board else _INKS), 12)
        self.image = Image.new("RGB", (SIZE * FINE, SIZE * FINE), self.paper)
        self.draw = ImageDraw.Draw(self.image)
        self.pen = rng.uniform(1.3, 4.6) * FINE
        self.wobble = rng.uniform(0.006, 0.028)
        self.twice = rng.choice((0.0, 0.25, 0.8))  # how often a line is gone over again
        self.place()

    def place(self, scale: float | None = None, middle: Point | None = None) -> None:
        """Choose where the next thing is: size, tilt, slant, perspective and mirroring."""
        rng = self.rng
        scale = scale or rng.uniform(0.42, 0.86)
        angle = math.radians(max(-38.0, min(38.0, rng.gauss(0, 14))))
        wide, slant = rng.uniform(0.82, 1.2), rng.uniform(-0.18, 0.18)
        mirror = rng.choice((-1, 1))
        half = SIZE * FINE / 2
        room = max(0.0, 1.0 - scale * 0.95)
        x, y = middle or (rng.uniform(-room, room), rng.uniform(-room, room))
        self.lean = (rng.uniform(-0.13, 0.13), rng.uniform(-0.13, 0.13))
        cos, sin = math.cos(angle), math.sin(angle)
        grow = half * scale
        self.matrix = (
            grow * wide * mirror * cos, grow * (slant * cos - sin), half * (1 + x),
            grow * wide * mirror * sin, grow * (slant * sin + cos), half * (1 + y),
        )  # fmt: skip

    def at(self, point: Point) -> Point:
        """Where a point of the sketch lies on the sheet, in pixels."""
        x, y = point
        far = 1 + self.lean[0] * x + self.lean[1] * y
        a, b, c, d, e, f = self.matrix
        return (a * x + b * y) / far + c, (d * x + e * y) / far + f

    def line(self, *points: Point, closed: bool = False, fill: Colour | None = None) -> None:
        """Straight strokes from point to point, each with its own overshoot."""
        if fill is not None:
            self.fill(points, fill)
        ends = [*points, points[0]] if closed else list(points)
        for (x0, y0), (x1, y1) in pairwise(ends):
            over = self.rng.uniform(-0.02, 0.05)
            length = math.hypot(x1 - x0, y1 - y0) or 1.0
            dx, dy = (x1 - x0) / length * over, (y1 - y0) / length * over
            self.stroke(_straight((x0 - dx, y0 - dy), (x1 + dx, y1 + dy)))

    def curve(self, *points: Point, fill: Colour | None = None) -> None:
        """One smooth stroke through the points."""
        track = smooth(points)
        if fill is not None:
            self.fill(track, fill)
        self.stroke(track)

    def ellipse(
        self, x: float, y: float, wide: float, high: float, fill: Colour | None = None
    ) -> None:
        """A round drawn by hand: it starts anywhere and rarely meets itself."""
        start, turn = self.rng.uniform(0, 6.28), self.rng.uniform(6.1, 6.9)
        steps = 26
        points = [
            (x + wide * math.cos(angle), y + high * math.sin(angle))
            for angle in (start + turn * step / steps for step in range(steps + 1))
        ]
        if fill is not None:
            self.fill(points, fill)
        self.stroke(points)

    def dot(self, x: float, y: float, radius: float) -> None:
        """A filled round in ink."""
        self.fill(
            [
                (x + radius * math.cos(turn), y + radius * math.sin(turn))
                for turn in (0.7 * step for step in range(9))
            ],
            self.ink,
        )

    def fill(self, points: Iterable[Point], colour: Colour) -> None:
        """Colour an area, slightly beside its outline."""
        dx, dy = self.rng.gauss(0, 0.02), self.rng.gauss(0, 0.02)
        self.draw.polygon([self.at((x + dx, y + dy)) for x, y in points], fill=colour)

    def stroke(self, points: Sequence[Point]) -> None:
        """Draw a line, and now and then go over it again."""
        for again in (False, True):
            if again and self.rng.random() >= self.twice:
                return
            self._trace(points)

    def _trace(self, points: Sequence[Point]) -> None:
        rng = self.rng
        waves = [
            (rng.uniform(2, 5), rng.uniform(0, 6.28), self.wobble),
            (rng.uniform(8, 16), rng.uniform(0, 6.28), self.wobble * 0.4),
        ]
        dx, dy = rng.gauss(0, self.wobble * 0.7), rng.gauss(0, self.wobble * 0.7)
        length, track = 0.0, []
        for index, (x, y) in enumerate(points):
            if index:
                length += math.hypot(x - points[index - 1][0], y - points[index - 1][1])
            shift = sum(high * math.sin(often * length + phase) for often, phase, high in waves)
            turn = sum(high * math.cos(often * length + phase) for often, phase, high in waves)
            track.append(self.at((x + dx + shift, y + dy + turn)))
        width = max(1, round(self.pen * rng.uniform(0.8, 1.2)))
        self.draw.line(track, fill=self.ink, width=width, joint="curve")
        radius = width / 2 - 0.5
        for x, y in (track[0], track[-1]):
            self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=self.ink)

    def crayon(self, chance: float = 0.45) -> Colour | None:
        """A colour to fill with, or none."""
        if self.rng.random() >= chance:
            return None
        colour = _varied(self.rng, self.rng.choice(_CRAYONS), 15)
        weight = self.rng.uniform(0.35, 0.9)
        red, green, blue = (
            round(weight * one + (1 - weight) * two)
            for one, two in zip(colour, self.paper, strict=True)
        )
        return red, green, blue


def _straight(start: Point, end: Point) -> list[Point]:
    steps = max(2, int(math.hypot(end[0] - start[0], end[1] - start[1]) / 0.07))
    return [
        (
            start[0] + (end[0] - start[0]) * step / steps,
            start[1] + (end[1] - start[1]) * step / steps,
        )
        for step in range(steps + 1)
    ]


def smooth(points: Sequence[Point]) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    padded = [points[0], *points, points[-1]]
    track: list[Point] = []
    for p0, p1, p2, p3 in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        steps = max(2, int(math.hypot(p2[0] - p1[0], p2[1] - p1[1]) / 0.05))
        for step in range(steps):
            t = step / steps
            track.append((_blend(p0[0], p1[0], p2[0], p3[0], t),
                          _blend(p0[1], p1[1], p2[1], p3[1], t)))  # fmt: skip
    return [*track, points[-1]]


def _blend(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )


def _varied(rng: random.Random, colour: Colour, by: float) -> Colour:
    red, green, blue = (max(0, min(255, round(one + rng.gauss(0, by)))) for one in colour)
    return red, green, blue


def mixed(one: Colour, two: Colour, share: float) -> Colour:
    """A colour between two; a share of 1 is the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, two, strict=True))
    return red, green, blue

"""The charts: validation strong, training faint. Blue and orange are kept for frozen and thawed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.advice.growth import FITTED, Growth
from core.datasets.dataset import Dataset, Record
from core.results.evaluation import mixed_up
from core.storage.events import Event
from pages.parts.shared import words
from pages.parts.shared.words import later, say, several

# Mid tones that stand out on the light and on the dark background alike.
ICE, EMBER = "#3b9ae0", "#f07a2e"
STRONG, FAINT, QUIET = "#8466e6", "#9c8fce", "#8fa3b5"
CONFIG = {"displayModeBar": False, "scrollZoom": False, "showTips": False}
CONFIG_MAP = {
    "displayModeBar": True,
    "displaylogo": False,
    "scrollZoom": False,  # scrolling moves the page; there are buttons for it
    "modeBarButtonsToRemove": ["toImage", "zoom2d", "autoScale2d"],
}

_SPLITS = {
    "train": (later("training"), FAINT),
    "validation": (later("validation"), STRONG),
    "test": (later("test"), QUIET),
}
# Of classes on a map: mid tones again, far from each other, without the blue and the orange.
_CLASSES = ("#8466e6", "#2fa37a", "#d6488b", "#b59a1f", "#5f7f95", "#b0533c", "#4fb3bf", "#9ab83a")
_CHOSEN = "#d6488b"  # what was clicked
_SYMBOLS = ("circle", "square", "diamond")
_DASHES = ("solid", "dash", "dot")  # of curves, so that neighbours differ by more than colour
_TOLD = 20  # runs of a chart that are told in words, the most accurate first
_LONGEST = 80  # letters of a name that shows on hover
_FIT = 24  # classes of a confusion matrix whose cells can hold their numbers


def label(name: str, length: int = 24) -> str:
    """A class name for a chart, which reads some HTML."""
    return escape(words.bare(words.shortened(name, length)))


def counts(dataset: Dataset) -> go.Figure:
    """Images of each class as bars, split by split."""
    found: Counter[tuple[str, str]] = Counter(
        (record.label, record.split) for record in dataset.records
    )
    names = [label(name, _LONGEST) for name in dataset.classes]
    figure = go.Figure()
    for split, (title, colour) in _SPLITS.items():
        if dataset.split_counts[split]:
            figure.add_bar(
                y=list(range(len(names))),
                x=[found[name, split] for name in dataset.classes],
                name=say(title),
                orientation="h",
                marker={"color": colour, "cornerradius": 4},
                opacity=0.5 if split == "train" else 1,
                customdata=names,
                hovertemplate="%{customdata}: %{x} (" + say(title) + ")<extra></extra>",
            )
    row = 34 if len(names) <= 12 else 20
    figure.update_layout(
        _layout(height=90 + row * len(names)),
        clickmode="event+select",
        barmode="stack",
        legend_traceorder="normal",  # as the bars lie
        bargap=0.35,
        xaxis={"title": None, "fixedrange": True, "rangemode": "tozero"},
        yaxis=_names(dataset.classes, autorange="reversed"),
    )
    return figure


def tally(counted: Sequence[tuple[str, int]]) -> go.Figure:
    """How many pictures there are of each class, as bars.

    Args:
        counted: Each class with its pictures, in the order of the bars.
    """
    classes, numbers = zip(*counted, strict=True)
    names = [label(name, _LONGEST) for name in classes]
    figure = go.Figure()
    figure.add_bar(
        y=list(range(len(names))),
        x=numbers,
        orientation="h",
        marker={"color": STRONG, "cornerradius": 4},
        customdata=names,
        hovertemplate="%{customdata}: %{x}<extra></extra>",
        text=numbers,
        textposition="auto",
        textangle=0,
    )
    figure.update_layout(
        _layout(height=60 + (34 if len(names) <= 12 else 20) * len(names)),
        clickmode="event+select",
        bargap=0.35,
        xaxis={
            "title": None,
            "fixedrange": True,
            "rangemode": "tozero",
            "dtick": 1 if max(numbers) <= 12 else None,  # no half pictures
        },
        yaxis=_names(classes, autorange="reversed"),
    )
    return figure


def race(tried: Sequence[Event], winner: int, budget: int) -> go.Figure:
    """Validation accuracy of each candidate against the seconds after which it was known.

    Args:
        tried: What a race has judged, in order.
        winner: The place of the one that leads.
        budget: Seconds that the race may take.
    """
    shown = [place for place, each in enumerate(tried) if each["val_accuracy"] is not None]
    figure = go.Figure()
    figure.add_scatter(
        x=[tried[place]["seconds"] for place in shown],
        y=[tried[place]["val_accuracy"] for place in shown],
        text=[str(place + 1) for place in shown],
        mode="markers+text",
        textposition="bottom center",
        marker={
            "size": [20 if place == winner else 13 for place in shown],
            "symbol": ["star" if place == winner else "circle" for place in shown],
            "color": [STRONG if place == winner else FAINT for place in shown],
        },
        hovertemplate="%{x:.0f} s: %{y:.1%}<extra></extra>",
        cliponaxis=False,
    )
    last = max([budget, *(tried[place]["seconds"] for place in shown)])
    least = min(tried[place]["val_accuracy"] for place in shown)
    figure.update_layout(
        _layout(height=210),
        showlegend=False,
        xaxis={"title": say("seconds"), "range": [0, 1.03 * last], "fixedrange": True},
        yaxis={
            "tickformat": ".0%",
            "range": [max(0, 1.35 * least - 0.4), 1],
            "fixedrange": True,
        },
    )
    return figure


def history(
    rows: Sequence[Event], measure: str, epochs: int, best: int | None, solved: Event | None = None
) -> go.Figure:
    """Accuracy or loss, epoch by epoch.

    Args:
        rows: One event an epoch.
        measure: "accuracy" or "loss".
        epochs: How many there will be.
        best: The epoch whose weights are kept.
        solved: The exact solution after the last epoch, where that is kept instead.
    """
    at = [row["epoch"] for row in rows]
    digits = ".1%" if measure == "accuracy" else ".3f"
    figure = go.Figure()
    for key, title, colour, width in (
        (measure, say("training pictures"), FAINT, 2),
        (f"val_{measure}", say("validation pictures"), STRONG, 3.5),
    ):
        figure.add_scatter(
            x=at,
            y=[row[key] for row in rows],
            name=title,
            mode="lines+markers" if len(rows) <= 25 else "lines",
            line={"color": colour, "width": width, "shape": "linear"},
            marker={"size": 2 * width},
            hovertemplate="%{y:" + digits + "}",
        )
    chosen = [rows[-1] | solved] if solved else [row for row in rows if row["epoch"] == best]
    if chosen:
        figure.add_scatter(
            x=[chosen[0]["epoch"]],
            y=[chosen[0][f"val_{measure}"]],
            name=say("exact solution (kept)") if solved else say("best epoch (kept)"),
            mode="markers",
            marker={
                "symbol": "star",
                "size": 17,
                "color": STRONG,
                "line": {"width": 1, "color": "#ffffff"},
            },
            hoverinfo="skip",
            cliponaxis=False,  # the last epoch lies on the edge
        )
    figure.update_layout(
        _layout(height=290),
        hovermode="x unified",
        xaxis={
            "title": say("epoch"),
            "range": [0.7, _reach(len(rows), epochs) + 0.3],
            "fixedrange": True,
            "dtick": 1 if _reach(len(rows), epochs) <= 12 else None,
            "tickformat": "d",
        },
        yaxis={
            "title": None,
            "fixedrange": True,
            "tickformat": ".0%" if measure == "accuracy" else None,
            "rangemode": "tozero" if measure == "loss" else "normal",
        },
    )
    if measure == "accuracy":
        lowest = min((min(row["accuracy"], row["val_accuracy"]) for row in rows), default=0.0)
        figure.update_yaxes(range=[max(0.0, lowest - 0.08), 1.02])
    return figure


def _reach(done: int, epochs: int) -> int:
    """How far the axis of epochs goes: it grows in a few steps, so that short curves fill it."""
    steps = (2, 5, 10, 20, 50, 100, 200, 500, 1000)
    return max(2, min(epochs, next(step for step in steps if step >= done)))


def told_history(
    rows: Sequence[Event], measure: str, best: int | None, solved: Event | None = None
) -> str:
    """A history chart in words."""
    if not rows:
        return say("No epoch has finished yet.")
    last, shares = rows[-1], measure == "accuracy"
    values = [words.percent(last[key]) if shares else say("{value:.3f}", value=last[key])
              for key in (measure, f"val_{measure}")]  # fmt: skip
    text = (
        several(
            "Accuracy after {count} epoch: training {train}, validation {validation}.",
            "Accuracy after {count} epochs: training {train}, validation {validation}.",
            len(rows),
            train=values[0],
            validation=values[1],
        )
        if shares
        else several(
            "Loss after {count} epoch: training {train}, validation {validation}.",
            "Loss after {count} epochs: training {train}, validation {validation}.",
            len(rows),
            train=values[0],
            validation=values[1],
        )
    )
    if solved:
        value = solved[f"val_{measure}"]
        shown = words.percent(value) if shares else say("{value:.3f}", value=value)
        return f"{text} {say('Exact solution: {value}.', value=shown)}"
    return f"{text} {say('Best epoch: {number}.', number=best)}" if best else text


def confusion(
    classes: Sequence[str], table: Sequence[Sequence[int]], *, shares: bool = False
) -> go.Figure:
    """The confusion matrix: rows true classes, columns predicted ones.

    A cell's colour is its share of the row, so that small classes show too. Its number stands in
    it where there is room (see `numbers_fit`), and shows on hover anyway. A heat map can't be
    clicked in Streamlit; unseen points in its cells can.

    Args:
        classes: Their names.
        table: How many pictures of each class (row) were taken for each class (column).
        shares: Whether a cell's number is its share of the row, in percent.
    """
    fit = numbers_fit(classes)
    figure = go.Figure(
        go.Heatmap(
            z=[[count / max(sum(row), 1) for count in row] for row in table],
            zmin=0,
            zmax=1,
            text=[
                [
                    (words.percent(count / sum(row)) if shares else str(count)) if count else ""
                    for count in row
                ]
                for row in table
            ],
            texttemplate="%{text}" if fit else None,
            textfont={"size": 15 if len(classes) <= (6 if shares else 12) else 11},
            hoverinfo="skip",
            showscale=False,
            xgap=2 if fit else 0.5,
            ygap=2 if fit else 0.5,
        )
    )
    cells = [
        (row, column)
        for row, counts in enumerate(table)
        for column, count in enumerate(counts)
        if fit or count  # of very many cells, a click finds the nearest that has pictures
    ]
    figure.add_scatter(
        x=[column for _, column in cells],
        y=[row for row, _ in cells],
        mode="markers",
        marker={
            "opacity": 0,
            "symbol": "square-open",
            "color": _CHOSEN,
            "size": 30 if fit else 9,
            "line": {"width": 3 if fit else 2},
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0}},
        customdata=[
            [table[row][column], label(classes[row], _LONGEST), label(classes[column], _LONGEST)]
            for row, column in cells
        ],
        hovertemplate=say(
            "{count} × {true}<br>predicted: {predicted}",
            count="%{customdata[0]}",
            true="%{customdata[1]}",
            predicted="%{customdata[2]}",
        )
        + "<extra></extra>",
        showlegend=False,
    )
    figure.update_layout(
        _layout(height=min(150 + max(30, 62 - 2 * len(classes)) * len(classes), 900)),
        clickmode="event+select",
        hovermode="closest",
        hoverdistance=-1 if fit else 20,  # a click anywhere in a cell is meant for it
        xaxis=_names(
            classes,
            title=say("predicted"),
            range=[-0.5, len(classes) - 0.5],
            side="top",
            tickangle=40,  # leaning left: Plotly leaves out names beyond the right edge
            length=14,
            showticklabels=fit,
        ),
        yaxis=_names(
            classes,
            title=say("true class"),
            range=[len(classes) - 0.5, -0.5],  # points in the cells would ask for a margin
            length=14,
            tickfont={"size": 12 if fit else 7},
        ),
    )
    return figure


def reliability(bins: Sequence[dict[str, Any]]) -> go.Figure:
    """How sure a network is, against how often it is right; bars should reach the line.

    Args:
        bins: As `calibration.reliability` gives them.
    """
    figure = go.Figure()
    figure.add_bar(
        x=[(each["from"] + each["to"]) / 2 for each in bins],
        y=[each["accuracy"] for each in bins],
        width=[0.09] * len(bins),
        marker={"color": STRONG, "cornerradius": 3},
        unselected={"marker": {"opacity": 0.45}},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [each["interval"][1] - each["accuracy"] for each in bins],
            "arrayminus": [each["accuracy"] - each["interval"][0] for each in bins],
            "color": QUIET,
        },
        customdata=[[each["images"], each["confidence"]] for each in bins],
        hovertemplate=say(
            "{right} right of {count}<br>{sure} sure on average",
            right="%{y:.0%}",
            count="%{customdata[0]}",
            sure="%{customdata[1]:.0%}",
        )
        + "<extra></extra>",
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": QUIET, "dash": "dot"},
        hoverinfo="skip",
    )
    share = {"range": [0, 1.02], "tickformat": ".0%", "fixedrange": True}
    figure.update_layout(
        _layout(height=320),
        showlegend=False,
        clickmode="event+select",
        xaxis={"title": say("how sure it is"), "showgrid": False, **share},
        yaxis={"title": say("how often it is right"), **share},
    )
    return figure


def told_reliability(bins: Sequence[dict[str, Any]]) -> str:
    """A reliability diagram in words."""
    parts = [
        say(
            "{sure} sure, {right} right",
            sure=words.percent(each["confidence"]),
            right=words.percent(each["accuracy"]),
        )
        for each in bins
    ]
    return say("How sure it is and how often it is right: {parts}.", parts="; ".join(parts))


MEASURED = 1  # which trace of the learning curve


def growth(found: Growth) -> go.Figure:
    """Accuracy against the number of training pictures, and where the curve leads.

    What was measured is trace `MEASURED`, a point for each size.
    """
    last = found.sizes[-1]
    reach = np.geomspace(found.sizes[-FITTED:][0], 2 * last, 60)
    after, at = min(found.accuracy[-1] + found.gain.value, 1.0), 2 * last
    figure = go.Figure()
    figure.add_scatter(
        x=reach.tolist(),
        y=[found.at(each) for each in reach],
        name=say("fitted curve"),
        mode="lines",
        line={"color": QUIET, "dash": "dot"},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=list(found.sizes),
        y=list(found.accuracy),
        name=say("measured"),
        mode="markers",
        marker={"color": STRONG, "size": 10},
        error_y={"type": "data", "array": list(found.spread), "color": FAINT},
        hovertemplate=say(
            "{count} training pictures: {share} right", count="%{x}", share="%{y:.1%}"
        )
        + "<extra></extra>",
        unselected={"marker": {"opacity": 0.45}},
    )
    figure.add_scatter(
        x=[at],
        y=[after],
        name=say("expected of twice as many"),
        mode="markers",
        marker={"color": STRONG, "size": 12, "symbol": "star-open"},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [min(found.accuracy[-1] + found.gain.high, 1.0) - after],
            "arrayminus": [after - min(found.accuracy[-1] + found.gain.low, 1.0)],
            "color": FAINT,
        },
        hovertemplate=say("expected of {count}: {share} right", count="%{x}", share="%{y:.1%}")
        + "<extra></extra>",
    )
    ticks = [*found.sizes, at]
    figure.update_layout(
        _layout(height=320),
        clickmode="event+select",
        xaxis={
            "title": say("training pictures"),
            "type": "log",
            "tickvals": ticks,
            "ticktext": [words.number(each) for each in ticks],
            "fixedrange": True,
        },
        yaxis={"title": None, "tickformat": ".1~%", "fixedrange": True},
    )
    return figure


def told_growth(found: Growth) -> str:
    """A learning curve in words."""
    parts = [
        say("{count} pictures: {share}", count=size, share=words.percent(accuracy))
        for size, accuracy in zip(found.sizes, found.accuracy, strict=True)
    ]
    return say("Accuracy by training pictures: {parts}.", parts="; ".join(parts))


def numbers_fit(classes: Sequence[str]) -> bool:
    """Whether the cells of a confusion matrix are large enough for their numbers."""
    return len(classes) <= _FIT


def told_confusion(classes: Sequence[str], table: Sequence[Sequence[int]]) -> str:
    """The confusion matrix in words: the commonest mix-ups."""
    found = mixed_up(classes, table)[:3]
    if not found:
        return say("Confusion matrix. Nothing was mixed up.")
    mixes = [
        say("{true} mistaken for {predicted}: {count}", true=true, predicted=predicted, count=count)
        for true, predicted, count in found
    ]
    return words.bare(say("Confusion matrix. {mixes}.", mixes="; ".join(mixes)))


def traces(classes: int) -> list[list[int]]:
    """Which classes of a map are drawn together: each for itself where there is a legend.

    Moving the map draws every trace anew, which takes long where there are a hundred.
    """
    every = list(range(classes))
    return [[each] for each in every] if classes <= _FIT else [every]


def atlas(placed: Sequence[tuple[str, Sequence[tuple[Record, float, float]]]]) -> go.Figure:
    """Pictures as points on a plane, drawn by the graphics card, so that 10,000 stay smooth.

    Args:
        placed: Of each class its pictures, at least one, each with where it lies.
    """
    figure = go.Figure()
    count = sum(len(points) for _, points in placed)
    for numbers in traces(len(placed)):
        points = [(number, *point) for number in numbers for point in placed[number][1]]
        first = numbers[0]
        if len(numbers) == 1:
            colour: Any = _CLASSES[first % len(_CLASSES)]
            symbol = _SYMBOLS[first // len(_CLASSES)]
        else:  # a symbol for each would be drawn four times as slowly without a graphics card
            colour = [_one_of_many(number) for number, *_ in points]
            symbol = "circle"
        figure.add_scattergl(
            x=[x for *_, x, _ in points],
            y=[y for *_, y in points],
            name=label(placed[first][0], 20),
            mode="markers",
            marker={
                "color": colour,
                "symbol": symbol,
                "size": 9 if count <= 1000 else 5,
            },
            customdata=[
                [words.bare(words.shortened(_file(record), 40)), record.digest, number]
                for number, record, *_ in points
            ],
            hoverinfo="none",  # `map_hover` shows the picture
        )
    hidden = {"visible": False, "showgrid": False, "zeroline": False}
    figure.update_layout(
        _layout(height=520),
        showlegend=len(figure.data) > 1,
        dragmode="pan",
        modebar={
            "bgcolor": "rgba(0,0,0,0)",
            "color": QUIET,
            "activecolor": STRONG,
            "orientation": "v",
        },
        clickmode="event+select",
        xaxis=hidden,
        yaxis=hidden | {"scaleanchor": "x"},
    )
    return figure


def overlay(curves: Sequence[tuple[str, Sequence[Event]]]) -> go.Figure:
    """Validation accuracy of several runs, epoch by epoch.

    Args:
        curves: The name of each run and its history.
    """
    figure = go.Figure()
    for place, (name, rows) in enumerate(curves):
        figure.add_scatter(
            x=[row["epoch"] for row in rows],
            y=[row["val_accuracy"] for row in rows],
            name=label(name),
            mode="lines+markers" if len(rows) <= 25 else "lines",
            line={
                "color": _CLASSES[place % len(_CLASSES)],
                "width": 2.5,
                "dash": _DASHES[place % len(_DASHES)],
            },
            hovertemplate="%{y:.1%}",
        )
    longest = max((rows[-1]["epoch"] for _, rows in curves), default=0)
    figure.update_layout(
        _layout(height=330),
        showlegend=True,
        hovermode="x unified",
        xaxis={
            "title": say("epoch"),
            "fixedrange": True,
            "tickformat": "d",
            "dtick": 1 if longest <= 12 else None,  # no half epochs, which would be rounded
        },
        yaxis={"title": None, "fixedrange": True, "tickformat": ".1~%"},
    )
    if shares := [row["val_accuracy"] for _, rows in curves for row in rows]:
        figure.update_yaxes(range=_around(shares))
    return figure


def told_overlay(curves: Sequence[tuple[str, Sequence[Event]]]) -> str:
    """The curves of several runs in words: where each ends."""
    return say(
        "Validation accuracy of {runs}",
        runs=words.comma(
            [
                f"{words.bare(name)}: {words.percent(rows[-1]['val_accuracy'])}"
                for name, rows in curves
            ]
        ),
    )


@dataclass(frozen=True)
class Point:
    """A run in a chart of accuracy against what it took.

    Attributes:
        name: What it is called.
        cost: Seconds or parameters, above 0.
        accuracy: Of held-out images.
        interval: The confidence interval of that.
        strong: Whether it stands out.
    """

    name: str
    cost: float
    accuracy: float
    interval: tuple[float, float]
    strong: bool = False


def against(points: Sequence[Point], title: str, *, named: bool = False) -> go.Figure:
    """Accuracy of runs against what they took, on a logarithmic axis.

    Args:
        points: The runs.
        title: Of the axis.
        named: Whether names and intervals are always shown; else on hover alone.
    """
    figure = go.Figure()
    for strong in (False, True):
        some = [point for point in points if point.strong is strong]
        figure.add_scatter(
            x=np.array([point.cost for point in some]),
            y=np.array([point.accuracy for point in some]),
            mode="markers+text" if named else "markers",
            marker={
                "size": 13 if strong else 9,
                "symbol": "star" if strong else "circle",
                "color": STRONG if strong or named else FAINT,
            },
            hovertext=[label(point.name, _LONGEST) for point in some],
            customdata=np.array([point.interval for point in some]),
            hovertemplate=say(
                "{name}<br>{right} right ({low} to {high})<br>{cost}",
                name="%{hovertext}",
                right="%{y:.1%}",
                low="%{customdata[0]:.0%}",
                high="%{customdata[1]:.0%}",
                cost="%{x:,.0f}",
            )
            + "<extra></extra>",
            **(_named(some) if named else {}),
        )
    figure.update_layout(
        _layout(height=360 if named else 330),
        showlegend=False,
        xaxis={"title": title, "type": "log", "fixedrange": True, "tickformat": "~s", "nticks": 6},
        yaxis={"title": say("accuracy"), "fixedrange": True, "tickformat": ".1~%"},
    )
    if named and points:  # room for the names, which stand beside the points
        costs = np.log10([point.cost for point in points])
        figure.update_xaxes(range=[costs.min() - 0.1, costs.max() + 0.4])
    elif points:
        figure.update_yaxes(range=_around([point.accuracy for point in points]))
    return figure


def _around(shares: Sequence[float]) -> list[float]:
    """An axis for shares: Plotly draws equal ones on an axis up to 200%."""
    low, high = min(shares), max(shares)
    room = max(0.02, (high - low) * 0.08)
    begin = max(0.0, min(low - room, high - 0.1))
    return [begin, min(1.02, max(high + room, begin + 0.1))]


def _named(points: Sequence[Point]) -> dict[str, Any]:
    """What shows the names and the intervals of points."""
    return {
        "text": [label(point.name, 20) for point in points],
        "textposition": "middle right",  # above, they would lie on the intervals
        "cliponaxis": False,
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [point.interval[1] - point.accuracy for point in points],
            "arrayminus": [point.accuracy - point.interval[0] for point in points],
            "color": QUIET,
            "thickness": 1,
        },
    }


def told_against(points: Sequence[Point], title: str) -> str:
    """Such a chart in words."""
    parts = [
        f"{words.bare(point.name)}: {words.percent(point.accuracy)}, {words.number(point.cost)}"
        for point in sorted(points, key=lambda point: -point.accuracy)[:_TOLD]
    ]
    return say("Accuracy against {cost}. {parts}.", cost=title, parts="; ".join(parts))


def _file(record: Record) -> str:
    return record.file.rpartition("/")[2]


def _one_of_many(number: int) -> str:
    """A different mid tone for each of many classes; neighbours differ most."""
    return f"hsl({number * 137.508 % 360:.1f}, 55%, {50 + 5 * (number % 3)}%)"


def _names(classes: Sequence[str], length: int = 24, **more: Any) -> dict[str, Any]:
    """An axis of class names; places, not names, keep apart what looks alike when shortened."""
    short = words.apart(classes, length)
    return {
        "tickmode": "array",
        "tickvals": list(range(len(classes))),
        "ticktext": [escape(short[name]) for name in classes],
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        **more,
    }


def _layout(height: int) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 36, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None},
        "uirevision": "steady",
        "transition": {"duration": 0},
    }

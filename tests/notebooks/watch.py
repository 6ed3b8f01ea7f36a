"""Looks at every figure that a notebook shows: in the notebook's own kernel, since a picture no longer tells what its axes say.

`run.py` puts a cell before the first that calls `begin`. Each figure becomes a line of JSON: its faults, in words.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import matplotlib.colors as colors
import numpy as np
from matplotlib.axis import Axis
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.category import StrCategoryLocator
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

import bufferlake

CHOSEN = {colors.to_rgb(colour) for colour in bufferlake.PALETTE}


def begin(report: str) -> None:
    """From now on every figure that is shown is looked at."""
    show = FigureCanvasBase.print_figure

    def show_and_look(canvas, *arguments, **options):
        shown = show(canvas, *arguments, **options)
        with Path(report).open("a") as file:
            file.write(json.dumps(faults(canvas.figure)) + "\n")
        return shown

    FigureCanvasBase.print_figure = show_and_look


def faults(figure: Figure) -> list[str]:
    found = [] if figure.axes else ["it has no axes"]
    for number, ax in enumerate(figure.axes, 1):
        of = f"axes {number}: "
        if not (ax.get_title() or ax.get_title("left")):
            found.append(of + "no title")
        for axis in (ax.xaxis, ax.yaxis):
            found += [of + fault for fault in faults_of_axis(axis)]
        found += [f"{of}the colour {colour} is not of the palette" for colour in sorted(strange_colours(ax))]
    return found + [f"axes {number}: nothing is drawn" for number in empty_axes(figure)]


def faults_of_axis(axis: Axis) -> list[str]:
    said = axis.get_label_text()
    if not said:
        return [f"the {axis.axis_name} axis has no title"]
    # Where words stand at the ticks there is no unit.
    labels = [label.get_text() for label in axis.get_ticklabels()]
    has_words = isinstance(axis.get_major_locator(), (FixedLocator, StrCategoryLocator)) and any(re.search("[A-Za-z]{2}", label) for label in labels)
    if not has_words and not re.search(r"\(.+\)", said, re.DOTALL):
        return [f"the {axis.axis_name} axis tells no unit: {said}"]
    return []


def strange_colours(ax) -> set[str]:
    used = [line.get_color() for line in ax.lines]
    used += [patch.get_facecolor() for patch in ax.patches]
    for collection in ax.collections:
        used += [*collection.get_facecolor(), *collection.get_edgecolor()]
    exact = {colors.to_rgb(colour) for colour in used}
    return {colors.to_hex(colour) for colour in exact if colour not in CHOSEN and max(colour) - min(colour) > 0.02}


def empty_axes(figure: Figure) -> list[int]:
    """Numbers of the axes in which nothing but frame and grid is seen. The figure is spoilt by it: it was shown already."""
    for ax in figure.axes:
        ax.grid(False)
        ax.set_axis_off()
        if legend := ax.get_legend():
            legend.remove()
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[::-1, :, :3]
    empty = []
    for number, ax in enumerate(figure.axes, 1):
        box = ax.get_window_extent()
        inside = pixels[int(max(0, box.y0)) : int(box.y1) + 1, int(max(0, box.x0)) : int(box.x1) + 1]
        if not (inside < 250).any():
            empty.append(number)
    return empty

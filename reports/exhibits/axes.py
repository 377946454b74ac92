"""
Axes in the house style that are drawn quickly: what stands beside a scale is written directly.

matplotlib makes five artists for every mark of a scale and measures each several times; here a
scale has none, and room around the axes is made by measuring each word once or twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis, YAxis
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FixedLocator
from matplotlib.transforms import Bbox, IdentityTransform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.backend_bases import RendererBase
    from matplotlib.figure import Figure

EDGE_PT: Final = 3.0
"""Room left free along the edges of a figure."""

FIRST_PLACE: Final = (0.08, 0.2, 0.9, 0.62)
"""Where axes lie until `arrange` knows their words: left, bottom, width, height."""

_STYLE: Final = cast("Mapping[str, Any]", rcParams)
_NEAR: Final = 1e-9


class _Scale(Axis):
    """What the scale below and the one on the left have in common."""

    axis_name: str
    side: int
    """Which coordinate the scale measures: 0 across, 1 upwards."""

    def __init__(self, axes: Axes, **options: Any) -> None:
        self._has_grid = False
        super().__init__(axes, **options)

    def grid(self, visible: bool | None = None, which: str = "major") -> None:  # type: ignore[override]  # noqa: ARG002, FBT001
        """Whether lines cross the axes at the marks."""
        self._has_grid = not self._has_grid if visible is None else bool(visible)
        self.stale = True

    def set_ticks(  # type: ignore[override]
        self, ticks: Sequence[float], labels: Sequence[str] | None = None
    ) -> None:
        """Mark these places, with these names; all of them are within the axes."""
        self.set_major_locator(FixedLocator(ticks))
        if labels is not None:
            self.set_major_formatter(FixedFormatter(labels))
        if len(ticks):
            self.set_view_interval(min(ticks), max(ticks))
        self.axes.stale = True

    def set_tick_params(self, *_: Any, **__: Any) -> None:
        """Marks look as the style says: there is none to change."""

    def set_clip_path(self, path: Any, transform: Any = None) -> None:
        """Nothing beside a scale is clipped."""
        Artist.set_clip_path(self, path, transform)

    def get_tightbbox(
        self, renderer: RendererBase | None = None, *, for_layout_only: bool = False
    ) -> Bbox | None:
        """Measure what stands beside the axes: the names of marks and of the scale."""
        _ = for_layout_only
        word = self._word()
        boxes = [self._placed(word, *mark).get_window_extent(renderer) for mark in self._marks()]
        self._place_label(boxes)
        if self.label.get_text():
            boxes.append(self.label.get_window_extent(renderer))
        return Bbox.union(boxes) if boxes else None

    def draw(self, renderer: RendererBase) -> None:
        """Draw the grid, the marks and their names."""
        if not self.get_visible():
            return
        renderer.open_group("matplotlib.axis")
        marks, word, name = self._marks(), self._word(), f"{self.axis_name}tick"
        self._draw_lines(renderer, [place for place, _ in marks])
        for mark in marks:
            renderer.open_group(name)
            self._placed(word, *mark).draw(renderer)
            renderer.close_group(name)
        if self.label.get_text():
            self.get_tightbbox(renderer)
            self.label.draw(renderer)
        renderer.close_group("matplotlib.axis")
        self.stale = False

    def _marks(self) -> list[tuple[float, str]]:
        """Where the marks within the axes are, in pixels along the scale, and what they say."""
        values = np.asarray(self.get_majorticklocs(), dtype=float)
        names = self.get_major_formatter().format_ticks(values.tolist())
        points = np.zeros((len(values), 2))
        points[:, self.side] = self.get_transform().transform(values)
        places = self.axes.transLimits.transform(points)[:, self.side]
        low, length = self.axes.bbox.bounds[self.side], self.axes.bbox.bounds[self.side + 2]
        return [
            (low + share * length, name)
            for share, name in zip(places.tolist(), names, strict=True)
            if -_NEAR <= share <= 1 + _NEAR
        ]

    def _draw_lines(self, renderer: RendererBase, places: list[float]) -> None:
        box, name = self.axes.bbox, f"{self.axis_name}tick"
        if self._has_grid:
            ends = (box.extents[1 - self.side], box.extents[3 - self.side])
            self._draw_each(renderer, places, ends, "grid.color", "grid.linewidth")
        size = _STYLE[f"{name}.major.size"]
        if size:
            start = box.extents[1 - self.side]
            ends = (start, start - size)
            self._draw_each(renderer, places, ends, f"{name}.color", f"{name}.major.width")

    def _draw_each(
        self,
        renderer: RendererBase,
        places: list[float],
        ends: tuple[float, float],
        colour: str,
        width: str,
    ) -> None:
        if not places:
            return
        points = [(place, end)[:: -1 if self.side else 1] for place in places for end in ends]
        pen = renderer.new_gc()
        pen.set_foreground(_STYLE[colour])
        pen.set_linewidth(_STYLE[width])
        codes = [Path.MOVETO, Path.LINETO] * len(places)
        renderer.draw_path(pen, Path(points, codes), IdentityTransform())
        pen.restore()

    def _word(self) -> Text:
        """One text that is moved from mark to mark."""
        name = f"{self.axis_name}tick"
        across, upwards = ("right", "center_baseline") if self.side else ("center", "top")
        word = Text(
            ha=across, va=upwards,
            color=_STYLE[f"{name}.labelcolor"], fontsize=_STYLE[f"{name}.labelsize"],
        )  # fmt: skip
        word.set_figure(self.axes.figure)
        return word

    def _placed(self, word: Text, place: float, text: str) -> Text:
        word.set_text(text)
        beside = self.axes.bbox.extents[1 - self.side] - self._gap()
        word.set_position((beside, place) if self.side else (place, beside))
        return word

    def _gap(self) -> float:
        """From the axes to the names of the marks."""
        name = f"{self.axis_name}tick.major"
        return float(_STYLE[f"{name}.size"] + _STYLE[f"{name}.pad"])

    def _place_label(self, names: list[Bbox]) -> None:
        """Put the name of the scale beyond the names of its marks."""
        box = self.axes.bbox
        beyond = Bbox.union([box, *names]).extents[1 - self.side] - self.labelpad
        middle = (box.extents[self.side] + box.extents[self.side + 2]) / 2
        self.label.set_transform(IdentityTransform())
        self.label.set_position((beyond, middle) if self.side else (middle, beyond))


class BottomScale(_Scale, XAxis):
    """The scale below the axes."""

    side = 0


class LeftScale(_Scale, YAxis):
    """The scale to the left of the axes."""

    side = 1


class PlainAxes(Axes):
    """Axes with one scale below and one on the left, whose marks are no artists."""

    def _init_axis(self) -> None:
        self.xaxis = BottomScale(self, clear=False)
        self.yaxis = LeftScale(self, clear=False)
        for scale, sides in ((self.xaxis, ("bottom", "top")), (self.yaxis, ("left", "right"))):
            for side in sides:
                self.spines[side].register_axis(scale)
                # Else it would be placed by the data: matplotlib places it when marks are made.
                self.spines[side].get_position()


def arrange(figure: Figure, renderer: RendererBase) -> None:
    """
    Make room for what is written around a figure's axes.

    Parameters
    ----------
    figure : its first axes are moved, others stay with them; its legends are above them all.
    renderer : measures the words.
    """
    axes = figure.axes[0]
    width, height = renderer.get_canvas_width_height()
    heights = [legend.get_window_extent(renderer).height for legend in figure.legends]
    above = sum(heights) + 2 * EDGE_PT * len(heights)
    # Marks and notes lie elsewhere in axes of another size: their second place is near enough.
    for _ in range(2):
        left, below, right, top = _overhang(figure, renderer) + EDGE_PT
        top += above
        axes.set_position(
            (left / width, below / height, 1 - (left + right) / width, 1 - (below + top) / height)
        )


def _overhang(figure: Figure, renderer: RendererBase) -> np.ndarray:
    """How far the words reach beyond the axes: left, below, right, above."""
    box = figure.axes[0].bbox
    words = [
        part.get_tightbbox(renderer)
        for axes in figure.axes
        for part in (axes.xaxis, axes.yaxis, *_written(axes))
        if part.get_visible()
    ]
    reach = Bbox.union([box, *filter(None, words)])
    return np.subtract(box.extents, reach.extents) * (1, 1, -1, -1)


def _written(axes: Axes) -> list[Text]:
    """Titles and notes."""
    return [one for one in axes.get_children() if isinstance(one, Text) and one.get_text()]

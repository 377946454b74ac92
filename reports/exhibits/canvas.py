"""
A canvas for matplotlib that writes SVG in few words: text stays text, the same bytes every time.

What matplotlib's own SVG canvas writes is three times as long, and everything that reads a
drawing afterwards pays for it.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_hex
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags
from matplotlib.path import Path
from matplotlib.transforms import BboxTransformTo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.backend_bases import GraphicsContextBase
    from matplotlib.text import Text
    from matplotlib.transforms import Transform

USUAL_SIZE: Final = 8.5
"""Type size a text has unless it says another, in points."""

KEPT_GROUPS: Final = frozenset({"matplotlib.axis", "xtick", "ytick"})
"""Groups that are written: they tell the marks of a scale from other words."""

_UNIT_SQUARE: Final = Path.unit_rectangle()
_LETTERS: Final = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}
_CORNERS: Final = {Path.CURVE3: 2, Path.CURVE4: 3}
_ANCHORS: Final = {"left": (0.0, ""), "center": (0.5, "middle"), "right": (1.0, "end")}
_CAPS: Final = {"projecting": "square", "round": "round"}


def prepare(family: str) -> None:
    """Open a font and measure what most labels are made of."""
    face = _face_of(FontProperties(family=[family]))
    _line(face)
    for code in range(ord(" "), ord("~") + 1):
        _glyph(face, chr(code))


class Canvas(RendererBase):
    """
    A drawing in the making; a point is a pixel.

    Parameters
    ----------
    width, height : points.
    """

    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        self._width, self._height = width, height
        self._drawn: list[str] = []
        self._clips: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()
        self._are_kept: list[bool] = []

    def svg(self, families: str) -> str:
        """Return what was drawn, its text in the first of these families the reader has."""
        width, height = _short(self._width), _short(self._height)
        clips = "".join(
            f'<clipPath id="{name}"><path d="{data}"/></clipPath>'
            for data, name in self._clips.items()
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt"'
            f' viewBox="0 0 {width} {height}" font-family="{families}" font-size="{USUAL_SIZE:g}"'
            f' fill="none" stroke-linejoin="round">{clips}{"".join(self._drawn)}</svg>'
        )

    def flipy(self) -> bool:
        """SVG counts downwards, matplotlib upwards."""
        return True

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Points."""
        return self._width, self._height

    def points_to_pixels(self, points: Any) -> Any:
        """A point is a pixel."""
        return points

    def open_group(self, s: str, gid: str | None = None) -> None:  # noqa: ARG002
        """Begin a part of the figure."""
        self._are_kept.append(s in KEPT_GROUPS)
        if self._are_kept[-1]:
            self._numbers[s] += 1
            self._drawn.append(f'<g id="{s}_{self._numbers[s]}">')

    def close_group(self, s: str) -> None:  # noqa: ARG002
        """End the part begun last."""
        if self._are_kept.pop():
            self._drawn.append("</g>")

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        """Measure a line of text: its width, its height and how much of that is below the line."""
        if ismath:
            message = "a chart has no mathematics: dollars in it are money"
            raise ValueError(message)
        face, size = _face_of(prop), prop.get_size_in_points()
        glyphs = [_glyph(face, character) for character in s]
        if not glyphs:
            return 0.0, 0.0, 0.0
        widths, bottoms, tops = zip(*glyphs, strict=True)
        return sum(widths) * size, (max(tops) - min(bottoms)) * size, -min(bottoms) * size

    def _get_font_height_metrics(self, prop: FontProperties) -> tuple[float, float, float]:
        """Ascent, descent and gap of a line; matplotlib would look them up at every word."""
        size = prop.get_size_in_points()
        ascent, descent, gap = _line(_face_of(prop))
        return ascent * size, descent * size, gap * size

    def draw_path(
        self,
        gc: GraphicsContextBase,
        path: Path,
        transform: Transform,
        rgbFace: Any = None,  # noqa: N803  the name is matplotlib's
    ) -> None:
        """Draw lines, an area, or both."""
        style = _fill(gc, rgbFace) + _stroke(gc)
        if style:
            data = self._data(path, transform)
            self._drawn.append(f'<path d="{data}"{style}{self._clip(gc)}/>')

    def draw_text(  # noqa: PLR0913, PLR0917  the signature is matplotlib's
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,  # noqa: FBT002
        mtext: Text | None = None,
    ) -> None:
        """Write a line of text, hung where it is aligned: the reader's font may be another."""
        share, anchor = _ANCHORS[mtext.get_horizontalalignment() if mtext else "left"]
        if angle:
            share, anchor = _ANCHORS["left"]
        x += share * self.get_text_width_height_descent(s, prop, ismath)[0] if share else 0
        place = f'x="{_short(x)}" y="{_short(y)}"'
        size = prop.get_size_in_points()
        style = f' font-size="{size:g}"' if size != USUAL_SIZE else ""
        style += f' text-anchor="{anchor}"' if anchor else ""
        style += f' transform="rotate({-angle:g} {_short(x)} {_short(y)})"' if angle else ""
        colour = to_hex(gc.get_rgb())
        words = escape(s, quote=False)
        self._drawn.append(f'<text {place}{style} fill="{colour}">{words}</text>')

    def _data(self, path: Any, transform: Any) -> str:
        placed = transform.transform_path(path)
        if not np.isfinite(placed.vertices).all():
            placed = placed.cleaned(remove_nans=True)
        return _data(placed, self._height)

    def _clip(self, gc: GraphicsContextBase) -> str:
        box, (path, transform) = gc.get_clip_rectangle(), gc.get_clip_path()
        if path is not None:
            data = self._data(path, transform)
        elif box is not None:
            data = self._data(_UNIT_SQUARE, BboxTransformTo(box))
        else:
            return ""
        name = self._clips.setdefault(data, f"c{len(self._clips) + 1}")
        return f' clip-path="url(#{name})"'


def _fill(gc: GraphicsContextBase, colour: Any) -> str:
    if colour is None:
        return ""
    alpha = gc.get_alpha() if gc.get_forced_alpha() or len(colour) < len("rgba") else colour[3]
    if alpha == 0:
        return ""
    veil = f' fill-opacity="{alpha:g}"' if alpha != 1 else ""
    return f' fill="{_hex(tuple(colour[:3]))}"{veil}'


def _stroke(gc: GraphicsContextBase) -> str:
    width, colour = gc.get_linewidth(), gc.get_rgb()
    alpha = gc.get_alpha() if gc.get_forced_alpha() else colour[3]
    if not width or alpha == 0:
        return ""
    style = f' stroke="{_hex(tuple(colour[:3]))}" stroke-width="{_short(width)}"'
    style += f' stroke-opacity="{alpha:g}"' if alpha != 1 else ""
    cap = _CAPS.get(gc.get_capstyle())
    style += f' stroke-linecap="{cap}"' if cap else ""
    join = gc.get_joinstyle()
    style += f' stroke-linejoin="{join}"' if join != "round" else ""
    offset, dashes = cast("tuple[float, Sequence[float] | None]", gc.get_dashes())
    if dashes is not None:
        style += f' stroke-dasharray="{" ".join(_short(dash) for dash in dashes)}"'
        style += f' stroke-dashoffset="{_short(offset)}"' if offset else ""
    return style


def _data(path: Path, height: float) -> str:
    """A path in the words of SVG, to a hundredth of a point."""
    points = np.round(np.asarray(path.vertices) * (1, -1) + (0, height), 2).tolist()
    if path.codes is None:
        return _broken_line(points)
    words: list[str] = []
    place, codes = 0, np.asarray(path.codes).tolist()
    while place < len(codes):
        code = codes[place]
        count = _CORNERS.get(code, 1)
        if code == Path.CLOSEPOLY:
            words.append("Z")
        elif code != Path.STOP:
            corners = points[place : place + count]
            words.append(_LETTERS[code] + " ".join(f"{x:g} {y:g}" for x, y in corners))
        place += count
    return "".join(words)


def _broken_line(points: list[list[float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def _short(number: float) -> str:
    return f"{round(float(number), 2):g}"


def _face_of(prop: FontProperties) -> Any:
    """The file of a font; asking matplotlib is slow even of what it has found before."""
    return _face(tuple(prop.get_family()), prop.get_style(), prop.get_weight(), prop.get_file())


@cache
def _face(family: tuple[str, ...], style: Any, weight: Any, file: Any) -> Any:
    return file or findfont(FontProperties(family=list(family), style=style, weight=weight))


@cache
def _line(face: Any) -> tuple[float, float, float]:
    """Ascent, descent and gap of a font's line, in units of the type size."""
    font = get_font(face)
    table, em = font.get_sfnt_table("OS/2"), font.units_per_EM
    if table is None:
        return font.ascender / em, -font.descender / em, 0.0
    return table["sTypoAscender"] / em, -table["sTypoDescender"] / em, table["sTypoLineGap"] / em


@cache
def _hex(colour: Any) -> str:
    return to_hex(colour)


@cache
def _glyph(face: Any, character: str) -> tuple[float, float, float]:
    """Advance, bottom and top of a character, in units of the type size."""
    font = get_font(face)
    if not font.get_char_index(ord(character)):
        # `reports.theme.fonts.require_glyphs` refuses it, by name.
        return 1.0, 0.0, 0.0
    glyph = font.load_char(ord(character), LoadFlags.NO_SCALE)
    em = font.units_per_EM
    _, bottom, _, top = glyph.bbox
    return glyph.horiAdvance / em, bottom / em, top / em

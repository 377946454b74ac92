"""
Charts: a matplotlib figure as a self-contained picture with caption and alternative text.

Text in the picture stays text, so it is set in the document's own font and can be searched.
"""

from __future__ import annotations

import base64
import re
from functools import cache
from html import unescape
from typing import TYPE_CHECKING, Any

from reports.markup import Html, fragment
from reports.theme import FONT_FAMILIES, PALETTE, SERIES
from reports.theme.fonts import require_glyphs, required_font

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_MM = 166.0
"""Width of the text on an A4 page, so that a chart's type has the size it asks for."""

_MM_PER_INCH = 25.4
_POINTS_PER_INCH = 72
# The reader's device may have another of the families than the machine that drew the chart.
_FONT_STACK = ", ".join(f"'{family}'" for family in FONT_FAMILIES) + ", sans-serif"


def new_figure(height: float = 70.0) -> tuple[Figure, Axes]:
    """
    Return an empty figure as wide as the page's text, and its axes, in the house style.

    Parameters
    ----------
    height : mm

    Notes
    -----
    matplotlib reads its style when each artist is made, which is after this returns; so the
    style is set for the process, not for a block.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from reports.exhibits.axes import FIRST_PLACE, PlainAxes

    mpl.rcParams.update(house_style())
    size = (WIDTH_MM / _MM_PER_INCH, height / _MM_PER_INCH)
    figure = Figure(figsize=size, dpi=_POINTS_PER_INCH)
    return figure, figure.add_axes(FIRST_PLACE, axes_class=PlainAxes)


def add_legend(figure: Figure, columns: int = 4) -> None:
    """Name the series above the axes, where Chinese labels never cover the drawing."""
    figure.legend(loc="outside upper left", ncols=columns)


def write_beside(axes: Axes, text: str, width: float, place: float) -> None:
    """Write a horizontal bar's figure just beyond its end."""
    is_left = width < 0
    axes.annotate(
        text,
        (width, place),
        (-4 if is_left else 4, 0),
        textcoords="offset points",
        va="center",
        ha="right" if is_left else "left",
        fontsize=7.5,
    )


def chart(figure: Figure, *, caption: str, alt: str) -> Html:
    """
    Return a figure as a captioned picture.

    Parameters
    ----------
    figure : matplotlib figure, drawn on axes from `new_figure`.
    caption : what the chart shows, printed below it.
    alt : what a reader who cannot see it must know, with its decisive numbers.

    Raises
    ------
    ValueError
        Caption or alternative text is empty.
    MissingGlyphError
        A label holds a character the font cannot draw.
    """
    if not alt.strip() or not caption.strip():
        message = f"a chart needs a caption and an alternative text (caption {caption!r})"
        raise ValueError(message)
    picture = base64.b64encode(_svg(figure).encode()).decode("ascii")
    return fragment(
        '<figure class="chart"><div class="scroll"><img src="data:image/svg+xml;base64,{}"'
        ' alt="{}"></div><figcaption>{}</figcaption></figure>',
        picture,
        alt,
        caption,
    )


def prepare() -> None:
    """Load what every chart needs, so that processes forked from this one share it; draws none."""
    import matplotlib.figure  # noqa: F401

    import reports.exhibits.axes  # noqa: F401
    from reports.exhibits import canvas

    canvas.prepare(*house_style()["font.family"])


@cache
def house_style() -> dict[Any, Any]:
    """Return the matplotlib settings of the house."""
    from cycler import cycler

    return {
        "font.family": [_registered_family()],
        "font.size": 8.5,
        "text.color": PALETTE["ink"],
        # A dollar sign is money here, never mathematics.
        "text.parse_math": False,
        "axes.unicode_minus": False,
        "axes.prop_cycle": cycler(color=SERIES),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.edgecolor": PALETTE["axis"],
        "axes.linewidth": 0.7,
        "axes.labelcolor": PALETTE["muted"],
        "axes.labelsize": 8.5,
        # The caption says what the chart shows; the title is left to the unit of the axis.
        "axes.titlesize": 8.5,
        "axes.titlelocation": "left",
        # Else it is measured against everything else before it is placed.
        "axes.titley": 1.0,
        "axes.titlecolor": PALETTE["muted"],
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.xmargin": 0.02,
        "axes.formatter.useoffset": False,
        "axes.formatter.limits": (-12, 12),
        "grid.color": PALETTE["line"],
        "grid.linewidth": 0.6,
        "xtick.color": PALETTE["axis"],
        "xtick.labelcolor": PALETTE["muted"],
        "xtick.major.size": 3.0,
        "xtick.major.width": 0.7,
        "ytick.color": PALETTE["axis"],
        "ytick.labelcolor": PALETTE["muted"],
        "ytick.major.size": 0.0,
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "legend.handlelength": 1.4,
        "legend.borderaxespad": 0.2,
        "lines.linewidth": 1.8,
        "lines.solid_capstyle": "round",
        "patch.linewidth": 0.0,
        "hatch.linewidth": 0.6,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
    }


def _registered_family() -> str:
    from matplotlib import font_manager

    font = required_font()
    for path in filter(None, (font.path, font.bold)):
        # matplotlib's own list of fonts may be older than the font.
        if not any(entry.fname == str(path) for entry in font_manager.fontManager.ttflist):
            font_manager.fontManager.addfont(path)
    return font.family


def _svg(figure: Figure) -> str:
    from reports.exhibits.axes import PlainAxes, arrange
    from reports.exhibits.canvas import Canvas

    figure.set_dpi(_POINTS_PER_INCH)
    canvas = Canvas(*(figure.get_size_inches() * _POINTS_PER_INCH))
    if figure.axes and isinstance(figure.axes[0], PlainAxes):
        arrange(figure, canvas)
    else:
        _read_as_written(figure)
    figure.draw(canvas)
    svg = canvas.svg(_FONT_STACK)
    require_glyphs(unescape("".join(re.findall(r"<text[^>]*>([^<]*)", svg))))
    return svg


def _read_as_written(figure: Figure) -> None:
    """Axes made elsewhere may still read $...$ as mathematics."""
    from matplotlib.text import Text

    for label in figure.findobj(Text):
        label.set_parse_math(False)

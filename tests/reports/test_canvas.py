"""The canvas charts are drawn on, and the room that is made around their axes."""

from __future__ import annotations

import base64
import re
from html import unescape
from io import StringIO
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from reports.exhibits.axes import arrange
from reports.exhibits.canvas import Canvas
from reports.exhibits.chart import add_legend, chart, house_style, new_figure, write_beside
from reports.run.gates.text import drawn
from reports.theme.fonts import required_font

WORDS = ["启明银行杭州分行 商业性住房贷款", "Car loan", "−7.05 %"]
PLACED = re.compile(r'<text[^>]*?\bx="([-\d.]+)" y="([-\d.]+)"[^>]*>([^<]*)')


def svg(figure):
    """The picture of a figure."""
    markup = chart(figure, caption="c", alt="a").markup
    return base64.b64decode(re.search(r"base64,([^\"]+)", markup)[1]).decode()


def paths(figure):
    """Attributes of each path outside the definitions of what is clipped."""
    root = ET.fromstring(re.sub(r"<clipPath.*?</clipPath>", "", svg(figure)))
    return [dict(path.attrib) for path in root.iter("{http://www.w3.org/2000/svg}path")]


def bars(figure, axes):
    """Bars with long names, a figure beside each, and a legend."""
    axes.barh(range(3), [8_000, -52_000, 61_000], color="#0f5b6e", label="利息")
    for place, width in enumerate([8_000, -52_000, 61_000]):
        write_beside(axes, f"{width:,}", width, place)
    axes.set_yticks(range(3), ["公积金贷款", "恒远汽车金融有限公司 汽车贷款", "信用卡"])
    axes.invert_yaxis()
    axes.set_xlabel("元")
    figure.legend(loc="outside upper left", ncols=2)
    return figure


def months(figure, axes):
    """A line over months whose last name reaches beyond the axes."""
    axes.plot(range(25), np.linspace(3, 118, 25), color="#0f5b6e", label="余额")
    axes.set_xticks([0, 12, 24], ["2026年11月", "2027年11月", "2028年11月"])
    axes.set_title("万元")
    axes.set_ylim(bottom=0)
    figure.legend(loc="outside upper left", ncols=2)
    return figure


def places(drawing):
    """Each text with its place."""
    return {
        unescape(text): (float(across), float(down))
        for across, down, text in PLACED.findall(drawing)
    }


@pytest.mark.parametrize("draw", [bars, months])
def test_words_are_where_matplotlib_itself_would_put_them(draw):
    """The constrained layout of matplotlib, on its own axes and canvas, agrees to two points."""
    ours = places(svg(draw(*new_figure(66))))
    mpl.rcParams.update({**house_style(), "svg.fonttype": "none"})
    figure = Figure(figsize=(166 / 25.4, 66 / 25.4), layout="constrained")
    written = StringIO()
    draw(figure, figure.add_subplot())
    FigureCanvasSVG(figure).print_svg(written)
    theirs = places(written.getvalue())
    assert ours.keys() == theirs.keys()
    for text, place in theirs.items():
        assert ours[text] == pytest.approx(place, abs=2.0), text


@pytest.mark.parametrize("draw", [bars, months])
def test_no_word_leaves_the_picture_or_meets_the_legend(draw):
    """Whatever is written lies inside the picture, and the axes' words below the legend."""
    figure = draw(*new_figure(66))
    canvas = Canvas(*(figure.get_size_inches() * 72))
    arrange(figure, canvas)
    width, height = canvas.get_canvas_width_height()
    (axes,), (legend,) = figure.axes, figure.legends
    head = legend.get_window_extent(canvas).y0
    for part in (axes.xaxis, axes.yaxis, *axes.texts):
        box = part.get_tightbbox(canvas)
        assert box.x0 >= 0
        assert box.x1 <= width
        assert box.y0 >= 0
        assert box.y1 <= head < height


@pytest.mark.parametrize("words", WORDS)
def test_text_is_as_wide_as_its_font_says(words):
    """The width is the sum of the advances fontTools reads from the font's own tables."""
    font = required_font()
    with TTFont(font.path, fontNumber=font.index, lazy=True) as face:
        glyphs = [face.getBestCmap()[ord(character)] for character in words]
        em = face["head"].unitsPerEm
        advances = sum(face["hmtx"][glyph][0] for glyph in glyphs)
    prop = FontProperties(family=font.family, size=8.5)
    width, _, _ = Canvas(1, 1).get_text_width_height_descent(words, prop, ismath=False)
    assert width == pytest.approx(8.5 * advances / em)


def test_the_marks_of_a_scale_are_told_from_other_words():
    """The gates find the marks of each axis, in order, apart from titles and legends."""
    markup = chart(months(*new_figure(60)), caption="c", alt="a").markup
    (drawing,) = drawn(markup)
    across, upwards = drawing.axes
    assert across == ("2026年11月", "2027年11月", "2028年11月")
    assert upwards == ("0", "25", "50", "75", "100")
    assert drawing.labels == ("万元", "余额")


def test_an_area_keeps_its_colour_and_its_veil():
    """A band is filled without an outline; what is clear lets the grid through."""
    figure, axes = new_figure(50)
    axes.fill_between([0, 1], [0, 0], [1, 2], color="#0f5b6e", alpha=0.25, linewidth=0)
    (area,) = [path for path in paths(figure) if "fill" in path]
    assert area["fill"] == "#0f5b6e"
    assert area["fill-opacity"] == "0.25"
    assert "stroke" not in area


def test_a_dashed_line_is_dashed_and_a_gap_stays_open():
    """Dashes grow with the line; where a value is missing the line ends and begins anew."""
    figure, axes = new_figure(50)
    axes.plot([0, 1, 2, 3, 4], [0, 1, np.nan, 1, 0], linestyle=(0, (4, 2)), linewidth=2, color="k")
    (line,) = [path for path in paths(figure) if "stroke-dasharray" in path]
    assert line["stroke-dasharray"] == "8 4"
    assert line["d"].count("M") == 2


def test_a_round_marker_is_round():
    """Curves stay curves, and every point has its marker."""
    figure, axes = new_figure(50)
    axes.plot([0, 1, 2], [0, 1, 0], marker="o", color="k")
    assert len([path for path in paths(figure) if "C" in path["d"]]) == 3


def test_what_leaves_the_axes_is_cut_at_their_edge():
    """A line that runs out of the axes is clipped to their box."""
    figure, axes = new_figure(50)
    axes.plot([0, 1], [0, 5], color="k")
    axes.set_ylim(0, 1)
    assert re.search(r'<clipPath id="c1"><path d="M[^"]+Z"/></clipPath>', svg(figure))
    assert [path["clip-path"] for path in paths(figure) if "clip-path" in path] == ["url(#c1)"]


def test_an_inverted_scale_and_marks_beyond_it():
    """Marks outside the axes are left out, whichever way the scale runs."""
    figure, axes = new_figure(50)
    axes.plot([0, 1], [0, 1])
    axes.set_yticks([0, 1, 2], ["低", "中", "高"])
    axes.set_ylim(1.5, -0.5)
    shown = places(svg(figure))
    assert "高" not in shown
    assert shown["低"][1] < shown["中"][1]


def test_a_second_scale_on_the_right_has_room():
    """Twin axes share their place, and the names of the marks on the right are not cut."""
    figure, axes = new_figure(60)
    axes.plot([0, 1], [0, 1], label="左")
    beside = axes.twinx()
    beside.plot([0, 1], [0, 40_000], label="右")
    add_legend(figure)
    shown = places(svg(figure))
    assert shown["40000"][0] < figure.get_figwidth() * 72 - 20
    assert beside.bbox.bounds == axes.bbox.bounds


def test_a_scale_turned_on_its_side_is_written_upwards():
    """The name of the scale on the left runs upwards beside the marks."""
    figure, axes = new_figure(60)
    axes.plot([0, 1], [0, 1])
    axes.set_ylabel("万元")
    assert re.search(r'<text[^>]*transform="rotate\(-90 [^>]*>万元', svg(figure))


def test_axes_made_elsewhere_are_drawn_too():
    """Stock axes draw on the canvas, bars, marks and names."""
    figure = Figure()
    axes = figure.add_subplot()
    axes.bar([0, 1], [1, 2])
    axes.set_title("外来", fontfamily=required_font().family)
    (drawing,) = drawn(chart(figure, caption="c", alt="a").markup)
    assert "外来" in drawing.labels
    assert "2.00" in drawing.axes[1]


def test_a_picture_in_a_chart_is_refused():
    """A raster picture has no place in a chart."""
    figure, axes = new_figure(60)
    axes.imshow(np.zeros((2, 2)))
    with pytest.raises(NotImplementedError):
        svg(figure)


@pytest.mark.parametrize("draw", [bars, lambda _, axes: axes.plot([0, 1], [3.4, 3.9])])
def test_the_line_under_a_chart_is_at_its_bottom(draw):
    """Also where the scale is turned round, or does not begin at nothing."""
    figure, axes = new_figure()
    draw(figure, axes)
    svg(figure)
    line = axes.spines["bottom"]
    ends = line.get_transform().transform_path(line.get_path()).vertices
    assert ends.ravel() == pytest.approx([axes.bbox.x0, axes.bbox.y0, axes.bbox.x1, axes.bbox.y0])

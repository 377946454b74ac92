"""
A page's HTML as Typst source: each class becomes a call of a function of ``plan.typ``.

Text reaches Typst only as string literals, never as markup, so what a client is called or what
an analyst typed cannot be read as Typst code wherever it stands.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Final

from reports.render.columns import Cell, heading_parts, layout
from reports.render.lines import LONG_RUN
from reports.render.tree import BLOCKS, Element, tree
from reports.theme.errors import PublishError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

KEEP_TOGETHER: Final = 10
"""Rows up to which a table is not broken over two pages."""

_HEAD: Final = '#import "/plan.typ": *\n#show: plan\n\n'
_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_LINE_END: Final = "#linebreak();"
_SPACES: Final = re.compile(r"[ \t\n\r\f]+")
_OVER_LONG: Final = re.compile(f"[0-9A-Za-z]{{{LONG_RUN},}}")
_EIGHT: Final = re.compile(r"[0-9A-Za-z]{8}")
_PICTURE: Final = re.compile(r"[0-9A-Za-z-]+\.[0-9A-Za-z]+")
_RIGHT: Final = re.compile(r"text-align:\s*right")
_UNSHOWN: Final = frozenset({"col", "colgroup", "head", "script", "style", "template", "title"})
_STYLES: Final = {
    **dict.fromkeys(("b", "strong"), "strong"),
    **dict.fromkeys(("em", "i", "dfn", "var"), "emph"),
    **dict.fromkeys(("del", "s"), "strike"),
    **dict.fromkeys(("ins", "u"), "underline"),
    "sub": "sub",
    "sup": "super",
}


def typst_source(body: str) -> str:
    """
    Return the body of a page as Typst source, in the words of ``plan.typ``.

    Parameters
    ----------
    body : HTML whose pictures are named by their files.

    Raises
    ------
    PublishError
        A picture stands outside a chart, or a figure holds neither table nor picture.
    """
    return _HEAD + _blocks(tree(body).content) + "\n"


def quoted(text: str) -> str:
    """Text as a Typst string."""
    return f'"{text.translate(_ESCAPES)}"'


def literal(text: str) -> str:
    """Text as Typst code, with a zero-width space wherever an over-long run may be broken."""
    breakable = _OVER_LONG.sub(lambda run: _EIGHT.sub("\\g<0>\u200b", run[0]), text)
    return f"#{quoted(breakable)};"


class _Line:
    """Inline code in the making; spaces are shown as HTML shows them."""

    def __init__(self) -> None:
        self._parts: list[tuple[bool, str]] = []
        self._is_after_space = True

    def write(self, text: str) -> None:
        text = _SPACES.sub(" ", text)
        if self._is_after_space:
            text = text.removeprefix(" ")
        if text:
            self._parts.append((True, text))
            self._is_after_space = text.endswith(" ")

    def call(self, code: str) -> None:
        self._parts.append((False, code))

    def end(self) -> None:
        """Begin a new line."""
        self._trim()
        self.call(_LINE_END)
        self._is_after_space = True

    def end_block(self) -> None:
        """Begin a new line, unless nothing stands on this one yet."""
        if self._parts and self._parts[-1][1] != _LINE_END:
            self.end()

    def _trim(self) -> None:
        for place in range(len(self._parts) - 1, -1, -1):
            is_text, part = self._parts[place]
            if is_text:
                self._parts[place] = (True, part.rstrip(" "))
                return

    def code(self) -> str:
        """Neighbouring texts as one."""
        self._trim()
        while self._parts and self._parts[-1] == (False, _LINE_END):
            self._parts.pop()
        joined = (
            (is_text, "".join(part for _, part in parts))
            for is_text, parts in groupby(self._parts, key=lambda part: part[0])
        )
        return "".join(literal(part) if is_text else part for is_text, part in joined if part)

    def text(self) -> str:
        """What is read."""
        self._trim()
        return "".join(
            part if is_text else " "
            for is_text, part in self._parts
            if is_text or part == _LINE_END
        ).strip()


def _line(nodes: Iterable[Element | str]) -> _Line:
    line = _Line()
    _set_all(line, nodes)
    return line


def _content(element: Element | None) -> str:
    """An element's words as Typst content, or none."""
    return "none" if element is None else f"[{_line(element.content).code()}]"


def _set_all(line: _Line, nodes: Iterable[Element | str]) -> None:
    for node in nodes:
        if isinstance(node, str):
            line.write(node)
        elif node.tag not in _UNSHOWN:
            _set(line, node)


def _set(line: _Line, element: Element) -> None:
    """Write an element among others on a line; a block inside begins a line of its own."""
    tag = element.tag
    if tag == "br":
        line.end()
    elif tag == "img":
        source = element.attributes.get("src", "")
        message = f"a picture must stand in a chart figure: {source[:60]}"
        raise PublishError(message)
    elif tag == "q":
        _set_all(line, ["“", *element.content, "”"])
    elif tag in BLOCKS:
        line.end_block()
        _set_all(line, element.content)
        line.end_block()
    else:
        opening = _opening(element)
        if opening:
            line.call(opening + "[")
        _set_all(line, element.content)
        if opening:
            line.call("]")


def _opening(element: Element) -> str:
    """The call that an inline element becomes, if any."""
    if element.tag in _STYLES:
        return f"#{_STYLES[element.tag]}"
    if element.tag == "span" and "state" in element.classes:
        return f"#indicator-state({quoted(element.classes[-1])})"
    if element.tag == "a" and "href" in element.attributes:
        target = element.attributes["href"]
        inside = target.startswith("#")
        return f"#link({f'label({quoted(target[1:])})' if inside else quoted(target)})"
    return ""


def _blocks(nodes: Iterable[Element | str]) -> str:
    """Blocks one below the other; words between them are a paragraph."""
    written: list[str] = []
    for is_block, run in groupby(nodes, key=_is_block):
        if is_block:
            written += [_block(node) for node in run if isinstance(node, Element)]
        else:
            written.append(_line(run).code())
    return "\n\n".join(block for block in written if block)


def _is_block(node: Element | str) -> bool:
    return isinstance(node, Element) and (node.tag in BLOCKS or node.tag in _UNSHOWN)


def _block(element: Element) -> str:
    if element.tag in _UNSHOWN:
        return ""
    maker = _BY_TAG.get(element.tag)
    if maker:
        return maker(element)
    named = next((_BY_CLASS[name] for name in element.classes if name in _BY_CLASS), None)
    if named:
        return named(element)
    inside = _blocks(element.content)
    name = element.attributes.get("id")
    return f"#block[\n{inside}\n]#label({quoted(name)})" if name else inside


def _heading(element: Element) -> str:
    """The first level is the document's title; chapters are the second."""
    level = max(int(element.tag[1]) - 1, 1)
    name = element.attributes.get("id")
    label = f"#label({quoted(name)})" if name else ""
    return f"#heading(level: {level}, [{_line(element.content).code()}]){label}"


def _list(element: Element) -> str:
    items = [one for one in element.elements if one.tag == "li"]
    is_tight = not any(one.tag == "p" for item in items for one in item.elements)
    call = "#list(" if element.tag == "ul" else "#enum("
    if element.attributes.get("start", "").isdecimal():
        call += f"start: {int(element.attributes['start'])}, "
    call += "" if is_tight else "tight: false, "
    return call + "".join(f"[{_blocks(item.content)}]," for item in items) + ")"


def _terms(element: Element) -> str:
    pairs = "".join(f"terms.item({term}, {value})," for term, value in _pairs(element))
    return f"#terms({pairs})"


def _pairs(element: Element | None) -> list[tuple[str, str]]:
    """The terms of a description list with what is said of each, as Typst content."""
    pairs: list[tuple[str, str]] = []
    term = "[]"
    for one in element.walk() if element else ():
        if one.tag == "dt":
            term = _content(one)
        elif one.tag == "dd":
            pairs.append((term, _content(one)))
    return pairs


def _facts(element: Element) -> str:
    pairs = "".join(f"({term},{value})," for term, value in _pairs(element.first("dl")))
    return f"facts: ({pairs})"


def _cover(element: Element) -> str:
    parts = [f"title: {_content(element.first('h1', 'h2', 'h3'))}"]
    parts += [
        f"{name}: {_content(element.first('div', named=name))}"
        for name in ("name", "institution", "status")
    ]
    return f"#cover({', '.join(parts)}, {_facts(element)})"


def _key_figures(element: Element) -> str:
    cards = (
        ", ".join(
            f"{name}: {_content(card.first('div', named=name))}"
            for name in ("label", "value", "note")
        )
        for card in element.elements
    )
    return f"#key-figures({''.join(f'({card}),' for card in cards)})"


def _body(element: Element) -> str:
    """Everything of a box but its head and its facts."""
    return _blocks(
        node
        for node in element.content
        if isinstance(node, str)
        or (node.tag != "dl" and not {"head", "title"}.intersection(node.classes))
    )


def _finding(element: Element) -> str:
    kind = quoted(element.classes[-1])
    badge, title = (_content(element.first("span", named=name)) for name in ("badge", "title"))
    return f"#finding({kind}, {badge}, {title}, {_facts(element)})[{_body(element)}]"


def _callout(element: Element) -> str:
    kind, title = quoted(element.classes[-1]), _content(element.first("div", named="title"))
    return f"#callout({kind}, {title})[{_body(element)}]"


def _figure(element: Element) -> str:
    table, picture = element.first("table"), element.first("img")
    caption = _content(element.first("figcaption"))
    if table:
        return _table(table, caption, _content(element.first("div", "p", named="note")))
    if not picture:
        message = "a figure holds neither a table nor a picture"
        raise PublishError(message)
    source = picture.attributes.get("src", "")
    if not _PICTURE.fullmatch(source):
        message = f"a picture must be embedded in the document: {source[:60]}"
        raise PublishError(message)
    return f"#chart({quoted(source)}, {quoted(picture.attributes.get('alt', ''))}, {caption})"


def _table(element: Element, caption: str = "none", note: str = "none") -> str:
    head, rows, foot = _parts(element)
    if not (head or rows or foot):
        return ""
    fitted = layout(head, rows, foot)
    widths = "".join(f"{width:.3f}fr," for width in fitted.widths)
    numbers = "".join(f"{str(is_number).lower()}," for is_number in fitted.are_numbers)
    whole = str(len(rows) <= KEEP_TOGETHER).lower()
    return (
        f"#plan-table(columns: ({widths}), numbers: ({numbers}), size: {fitted.size_pt:g}pt,"
        f" whole: {whole}, caption: {caption}, note: {note},"
        f" head: ({''.join(map(_title, head))}), rows: ({_cells(rows)}), foot: ({_cells(foot)}))"
    )


def _cells(rows: Sequence[Sequence[Cell]]) -> str:
    return "".join(f"[{cell.code}]," for row in rows for cell in row)


def _title(cell: Cell) -> str:
    main, aside = heading_parts(cell.text)
    if aside and cell.code == literal(cell.text):
        return f"[{literal(main)}#box[{literal(aside)}]],"
    return f"[{cell.code}],"


def _parts(table: Element) -> tuple[list[Cell], list[list[Cell]], list[list[Cell]]]:
    """The first row of the head, the rows, and those of the foot, all of one length."""
    parts: dict[str, list[Element]] = {"thead": [], "tbody": [], "tfoot": []}
    for one in table.elements:
        if one.tag in parts:
            parts[one.tag] += [row for row in one.elements if row.tag == "tr"]
        elif one.tag == "tr":
            parts["tbody"].append(one)
    rows = parts["tbody"]
    if not parts["thead"] and rows and all(cell.tag == "th" for cell in rows[0].elements):
        parts["thead"].append(rows.pop(0))
    read = {name: [_row(row) for row in part] for name, part in parts.items()}
    most = max((len(row) for part in read.values() for row in part), default=0)
    head, rows_read, foot = (
        [row + [Cell()] * (most - len(row)) for row in part] for part in read.values()
    )
    return (head[0] if head else []), rows_read, foot


def _row(element: Element) -> list[Cell]:
    return [_cell(cell) for cell in element.elements if cell.tag in ("td", "th")]


def _cell(element: Element) -> Cell:
    line = _line(element.content)
    is_number = (
        "num" in element.classes
        or element.attributes.get("align") == "right"
        or bool(_RIGHT.search(element.attributes.get("style", "")))
    )
    return Cell(line.text(), line.code(), is_number)


_BY_TAG: Final[dict[str, Callable[[Element], str]]] = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), _heading),
    **dict.fromkeys(("ul", "ol"), _list),
    "p": lambda element: _line(element.content).code(),
    "pre": lambda element: _line(element.content).code(),
    "hr": lambda _: "#divider()",
    "blockquote": lambda element: f"#quote(block: true)[\n{_blocks(element.content)}\n]",
    "dl": _terms,
    "figure": _figure,
    "table": _table,
}
_BY_CLASS: Final[dict[str, Callable[[Element], str]]] = {
    "cover": _cover,
    "key-figures": _key_figures,
    "finding": _finding,
    "callout": _callout,
    "contents": lambda _: "#contents()",
    "page-break": lambda _: "#pagebreak(weak: true)",
}

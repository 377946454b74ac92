"""
One look in two media: where its files are, its colours and its fonts.

``plan/`` holds the nbconvert template, ``plan.css`` styles the HTML, ``plan.typ`` the PDF. Charts,
CSS and Typst all take their colours here.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

THEME = Path(__file__).resolve().parent
TEMPLATE_NAME = "plan"
STYLE_SHEET = THEME / "plan.css"
TYPST_STYLE = THEME / "plan.typ"

PALETTE = MappingProxyType(
    {
        "ink": "#1e2a32",
        "muted": "#5a666e",
        "line": "#ddd7cb",
        "axis": "#a9b1b5",
        "paper": "#faf7f1",
        "accent": "#0f4c5c",
        "accent-soft": "#e8f0f1",
        "cover-ink": "#cfe0e2",
        "cover-muted": "#b9d0d4",
        "cover-line": "#4f7f8b",
        "cover-seal": "#f0dcb4",
        "cover-seal-line": "#d9b97c",
        "brass": "#86632a",
        "brass-soft": "#f6efe1",
        "critical": "#9f2d20",
        "critical-soft": "#fbeeeb",
        "warning": "#8a5600",
        "warning-soft": "#fdf4e3",
        "notice": "#28587f",
        "notice-soft": "#ebf2f8",
        "good": "#2b6845",
        "good-soft": "#eaf4ee",
    }
)

# Alternating dark and light, so that neighbours stay apart in grey print and to colour-blind eyes.
SERIES = ("#0f5b6e", "#c2853a", "#7d3f52", "#6d9a8b", "#45618f", "#a8532f", "#8f9aa1", "#2f7f4f")

FONT_FAMILIES = ("Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei")
"""Chinese families documents may be set in, the preferred one first."""

"""The few words the look itself needs, in each language; chapters bring their own."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGE_TAGS = MappingProxyType({"zh": "zh-CN", "en": "en"})

_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": {
            "contents": "目录",
            "skip": "跳到正文",
            "client": "客户编号",
            "as_of": "基准日",
            "advisor": "理财经理",
            "critical": "严重",
            "warning": "警示",
            "notice": "提示",
            "good": "良好",
        },
        "en": {
            "contents": "Contents",
            "skip": "Skip to the plan",
            "client": "Client reference",
            "as_of": "As of",
            "advisor": "Advisor",
            "critical": "Critical",
            "warning": "Warning",
            "notice": "Notice",
            "good": "Good",
        },
    }
)


def words(language: str) -> Mapping[str, str]:
    """
    Return the interface words of a language.

    Raises
    ------
    ValueError
        The language is neither ``zh`` nor ``en``.
    """
    if language not in _WORDS:
        message = f"documents are written in {' or '.join(_WORDS)}, not in {language!r}"
        raise ValueError(message)
    return _WORDS[language]

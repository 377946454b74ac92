"""A stress case for a test: what it does not name does not change."""

from __future__ import annotations

from planning.parameters import Label, Reference, Scenario


def case(name="case", **change):
    """The case."""
    return Scenario(
        id=name,
        label=Label(zh=name, en=name),
        kind="combined",
        reference=Reference(title="test", url=None),
        grade="M",
        **change,
    )

"""The JSON Schemas generated from the models, for editors and for readers of ``plan.json``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def schemas() -> dict[str, dict[str, Any]]:
    """Every schema by file name."""
    from planning.household.client import client_schema
    from planning.loans.card_file import card_schema
    from planning.loans.contract_file import contract_schema
    from planning.loans.line_file import line_schema
    from planning.loans.offset_file import offset_schema
    from planning.plan import LiabilityPlan
    from planning.products.catalogue import product_schema

    return {
        "card.schema.json": card_schema(),
        "client.schema.json": client_schema(),
        "contract.schema.json": contract_schema(),
        "line.schema.json": line_schema(),
        "offset.schema.json": offset_schema(),
        "product.schema.json": product_schema(),
        "plan.schema.json": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **LiabilityPlan.model_json_schema(mode="serialization"),
        },
    }


def write(folder: Path) -> None:
    """Write every schema."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(_text(schema), encoding="utf-8")


def stale(folder: Path) -> list[str]:
    """Names of schema files that are missing or differ from the models."""
    return [
        name
        for name, schema in schemas().items()
        if not (folder / name).exists()
        or (folder / name).read_text(encoding="utf-8") != _text(schema)
    ]


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"

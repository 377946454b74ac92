"""
Imported by the fork server before anything else: what no client's process needs stays out.

A grammar of internationalised addresses costs a second and 16 MB, and serves only a check of
formats that nobody asks jsonschema for; without it jsonschema leaves that check out.
"""

from __future__ import annotations

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

"""What borrowed money is for, who lends it and how: what rules ask of a contract."""

from __future__ import annotations

from typing import Literal

Use = Literal[
    "renovation",
    "car",
    "appliances",
    "education",
    "medical",
    "travel",
    "wedding",
    "daily",
    "parking",
    "home_purchase",
    "down_payment",
    "securities",
    "wealth_products",
    "equity",
    "working_capital",
    "equipment",
    "business_premises",
    "refinance",
    "other",
]
"""What borrowed money is spent on (用途类别); rules forbid some of it, products serve some."""

Channel = Literal["branch", "online", "assisted"]
"""网点, 线上自营, 互联网助贷 (brought by a platform)."""

LenderKind = Literal["bank", "consumer_finance", "microloan", "insurer", "private"]
"""银行, 消费金融公司等持牌机构, 小额贷款公司, 保险公司 (保单贷款), 民间借贷."""

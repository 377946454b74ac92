"""The household: what it says of itself, its cash-flow, balance sheet and ratios."""

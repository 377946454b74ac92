"""Debts of a table repaid together: one strategy, or all of them side by side."""

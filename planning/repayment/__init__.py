"""Repaying several debts together: strategies in the exact ledger, and how good they are."""

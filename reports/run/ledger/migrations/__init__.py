"""
How a ledger of an earlier version becomes one of this version.

A revision that has been released is never edited: another one follows it, and ``HEAD`` in
``ledger.tables`` names the last.
"""

"""The run ledger: which run built what, for whom, from which inputs, and how it ended."""

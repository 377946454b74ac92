"""Runs: a client's notebook executed, its documents rendered, many clients at once."""

"""Market rates: what was published, when, and what is not known yet."""

"""One module a revision, in the order their numbers say."""

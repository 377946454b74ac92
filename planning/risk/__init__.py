"""What could go wrong, how one would notice, and what then."""

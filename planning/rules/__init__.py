"""What law asks of a loan: what it must disclose, what it may be called."""

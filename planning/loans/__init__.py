"""Loan contracts, their rates, schedules to the fen, and what they cost."""

"""Delivery (送达): what is approved, protected and sent, and how long any of it is kept."""

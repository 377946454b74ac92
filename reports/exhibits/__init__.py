"""Exhibits: a plan's charts, tables and blocks; they draw and format, and compute nothing."""

"""Loan tables: one row a loan in, its figures out, as CSV, XLSX, JSONL or Parquet."""

"""The report generator: a plan told, drawn, rendered, remembered and handed over."""

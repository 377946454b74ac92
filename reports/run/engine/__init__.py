"""A papermill engine that runs notebooks in this process, on IPython, as a kernel would."""

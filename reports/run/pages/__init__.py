"""The pages of a run: the index of its plans and the changes since the last one."""

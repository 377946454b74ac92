"""Runs past one machine: jobs on a Dask cluster, plans in a store that all of it reaches."""

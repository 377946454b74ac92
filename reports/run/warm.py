"""Imported by the fork server, so that a client's process starts with everything loaded."""

from reports.render.pdf import prepare
from reports.run import job

__all__ = ["job"]

prepare()

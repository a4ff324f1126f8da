"""The report of a run: one HTML file with tables and drawings, made without a network."""

from autosample.report.page import write_report

__all__ = ["write_report"]

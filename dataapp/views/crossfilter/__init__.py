"""Crossfilters on a page: charts over narrowed rows, what was selected before, and the line of chips."""

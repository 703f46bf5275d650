"""Cells: immutable descriptions of SQL, Python, sources, inputs and predicates."""

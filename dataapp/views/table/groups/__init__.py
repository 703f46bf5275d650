"""Rows in groups, that open and close."""

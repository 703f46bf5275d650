"""Inputs: Panel widgets, Parameters and reactive values as nodes of the graph."""

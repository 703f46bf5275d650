"""Graphs as such: closure, order, cycles."""

"""The rows of a relation, in some order and under some conditions, read in windows."""

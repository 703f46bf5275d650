"""`dataapp new`: a small app with its data and its test."""

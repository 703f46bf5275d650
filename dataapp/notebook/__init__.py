"""Notebooks: cells display live, ``%%sql`` defines cells, and running a notebook cell again updates what is shown."""

"""Engines that run queries, and the relations that they read."""

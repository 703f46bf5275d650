"""What stands beside the queries: the tables with their columns, and the history."""

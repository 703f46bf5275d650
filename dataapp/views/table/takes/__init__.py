"""What leaves the explorer: selections, copies, files."""

"""What the explorer tells about columns: pictures in their headers, and profiles."""

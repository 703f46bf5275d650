"""What runs: sessions, waves and the work that they start."""

"""What leaves a chart: its specification with data, its data, pictures."""

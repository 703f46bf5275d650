"""What a reader asks of the rows: texts of filters, the conditions they mean, and these as SQL."""

"""The SQL editor: text in the browser with completion from the real schema."""

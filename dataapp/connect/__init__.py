"""Where rows come from: files and frames."""

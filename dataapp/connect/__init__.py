"""Where rows come from: files, frames and databases."""

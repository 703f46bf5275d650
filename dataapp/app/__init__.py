"""Pages, sessions of the server, references and state in the URL: what ties cells to Panel."""

"""`dataapp run`: evaluate cells of an app without a server, and write them into files or to standard output."""

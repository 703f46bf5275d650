"""`dataapp check`: what is wrong with an app, found without a server and without running a query."""

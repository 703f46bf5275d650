"""`dataapp explore`: files on a page, with SQL."""

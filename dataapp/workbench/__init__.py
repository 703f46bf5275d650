"""The workbench: a folder of files, looked at with SQL, from the command line to a saved app."""

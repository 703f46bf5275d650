"""Run the command line: ``python -m dataapp``."""

from dataapp.cli import main

if __name__ == "__main__":
    main(prog_name="python -m dataapp")

"""The command `dataapp new`."""

from pathlib import Path

import click

_EPILOG = """
\b
Examples:
  dataapp new sales            sales/app.py, sales/test_app.py and sales/sales.csv
  cd sales && panel serve app.py --dev --show

The app and its test run as they are. Replace the data, then the queries.
"""


@click.command("new", epilog=_EPILOG, short_help="Write a small app with its data and its test.")
@click.argument("name", type=click.Path(path_type=Path))
def command(name: Path) -> None:
    """Write a small app with its data and its test into a new folder NAME. Nothing is ever overwritten."""
    from dataapp.cli.new.project import files_of_project

    title = name.name.replace("_", " ").replace("-", " ").strip()
    if not title or not all(char.isalnum() or char == " " for char in title):
        raise click.BadParameter(f"`{name}` is no name: use letters, digits, - and _.", param_hint="NAME")
    if not name.absolute().parent.is_dir():
        raise click.BadParameter(f"There is no folder `{name.parent}`.", param_hint="NAME")
    try:
        name.mkdir()
    except FileExistsError:
        message = f"`{name}` exists, and nothing is overwritten: choose another name."
        raise click.BadParameter(message, param_hint="NAME") from None
    for file, text in files_of_project(title[:1].upper() + title[1:]).items():
        (name / file).write_text(text, "utf-8")
        click.echo(f"wrote {name / file}")
    click.echo(
        f"\nNext:\n  panel serve {name}/app.py --dev --show\n  dataapp check {name}/app.py\n"
        f"  python -m pytest {name}    (pip install pytest, if it is not there)"
    )

"""The command `dataapp explore`."""

import gc
import threading
import webbrowser
from pathlib import Path

import click

_EPILOG = """
\b
Examples:
  dataapp explore                            the sample data
  dataapp explore trades.parquet
  dataapp explore data/                      every data file in a folder
  dataapp explore 'data/2024-*.parquet'      many files as one table (quoted, so that the shell leaves the glob alone)
  dataapp explore *.parquet *.csv            each file as a table of its own

\b
The page opens in the browser. Ctrl-Enter runs a query; $name in it gives a slider, a choice or a date; queries read
each other by name; "Save as app" writes a Python file for `panel serve`.

The server listens on this machine only, and asks for the token that stands in the address.

\b
Exit status: 0 when stopped, 1 when there is nothing to explore, 2 for wrong usage.
"""


@click.command("explore", epilog=_EPILOG, short_help="Look into files with SQL, and save what you find as an app.")
@click.argument("locations", metavar="[FILE|GLOB|FOLDER]...", nargs=-1)
@click.option("--port", type=click.IntRange(1, 65535), help="Where to listen; by default the first free one from 5006.")
@click.option(
    "--host", "address", default="127.0.0.1", show_default=True, help="The address to listen on; others can reach it."
)
@click.option("--no-token", is_flag=True, help="Let in everybody who can reach the port of this machine.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option("--no-history", is_flag=True, help="Neither show nor keep past queries.")
def command(
    locations: tuple[str, ...], port: int | None, address: str, no_token: bool, no_browser: bool, no_history: bool
) -> None:
    """Look into files with SQL, and save what you find as an app.

    Parquet, CSV, JSON lines and Arrow files become tables. Only what a query needs is read, so files may be larger than
    memory. Without arguments, the sample data is explored.
    """
    from dataapp.cli.explore.ports import choose_port
    from dataapp.cli.explore.samples import sample_files

    is_local = address in ("127.0.0.1", "localhost", "::1")
    if no_token and not is_local:
        raise click.UsageError("--no-token is for this machine only: whoever reaches the page reads its files.")
    title = None if locations else "Sample data"
    locations = locations or sample_files()
    chosen = choose_port(address, port)

    # Panel and DuckDB: more than a second, which the help need not take; looking for garbage makes it a tenth longer.
    gc.disable()
    from dataapp.app.sessions import serve_without_pandas
    from dataapp.errors import DataAppError
    from dataapp.workbench.desk import Desk
    from dataapp.workbench.history import History, history_file

    serve_without_pandas()
    desk = Desk(locations, History(None if no_history else history_file()), Path.cwd(), title)

    from dataapp.workbench.page import explore_page
    from dataapp.workbench.serving import make_server, new_token

    gc.enable()
    try:
        catalogue = desk.catalogue()
    except DataAppError as error:
        click.echo(f"Error: {error}", err=True)
        raise click.exceptions.Exit(1) from error
    for fault in catalogue.faults:
        click.echo(f"Warning: {fault.message}" + (f" Hint: {fault.hint}" if fault.hint else ""), err=True)
    token = None if no_token else new_token()
    server = make_server(lambda: explore_page(desk), address=address, port=chosen, token=token, title="dataapp explore")
    url = f"http://{'localhost' if is_local else address}:{chosen}/" + ("" if token is None else f"?token={token}")
    count = len(catalogue.tables)
    click.echo(f"Exploring {count} {'table' if count == 1 else 'tables'}: {url}   (Ctrl+C stops it)")
    threading.Thread(target=_ask_engine, name="functions", daemon=True).start()
    server.start()
    if not no_browser:
        server.io_loop.add_callback(webbrowser.open, url)
    server.io_loop.add_callback(_finish_imports)
    server.io_loop.start()


def _ask_engine() -> None:
    """Let the engine say what the editor and the parser need to know, while Python is busy importing."""
    from dataapp.app.sessions import engine
    from dataapp.runtime.resolution import parse_text
    from dataapp.workbench.page import functions_to_json

    parse_text("SELECT 1", engine())
    functions_to_json(engine())


def _finish_imports() -> None:
    """Import what the first page needs while the browser starts; what is there then stays, and is never garbage."""
    gc.disable()
    import panel_material_ui  # noqa: F401

    gc.freeze()
    gc.enable()

"""The command `dataapp completion`."""

import click
from click.shell_completion import get_completion_class

_EPILOG = """
\b
Once, for the shell that you use:
  dataapp completion bash >> ~/.bashrc
  dataapp completion zsh >> ~/.zshrc
  dataapp completion fish > ~/.config/fish/completions/dataapp.fish

Then open a new shell. Tab completes commands and options, apps, and the names of inputs and cells behind --set and
--out. Apps are read for it, not run.
"""


@click.command("completion", epilog=_EPILOG, short_help="Print the script that lets a shell complete `dataapp`.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that lets a shell complete `dataapp` with Tab."""
    script = get_completion_class(shell)
    assert script is not None
    # `source` also looks at the version of the shell, which need not be the one that will read the script.
    completion = script(ctx.find_root().command, {}, "dataapp", "_DATAAPP_COMPLETE")
    click.echo(completion.source_template % completion.source_vars())

"""The dialog that saves the page as an app, without a browser."""

from pathlib import Path
from typing import Any, cast

import panel as pn

from dataapp.workbench.save_dialog import SaveDialog


def test_a_name_of_which_panel_hands_over_both_values_at_once_is_taken(tmp_path: Path):
    dialog = SaveDialog(cast("Any", None), tmp_path, lambda path, title, overwrite: path)  # nothing is written
    dialog.open("Trades")
    title, file = dialog.view.select(pn.ui.TextInput)
    assert title.placeholder == "Trades"
    file.param.update(value_input="small_trades.py", value="small_trades.py")
    assert title.placeholder == "Small trades"

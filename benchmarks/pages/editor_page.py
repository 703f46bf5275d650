"""The SQL editor over the sample data, with the engine's own functions, as `dataapp explore` shows it."""

import panel_material_ui as ui

from dataapp.app.sessions import engine
from dataapp.cli.explore.samples import sample_files
from dataapp.workbench.catalogue import read_catalogue
from dataapp.workbench.editor.editor import SqlEditor
from dataapp.workbench.page import functions_to_json

tables = [
    {
        "name": table.name,
        "kind": "table",
        "detail": f"{table.rows:,} rows",
        "columns": [{"name": column.name, "type": column.type} for column in table.columns],
    }
    for table in read_catalogue(sample_files(), engine=engine()).tables
]
schema = {"tables": tables, "functions": functions_to_json(engine()), "parameters": []}
ui.Page(title="Editor", main=[SqlEditor(value="FROM flights SELECT ", schema=schema)]).servable()

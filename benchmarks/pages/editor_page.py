"""The SQL editor with a schema of the size of a large warehouse."""

import panel_material_ui as ui

from dataapp.workbench.editor.editor import SqlEditor

tables = [
    {
        "name": f"table_{table}",
        "kind": "table",
        "detail": "1,234,567 rows",
        "columns": [{"name": f"measured_{table}_{column}", "type": "DOUBLE"} for column in range(50)],
    }
    for table in range(20)
]
functions = [
    {"name": f"measure_of_{at}", "signature": f"measure_of_{at}(value, other)", "description": "What it gives."}
    for at in range(2000)
]
schema = {"tables": tables, "functions": functions, "parameters": []}
ui.Page(title="Editor", main=[SqlEditor(value="FROM table_7 SELECT ", schema=schema)]).servable()

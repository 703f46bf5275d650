"""From SQL text to one query: what a cell's text names and means, and the fusion of lazy cells.

Pure: no engine, no frames, no event loop. The engine's parser is handed in.
"""

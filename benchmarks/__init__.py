"""How much time and memory the framework adds, against raw DuckDB in the same run.

`python -m benchmarks` prints one table; `README.md` says how to read it.
"""

"""Which queries a cube can answer, and what is asked to build one and to read it; see `dataapp.compile.cubes.plan`."""

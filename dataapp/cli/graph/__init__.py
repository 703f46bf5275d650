"""`dataapp graph`: what an app consists of and what reads what, as text, Mermaid, SVG or JSON."""

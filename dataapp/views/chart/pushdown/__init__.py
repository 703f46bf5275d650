"""What a chart computes from its rows, as SQL: expressions of Vega and transforms of Vega-Lite, where both agree."""

"""The charts, each defined once: a plain function from rows to a Vega-Lite specification.

The report, a notebook, a PNG or SVG file and the web page all draw the same specification.  Whoever calls gives the title
(a finding in words); a chart says itself, in its `description`, what it shows to whoever cannot see it.
"""

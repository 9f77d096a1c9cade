"""Self-contained HTML reports: blocks of text, charts, maps of clouds and clouds to turn."""

"""The report: one value (``value``), and a file for each format that shows it."""

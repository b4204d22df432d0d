"""Everything, out and in again: one ZIP of tables as CSV, read again by an empty organisation."""

"""Files in and out of the records: what comes in does so by the same rules as on the pages."""

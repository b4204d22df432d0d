"""What pages show of the records, as functions of a `Viewer`: everything is text before a template
loops over it. They ask the database nothing."""

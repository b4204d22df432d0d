"""Questions over the history. They start from what the reader may see, and change nothing."""

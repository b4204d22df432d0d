"""Many records at once: from files that another system wrote, by the same rules as the pages."""

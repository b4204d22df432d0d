"""Django's PostgreSQL, which looks at each database before anything is done in it.

Whose a database is stands in the database itself, as its comment, so that it cannot be mistaken by
its address. Demo and tests mark what they make; they work in nothing else, and production not there.
"""

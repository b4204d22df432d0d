"""The demo organisation: eighteen months of a sales force of our own invention.

`simulate` decides everything without a database (`simulation`, from the texts and names beside
it), `filling` writes it in bulk; it leaves as every batch does. Nobody and nothing in it exists:
addresses end in `.example`, numbers are those that regulators keep for fiction.
"""

from crm.demo.people import PASSWORD, SIGN_INS

__all__ = ["PASSWORD", "SIGN_INS"]

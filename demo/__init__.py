"""The demo organisation: eighteen months of a sales force of our own invention.

`simulate` decides everything without a database (`simulation`, from the texts and names beside
it), `filling` writes it in bulk; it leaves as every batch does. Nobody and nothing in it exists:
addresses end in `.example`, numbers are those that regulators keep for fiction.

It stands above the product, which does without it but for two addresses: `sample` brings a part of
it into an organisation of one's own, and takes it away again.
"""

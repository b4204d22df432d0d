"""A record of every model, from the tests of what holds for all of them."""

from tests.test_architecture import one_of_each

__all__ = ["one_of_each"]

"""The only writers of records: one verb, one function, one transaction.

Every command takes `by` (who) and `at` (when, an aware instant), locks what it changes within the
person's reach, judges, writes the change with its history and returns None or the new object. What
it refuses it says with `salesprocess.lib.refused.Refused`; what lies out of reach does not exist.
"""

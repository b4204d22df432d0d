"""The days that somebody can mean."""

import datetime as dt

from django.core.validators import MaxValueValidator, MinValueValidator

# Further away it is a slip of the keyboard, and near the ends of the calendar no clock can count:
# the evening of 9999-12-31 in New York has no date in Vienna.
MEANT = [MinValueValidator(dt.date(1900, 1, 1)), MaxValueValidator(dt.date(2999, 12, 31))]

#!/usr/bin/env python
import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    if sys.argv[1:2] == ["up"]:  # there is no production behind it: it is the demo
        os.environ.setdefault("SEVEN_ENV", "demo")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesprocess.settings")
    execute_from_command_line(sys.argv)

#!/usr/bin/env python
import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    # `up` is the demo; but where a production was described, it is for that one to say so.
    if sys.argv[1:2] == ["up"] and not {"DATABASE_URL", "SECRET_KEY", "SITE_URL"} & {*os.environ}:
        os.environ.setdefault("SEVEN_ENV", "demo")
    os.environ["SEVEN_WORK"] = "migration" if sys.argv[1:2] == ["migrate"] else "command"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesprocess.settings")
    execute_from_command_line(sys.argv)

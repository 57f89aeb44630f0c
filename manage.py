#!/usr/bin/env python
"""Django's command line for the console."""

import os
import sys
from pathlib import Path

from dotenv import load_dotenv


def main() -> None:
    # What the environment says goes before what the file says.
    load_dotenv(Path(__file__).parent / ".env")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

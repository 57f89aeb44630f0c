"""`manage.py catalogue`: bring the translations up to date with the code and the templates."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from console.shell.catalogue import compile_catalogue, merge, untranslated


class Command(BaseCommand):
    requires_system_checks = []
    help = "Find the words to translate, merge them into locale/, and compile it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--compile-only", action="store_true", help="leave the .po files as they are"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for path in sorted((settings.BASE_DIR / "locale").glob("*/LC_MESSAGES/django.po")):
            if not options["compile_only"]:
                merge(path, settings.BASE_DIR)
            compile_catalogue(path)
            empty = len(untranslated(path))
            self.stdout.write(f"{path.relative_to(settings.BASE_DIR)}: {empty} to translate")

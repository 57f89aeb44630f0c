"""Static files out of npm packages, one by one: the packages hold far more than pages use."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage, Error
from django.core.files.storage import FileSystemStorage, Storage


class _VendorStorage(FileSystemStorage):
    """Reads the listed files from where npm put them."""

    def __init__(self, files: dict[str, Path]) -> None:
        super().__init__(location=settings.BASE_DIR)
        self._files = files

    def path(self, name: str) -> str:
        return str(self._files[name])


class VendorFinder(BaseFinder):
    """Finds what settings.VENDOR_FILES lists."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.files: dict[str, Path] = settings.VENDOR_FILES
        self.storage = _VendorStorage(self.files)

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        return [
            Error(f"{path} is missing: run `npm ci`.", id="console.E001")
            for path in self.files.values()
            if not path.exists()
        ]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        found = self.files.get(path)
        if found is None or not found.exists():
            return []
        return [str(found)] if find_all else str(found)

    def list(self, ignore_patterns: Any) -> Iterable[tuple[str, Storage]]:
        for name in self.files:
            yield name, self.storage

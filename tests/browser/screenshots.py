"""`make screenshots`: every pose, light and dark, wide and narrow, in both languages.

It starts the console on a folder of its own, and stops it again. Names given on the command line
are the beginnings of the poses to take; without any it takes them all.
"""

import os
import sys
import tempfile
from pathlib import Path

import django
from playwright.sync_api import Browser, expect

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
django.setup()

from tests.browser.console import chromium, running_console, sign_in  # noqa: E402 - needs settings
from tests.browser.poses import Pose, all_poses  # noqa: E402
from tests.runtime.console_process import ConsoleProcess  # noqa: E402

FOLDER = Path(__file__).resolve().parents[2] / "screenshots"
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
THEMES = ("light", "dark")
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
NETWORK = "127.250.0.0/16"


def take(browser: Browser, console: ConsoleProcess, beginnings: tuple[str, ...]) -> int:
    """Take the pictures; how many."""
    FOLDER.mkdir(exist_ok=True)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    poses = [
        pose
        for pose in all_poses(sign_in(context, console.url), console)
        if pose.name.startswith(beginnings or ("",))
    ]
    context.close()
    for language, locale in LANGUAGES.items():
        for theme in THEMES:
            for size, (width, height) in SIZES.items():
                for signed_in in (False, True):
                    context = browser.new_context(
                        viewport={"width": width, "height": height},
                        color_scheme=theme,
                        locale=locale,
                    )
                    page = sign_in(context, console.url) if signed_in else context.new_page()
                    for pose in poses:
                        if pose.signed_in == signed_in:
                            _take(pose, page, console.url, f"{theme}-{size}-{language}")
                    context.close()
    return len(poses) * len(LANGUAGES) * len(THEMES) * len(SIZES)


def _take(pose: Pose, page, url: str, how: str) -> None:  # type: ignore[no-untyped-def]
    try:
        pose.take(page, url)
    except Exception as error:
        error.add_note(f"in the pose {pose.name}, {how}")
        raise
    # A hidden caret would need an inline style, which the content security policy forbids.
    page.screenshot(path=FOLDER / f"{pose.name}-{how}.png", caret="initial")


def main() -> None:
    expect.set_options(timeout=10_000)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_console(Path(folder), NETWORK) as console,
        chromium() as browser,
    ):
        count = take(browser, console, tuple(sys.argv[1:]))
    print(f"{count} pictures in {FOLDER}")


if __name__ == "__main__":
    main()

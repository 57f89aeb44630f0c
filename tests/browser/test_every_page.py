"""Every pose of every area: accessible in both themes, whole at every width, and silent."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.runtime.console_process import ConsoleProcess

from .console import Watch, end_faults, sign_in
from .poses import Pose, all_poses

AXE = (Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js").read_text()
# All of WCAG 2.1 A and AA, and what axe knows beyond it to be good practice.
ALL_RULES: dict[str, Any] = {"resultTypes": ["violations"]}
# All that a theme changes.
COLOURS = {**ALL_RULES, "runOnly": {"type": "rule", "values": ["color-contrast"]}}
WIDTHS = (390, 1440, 1920)
# A console on which every pose fails would else fail for each of them.
MOST_COMPLAINTS = 20


@pytest.fixture(scope="module")
def poses(console: ConsoleProcess, browser: Browser) -> Iterator[list[Pose]]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    found = all_poses(sign_in(context, console.url), console)
    context.close()
    # Pages and the most used dialogs; EVERY_POSE=1 takes each step of each dialog, in minutes.
    whole = os.environ.get("EVERY_POSE")
    yield [pose for pose in found if whole or pose.key or not pose.act]
    end_faults(console)


def violations(page: Page, options: dict[str, Any]) -> Iterator[str]:
    """What axe has to say of the page as it stands."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    for violation in found:
        for node in violation["nodes"][:3]:
            yield f"{violation['id']}: {' '.join(node['target'])}: {node['failureSummary']}"


def sticking_out(page: Page) -> Iterator[str]:
    """The page must not scroll sideways at any width."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        wide, offender = page.evaluate(
            """() => {
                const room = document.documentElement.clientWidth;
                const hidden = (e) => e.closest(".table-wrap, .table-inside, pre");
                const out = [...document.body.querySelectorAll("*")].find(
                    (e) => e.getBoundingClientRect().right > room + 1 && !hidden(e));
                return [document.documentElement.scrollWidth - room, out ? out.outerHTML : ""];
            }"""
        )
        if wide > 0:
            yield f"{wide} px too wide at {width} px: {offender[:200]}"


def judge(page: Page, pose: Pose, url: str, watch: Watch) -> Iterator[str]:
    watch.complaints.clear()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    pose.take(page, url)
    yield from violations(page, ALL_RULES)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    yield from (f"dark: {words}" for words in violations(page, COLOURS))
    yield from sticking_out(page)
    expected = f"status of {pose.status} "
    yield from (words for words in watch.complaints if expected not in words)


def judge_all(context: BrowserContext, console: ConsoleProcess, poses: list[Pose]) -> list[str]:
    complaints: list[str] = []
    for signed_in in (False, True):
        page = sign_in(context, console.url) if signed_in else context.new_page()
        watch = Watch(page, console.url)
        for pose in (pose for pose in poses if pose.signed_in == signed_in):
            try:
                found = list(judge(page, pose, console.url, watch))
            except Exception as error:
                error.add_note(f"in the pose {pose.name}")
                raise
            complaints += (f"{pose.name}: {words}" for words in found)
            if len(complaints) > MOST_COMPLAINTS:
                return complaints
        page.close()
    return complaints


@pytest.mark.timeout(600)
def test_every_page_is_accessible_whole_and_silent(
    console: ConsoleProcess, browser: Browser, poses: list[Pose]
) -> None:
    context = browser.new_context(locale="en-GB")
    try:
        complaints = judge_all(context, console, poses)
    finally:
        context.close()
    assert not complaints, "\n".join(complaints)

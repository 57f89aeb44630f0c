"""Charts: drawn by script, drawn anew when the theme changes, and there without script as text."""

import re

from playwright.sync_api import Page, expect

from tests.measured import busy_hour
from tests.runtime.console_process import ConsoleProcess

from .console import REGION, SHOP

CHARTS = f"/regions/{REGION}/balancers/{SHOP}/monitoring/"


def test_charts_are_drawn_in_the_colours_of_the_theme(page: Page, console: ConsoleProcess):
    busy_hour(console.data_dir / "localcloud", SHOP, "http", 80)
    page.emulate_media(color_scheme="light")
    page.goto(console.url + CHARTS)
    plots = page.locator(".chart-plot canvas")
    expect(plots.first).to_be_visible(timeout=30_000)
    traffic = page.get_by_role("figure", name="Traffic")
    key = traffic.locator("[data-line='0']")
    light = key.evaluate("key => getComputedStyle(key).backgroundColor")
    expect(traffic.get_by_role("row", name=re.compile("^In "))).to_contain_text("bit/s")

    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        """light => getComputedStyle(
            document.querySelector("[data-line='0']")).backgroundColor !== light""",
        arg=light,
    )
    expect(plots.first).to_be_visible()

    page.get_by_label("Show", exact=True).select_option("listener")
    expect(page.get_by_role("figure", name="Inbound traffic")).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="Table").click()
    expect(page.get_by_role("columnheader", name="Inbound traffic").first).to_be_visible()

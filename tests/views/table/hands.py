"""What tests do with a table in a browser, and what they look for there."""

from playwright.sync_api import Locator, Page


def cell(table: Locator, row: int, column: int) -> Locator:
    """The cell of a row on screen in a column; those of pinned columns and of keys of groups are headers of rows."""
    return table.locator("tbody tr").nth(row).locator("td, th").nth(column)


def press(table: Locator, *keys: str) -> None:
    """Press keys where the focus is."""
    for key in keys:
        table.page.keyboard.press(key)


def expect_copied(page: Page, text: str) -> None:
    """Wait until a text is in the clipboard."""
    page.wait_for_function("async text => (await navigator.clipboard.readText()) === text", arg=text)


def measure(table: Locator, name: str) -> Locator:
    """A measure of what is selected, by its name; the one without a name says how much that is."""
    return table.locator(f'[data-measure="{name}"]')

# SPDX-License-Identifier: Apache-2.0
"""A real Chromium without a window, for the status page."""

from __future__ import annotations

import base64
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains

from tests.functional.ovn import wait_for

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # it has none for root, which the tests may well be
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--hide-scrollbars",
)


class Browser:
    """Chromium; it ends with the ``with`` block."""

    def __init__(self) -> None:
        options = ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in FLAGS:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self._driver = Chrome(options, Service("/usr/bin/chromedriver"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._driver.quit()

    def open(self, url: str, *, wait: bool = True) -> None:
        """Load a page, and let it show its first answer."""
        self._driver.get(url)
        if wait:
            self.wait_text("#version", "gwsched")

    def size(self, width: int, height: int) -> None:
        """Give the page a viewport of a size; below 500 a phone's."""
        self._cdp(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )

    def scheme(self, scheme: str) -> None:
        """Prefer ``light`` or ``dark``."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._cdp("Emulation.setEmulatedMedia", features=[feature])

    def _cdp(self, command: str, **arguments: object) -> Any:
        return self._driver.execute_cdp_cmd(command, arguments)

    def run(self, script: str, *arguments: object) -> Any:
        """Return what a script in the page returns."""
        return self._driver.execute_script(script, *arguments)

    def text(self, selector: str) -> str:
        """Return what a person reads in the first element of a selector."""
        found = "document.querySelector(arguments[0])"
        return str(self.run(f"return {found}?.innerText ?? ''", selector))

    def wait_text(self, selector: str, words: str) -> str:
        """Wait for words in an element; return all there is."""

        def there() -> str | None:
            text = self.text(selector)
            return text if words in text else None

        what = f"{words!r} in {selector}"
        return str(wait_for(there, what))

    def press(self, key: str) -> None:
        """Press a key."""
        ActionChains(self._driver).send_keys(key).perform()

    def point(self, selector: str) -> None:
        """Move the mouse onto an element."""
        element = self._driver.find_element("css selector", selector)
        ActionChains(self._driver).move_to_element(element).perform()

    def click(self, selector: str) -> None:
        """Click on an element."""
        self._driver.find_element("css selector", selector).click()

    def console(self) -> list[str]:
        """Return what the console has said since the last time."""
        entries = self._driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [str(entry["message"]) for entry in entries]

    def shoot(self, path: Path) -> None:
        """Take a picture of what is in view."""
        taken = self._cdp("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(taken["data"]))

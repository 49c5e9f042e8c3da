# SPDX-License-Identifier: Apache-2.0
"""The status page in a real Chromium, served by a real daemon."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator

import jsonschema
import pytest
from selenium.webdriver.common.keys import Keys

from tests.functional.browsing import Browser
from tests.functional.conftest import StartDaemon
from tests.functional.controllers import Controllers
from tests.functional.daemon import Daemon
from tests.functional.ovn import Ovn, wait_for
from tests.functional.screenshot import DOCS

HOSTILE = "<img src=x onerror=document.title='hacked'>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as found:
        yield found


@pytest.fixture
def daemon(
    ovn: Ovn, gateways: Controllers, start: StartDaemon, browser: Browser
) -> Iterator[Daemon]:
    """Return a daemon with eight ports on four gateways, all claimed."""
    for number in range(8):
        ovn.add_router(f"r{number}")
    started = start({"ovn": {"ovs_connections": ""}})
    wait_for(
        lambda: all(
            started.metric("gwsched_chassis_active_ports", chassis=f"gw{i}")
            == 2
            for i in range(1, 5)
        ),
        "all ports to be held evenly",
    )
    browser.size(1440, 900)
    browser.scheme("light")
    yield started
    browser.open("about:blank", wait=False)  # it would go on asking
    browser.console()


def visit(browser: Browser, daemon: Daemon) -> None:
    browser.open(f"http://127.0.0.1:{daemon.port}/")


def test_the_document_keeps_to_its_schema(daemon: Daemon) -> None:
    status, text = daemon.get("/api/status")
    assert status == 200
    schema = json.loads((DOCS / "status.schema.json").read_text())
    jsonschema.validate(json.loads(text), schema)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_it_is_readable(
    browser: Browser, daemon: Daemon, width: int, scheme: str
) -> None:
    browser.size(width, 800)
    browser.scheme(scheme)
    visit(browser, daemon)
    browser.wait_text("#headline", "All 8 gateway ports are served")
    for words in ("gw1", "gw4", "live"):
        assert words in browser.text("#map")
    browser.wait_text("#decisions", "lrp-r7")
    browser.press(Keys.TAB)
    browser.wait_text("#panel", "If gw1 failed")
    assert browser.run("return innerWidth") == width
    wide = browser.run("return document.documentElement.scrollWidth")
    assert wide <= width
    assert browser.console() == []


def test_everything_on_it_has_contrast(
    browser: Browser, daemon: Daemon
) -> None:
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        visit(browser, daemon)
        browser.press(Keys.TAB)
        browser.wait_text("#panel", "If gw1 failed")
        # WCAG 2.1, 1.4.3: 4.5 for text of this size.
        assert browser.run(FAINTEST) >= 4.5


# Returns the lowest contrast of any text with what is behind it.
FAINTEST = """
const pen = document.createElement('canvas').getContext('2d');
const rgb = (colors) => {
  pen.clearRect(0, 0, 1, 1);
  for (const color of colors) {
    pen.fillStyle = color;
    pen.fillRect(0, 0, 1, 1);
  }
  return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const light = (color) => {
  const [r, g, b] = color.map((v) => {
    const part = v / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (node) => {
  const found = [];
  for (let up = node; up; up = up.parentElement)
    found.unshift(getComputedStyle(up).backgroundColor);
  return found;
};
let worst = 21;
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const node = walk.currentNode.parentElement;
  if (!walk.currentNode.data.trim() || !node.checkVisibility()) continue;
  if (['STYLE', 'SCRIPT', 'NOSCRIPT'].includes(node.tagName)) continue;
  const ground = behind(node);
  const ink = [...ground, getComputedStyle(node).color];
  const [a, b] = [light(rgb(ground)), light(rgb(ink))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  worst = Math.min(worst, ratio);
}
return worst;
"""


def test_the_keyboard_shows_who_would_carry_what(
    browser: Browser, daemon: Daemon
) -> None:
    visit(browser, daemon)
    assert "If a gateway failed" in browser.text("#panel")
    told = {
        entry["name"]: entry["if_failed"]
        for entry in json.loads(daemon.get("/api/status")[1])["chassis"]
    }
    for name in ("gw1", "gw2"):
        browser.press(Keys.TAB)
        panel = browser.wait_text("#panel", f"If {name} failed")
        assert "2 ports would go to" in panel
        for heir, number in told[name].items():
            assert heir in panel
            assert f"→ {number}" in panel
        assert "answers heartbeats" in panel
    browser.press(Keys.ESCAPE)
    browser.wait_text("#panel", "Point at a gateway")


def test_the_mouse_and_a_tap_show_it_too(
    browser: Browser, daemon: Daemon
) -> None:
    visit(browser, daemon)
    browser.point("#rows tr:nth-child(3)")
    browser.wait_text("#panel", "If gw3 failed")
    assert "+1" in browser.text("#rows")
    browser.point("#headline")
    browser.wait_text("#panel", "Point at a gateway")
    browser.click("#rows tr:nth-child(2)")
    browser.point("#headline")
    browser.wait_text("#panel", "If gw2 failed")


def test_it_follows_what_happens(
    browser: Browser, daemon: Daemon, ovn: Ovn, gateways: Controllers
) -> None:
    visit(browser, daemon)
    gateways.silence(["gw2"])
    browser.wait_text("#rows tr:first-child", "dead")
    assert "gw2" in browser.text("#rows tr:first-child")
    decisions = browser.wait_text("#decisions", "failover")
    assert "claimed" in decisions
    ovn.add_router("away", network="elsewhere")
    browser.wait_text("#headline", "not served")
    browser.wait_text("#attention", "lrp-away")
    ovn.intend("pause")
    browser.wait_text("#notices", "no change is made")
    browser.wait_text("#subline", "paused")
    assert browser.console() == []


def test_what_is_focused_stays_so_while_it_is_drawn_anew(
    browser: Browser, daemon: Daemon, gateways: Controllers
) -> None:
    visit(browser, daemon)
    browser.press(Keys.TAB)
    browser.wait_text("#panel", "If gw1 failed")
    gateways.silence(["gw3"])
    browser.wait_text("#rows tr:first-child", "gw3")
    browser.wait_text("#panel", "If gw1 failed")
    focused = browser.run("return document.activeElement.innerText")
    assert "gw1" in focused


def test_a_hostile_name_is_only_text(
    browser: Browser, daemon: Daemon, ovn: Ovn
) -> None:
    ovn.sbctl("set", "Chassis", "gw1", f'hostname="{HOSTILE}"')
    ovn.sbctl(
        *("chassis-add", f'"{HOSTILE}"', "geneve", "10.0.9.99", "--"),
        *("set", "Chassis", f'"{HOSTILE}"'),
        "other_config:ovn-cms-options=enable-chassis-as-gw",
    )
    visit(browser, daemon)
    browser.wait_text("#rows", f"{HOSTILE}\n")
    assert HOSTILE in browser.wait_text("#rows", "gw1")
    assert browser.run("return document.querySelectorAll('img').length") == 0
    assert "hacked" not in browser.run("return document.title")
    assert browser.console() == []


def test_it_says_when_contact_is_lost(
    browser: Browser, daemon: Daemon
) -> None:
    visit(browser, daemon)
    assert browser.text("#banner") == ""
    daemon.kill()
    banner = browser.wait_text("#banner", "Lost contact with gwsched since")
    assert "asking again" in banner
    assert "gw1" in browser.text("#rows")


def test_a_daemon_that_hangs_is_lost_until_it_answers_again(
    browser: Browser, daemon: Daemon
) -> None:
    visit(browser, daemon)
    os.kill(daemon.process.pid, signal.SIGSTOP)
    browser.wait_text("#banner", "Lost contact with gwsched since")
    os.kill(daemon.process.pid, signal.SIGCONT)
    wait_for(lambda: browser.text("#banner") == "", "the banner to go")

"""A platform as ``make run`` starts it, and a browser that a person could sit at."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.e2e.conftest import assembly
from tests.e2e.launch import Platform

__all__ = ["assembly"]

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
HEIGHT = 1000


class Browser:
    """Chromium without a window, of a size, in light or dark, with what it logs."""

    def __init__(self, profile: Path, *, width: int, scheme: str) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = _program("chromium")
        for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{HEIGHT}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(_program("chromedriver")))
        size = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        wish = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [wish]})

    def complaints(self) -> list[str]:
        """Return what the page has complained of since this was last asked."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def hosts(self) -> set[str]:
        """Return whom the page has asked for anything since this was last asked."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"]
        return {url.netloc for url in map(urlsplit, sent) if url.scheme in {"http", "https", "ws", "wss"}}


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"install {name}: apt-get install chromium chromium-driver"
    return found


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory, assembly: Path) -> Iterator[Platform]:
    platform = Platform(tmp_path_factory.mktemp("platform"), assembly)
    platform.start()
    yield platform
    platform.stop()


@pytest.fixture
def browse(tmp_path: Path) -> Iterator[Callable[..., Browser]]:
    """Return a maker of browsers; they are closed afterwards."""
    made: list[Browser] = []

    def make(width: int = 1280, scheme: str = "light") -> Browser:
        made.append(Browser(tmp_path / str(len(made)), width=width, scheme=scheme))
        return made[-1]

    yield make
    for browser in made:
        browser.driver.quit()

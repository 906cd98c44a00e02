"""The documentation page in a real browser, as a person uses it.

Selenium and Debian's driver rather than Playwright: together they are 21 MB, and a driver of its own version comes with
the browser; Playwright's wheel has 53, with a Node of its own. Pictures are left in ``reports/browser``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.conftest import Browser
from tests.e2e.launch import ROOT, Platform

PICTURES = ROOT / "reports" / "browser"
PATIENCE_S = 30


class Page:
    """The documentation, open in a browser."""

    def __init__(self, browser: Browser, platform: Platform, fragment: str = "") -> None:
        self.browser = browser
        self.driver = browser.driver
        self.driver.get(f"http://127.0.0.1:{platform.http_port}/api/docs{fragment}")
        self.wait_for(".opblock-tag")

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def wait_for(self, selector: str) -> WebElement:
        return self.until(lambda: self.all(selector))[0]

    def until(self, found: Callable[[], Any]) -> Any:
        return WebDriverWait(self.driver, PATIENCE_S, 0.1).until(lambda _: found())

    def click(self, selector: str) -> None:
        element = self.wait_for(selector)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def picture(self, name: str) -> Path:
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{name}.png"
        self.driver.save_screenshot(str(path))
        return path


@pytest.fixture
def page(browse: Callable[..., Browser], platform: Platform) -> Page:
    return Page(browse(), platform)


def test_a_person_authorizes_and_lists_the_devices(page: Page, platform: Platform) -> None:
    platform.call("POST", "/api/v1/devices", {"name": "Greenhouse"})
    page.click("button.authorize")
    field = page.wait_for(".auth-container input")
    page.until(lambda: page.driver.switch_to.active_element == field)
    field.send_keys(platform.credentials["apiKey"])
    page.click(".auth-container button.authorize")
    page.click(".auth-container button.btn-done")

    page.click("#operations-tag-Devices")
    page.click("#operations-Devices-list_devices .opblock-summary-control")
    page.click("#operations-Devices-list_devices .try-out__btn")
    page.click("#operations-Devices-list_devices button.execute")
    status = page.wait_for(".live-responses-table tbody .response-col_status").text
    answer = page.wait_for(".live-responses-table tbody .response-col_description .highlight-code code").text

    assert status.split()[0] == "200"
    assert json.loads(answer) == platform.call("GET", "/api/v1/devices?limit=50").json()
    assert [device["name"] for device in json.loads(answer)["items"]] == ["Greenhouse"]
    page.picture("devices-listed")
    assert page.browser.complaints() == []
    assert page.browser.hosts() == {f"127.0.0.1:{platform.http_port}"}


def test_it_lists_the_groups_and_finds_operations(page: Page, platform: Platform) -> None:
    document = platform.call("GET", "/api/v3/api-docs", key="").json()

    assert page.driver.title == "Whimbrel API"
    assert [each.get_attribute("data-tag") for each in page.all(".opblock-tag")] == [
        tag["name"] for tag in document["tags"]
    ]
    assert page.all(".opblock") == []
    assert not any(each.is_displayed() for each in page.all(".servers"))
    page.picture("groups")

    page.wait_for(".operation-filter-input").send_keys("registration")
    page.until(lambda: len(page.all(".opblock-tag")) == 1)
    wanted = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if re.search("registration", path + operation["summary"] + operation["operationId"])
    }
    assert {re.sub(r"\s+", " ", each.text.replace("\u200b", "")) for each in page.all(".opblock-summary-path")} == {
        each.split()[1] for each in wanted
    }
    assert len(page.all(".opblock")) == len(wanted) > 1
    assert page.browser.complaints() == []


def test_a_link_leads_to_its_operation(browse: Callable[..., Browser], platform: Platform) -> None:
    page = Page(browse(), platform, "#/Exports/create_export")

    assert "is-open" in (page.wait_for("#operations-Exports-create_export").get_attribute("class") or "")
    assert "READINGS" in page.wait_for("#operations-Exports-create_export .body-param__example").text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_the_screen(browse: Callable[..., Browser], platform: Platform, width: int, scheme: str) -> None:
    page = Page(browse(width=width, scheme=scheme), platform)
    page.click("#operations-tag-Readings")
    page.click("#operations-Readings-get_sensor_aggregates .opblock-summary-control")
    page.wait_for("#operations-Readings-get_sensor_aggregates .parameters")

    background = page.driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    shades = [int(shade) for shade in re.findall(r"\d+", background)]
    page.picture(f"{width}-{scheme}")

    assert (max(shades) < 64) == (scheme == "dark")
    assert page.driver.execute_script("return document.documentElement.scrollWidth") <= width


def test_nobody_else_can_be_asked_for_anything(platform: Platform) -> None:
    policy = dict(
        directive.split(" ", 1)
        for directive in platform.call("GET", "/api/docs", key="").headers["content-security-policy"].split("; ")
    )

    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert re.fullmatch(r"'sha256-\S+' 'sha256-\S+'", policy["script-src"])
    assert policy["frame-ancestors"] == "'none'"

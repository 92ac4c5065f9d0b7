"""A device as its owner would name it, and nothing more: the raw user agent is never kept (clause C2)."""

import re
from dataclasses import dataclass

_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl"),
    ("python", "Python"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
UNKNOWN = "another browser"


@dataclass(frozen=True, slots=True)
class Device:
    """version: the browser's major version, or ""."""

    browser: str
    version: str
    system: str

    @property
    def family(self) -> str:
        """Such as "Firefox on Linux". A device is known again by it: versions change every few weeks."""
        return self._named(self.browser)

    @property
    def name(self) -> str:
        """Such as "Firefox 128 on Linux"."""
        return self._named(f"{self.browser} {self.version}" if self.version else self.browser)

    def _named(self, browser: str) -> str:
        return f"{browser} on {self.system}" if self.system else browser


def read_device(user_agent: str) -> Device:
    """Family and major version of the browser and the family of the system; UNKNOWN for what is not known."""
    mark, browser = next(((mark, name) for mark, name in _BROWSERS if mark in user_agent), ("", UNKNOWN))
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return Device(browser, _version(user_agent, mark), system)


def _version(user_agent: str, mark: str) -> str:
    """Safari tells its version elsewhere."""
    if not mark:
        return ""
    word = "Version/" if mark == "Safari/" else re.escape(mark.rstrip("/")) + r"[A-Za-z]*/"
    found = re.search(word + r"(\d{1,4})", user_agent)
    return found[1] if found else ""

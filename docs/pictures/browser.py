"""A headless Chromium that waits in real time, so that what comes over a WebSocket is in the picture, too."""

from __future__ import annotations

import asyncio
import base64
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import aiohttp

STARTS_WITHIN = 30.0


def shoot(url: str, place: Path, size: tuple[int, int], seconds: float) -> None:
    """Open a page, let it settle for so many seconds, and write what it shows as PNG.

    The page is measured in pixels. Raises SystemExit without Chromium.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("Chromium is not installed: sh deployments/apt.sh chromium fonts-noto-color-emoji")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        words = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--remote-debugging-port=0",
        ]
        words += [f"--window-size={size[0]},{size[1]}", f"--user-data-dir={folder}"]
        browser = subprocess.Popen([chromium, *words, "about:blank"], stderr=subprocess.DEVNULL)
        try:
            port = _port(Path(folder) / "DevToolsActivePort")
            place.write_bytes(asyncio.run(_take(port, url, size, seconds)))
        finally:
            browser.terminate()
            browser.wait(10)


def _port(file: Path) -> int:
    deadline = time.monotonic() + STARTS_WITHIN
    while not file.exists() or not file.read_text().strip():
        if time.monotonic() > deadline:
            raise SystemExit(f"Chromium did not start within {STARTS_WITHIN:g} s")
        time.sleep(0.1)
    return int(file.read_text().splitlines()[0])


async def _take(port: int, url: str, size: tuple[int, int], seconds: float) -> bytes:
    """Speak the DevTools protocol: go to the page, wait, capture."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json") as pages:
            page = next(one for one in await pages.json() if one["type"] == "page")
        async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=64 << 20) as line:

            async def ask(number: int, method: str, **given: object) -> dict[str, str]:
                await line.send_json({"id": number, "method": method, "params": given})
                while True:
                    said = await line.receive_json()
                    if said.get("id") == number:
                        return dict(said.get("result", {}))

            await ask(1, "Emulation.setDeviceMetricsOverride",
                      width=size[0], height=size[1], deviceScaleFactor=1, mobile=False)  # fmt: skip
            await ask(2, "Page.navigate", url=url)
            await asyncio.sleep(seconds)
            return base64.b64decode((await ask(3, "Page.captureScreenshot", format="png"))["data"])

"""Take pictures of the bot's messages: their snapshots as a page that looks about like Slack, seen by Chromium.

    python docs/pictures/take.py

The real Slack draws them in its own way; this shows what stands in them and in which order.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SNAPSHOTS = ROOT / "tests" / "bot" / "snapshots"
PICTURES = {"question": ("question_open",), "run": ("run_running",), "report": ("report",)}
STYLE = """
body { font: 15px/1.45 Lato, "DejaVu Sans", "Noto Color Emoji", sans-serif; color: #1d1c1d; background: #fff; margin: 18px; width: 660px }
.who { font-weight: 800 } .bot { background: #e8e8e8; color: #616061; font-size: 10px; padding: 1px 4px; border-radius: 3px }
h2 { font-size: 18px; margin: 6px 0 } hr { border: 0; border-top: 1px solid #ddd; margin: 10px 0 }
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 16px; margin: 6px 0 } p { margin: 6px 0; white-space: pre-wrap }
.context { color: #616061; font-size: 12.5px; white-space: pre-wrap; margin: 6px 0 }
code { background: #f4f4f4; border: 1px solid #ddd; border-radius: 3px; color: #c01343; padding: 0 3px; font-size: 12.5px }
.mention { background: #fdf2d3; color: #1264a3 } a { color: #1264a3; text-decoration: none }
.button { display: inline-block; border: 1px solid #bbb; border-radius: 4px; padding: 5px 12px; margin: 4px 8px 4px 0; font-weight: 700; font-size: 13.5px }
.primary { background: #007a5a; border-color: #007a5a; color: #fff } .danger { background: #e01e5a; border-color: #e01e5a; color: #fff }
.task { border: 1px solid #ddd; border-radius: 6px; padding: 6px 10px; margin: 4px 0 } .task small { color: #616061; display: block }
table { border-collapse: collapse; font-size: 13px; margin: 6px 0 } td { border: 1px solid #ddd; padding: 3px 8px }
tr:first-child { font-weight: 700 } .bar { background: #1264a3; display: inline-block; height: 14px; border-radius: 2px }
.chart { border: 1px solid #ddd; border-radius: 6px; padding: 8px 12px; margin: 6px 0 } .chart div { margin: 3px 0; font-size: 13px }
.chart b { display: block } .chart span.name { display: inline-block; width: 90px }
"""


def mrkdwn(text: str) -> str:
    """Turn Slack's markup into HTML; its text is escaped already."""
    text = re.sub(r"<!date\^(\d+)\^[^|]*\|([^>]*)>", r"\2", text)
    text = re.sub(r"<!subteam\^\w+>", '<span class="mention">@approvers</span>', text)
    text = re.sub(r"<@(\w+)>", r'<span class="mention">@\1</span>', text)
    text = re.sub(r"<(https?://[^|>]+)\|([^>]*)>", r'<a href="#">\2</a>', text)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"(?<!\w)\*([^*\n]+)\*", r"<b>\1</b>", text)


def say(text: dict[str, Any]) -> str:
    """Show a text object."""
    return mrkdwn(text["text"]) if text["type"] == "mrkdwn" else text["text"]


def show(block: dict[str, Any]) -> str:
    """Show one block."""
    match block["type"]:
        case "header":
            return f"<h2>{say(block['text'])}</h2>"
        case "section":
            fields = "".join(f"<p>{say(one)}</p>" for one in block.get("fields", []))
            text = f"<p>{say(block['text'])}</p>" if "text" in block else ""
            return text + (f'<div class="fields">{fields}</div>' if fields else "")
        case "context":
            return "".join(f'<div class="context">{say(one)}</div>' for one in block["elements"])
        case "divider":
            return "<hr>"
        case "actions":
            return "".join(
                f'<span class="button {one.get("style", "")}">{say(one["text"])}</span>'
                for one in block["elements"]
            )
        case "plan":
            return f"<p><b>{html.escape(block['title'])}</b></p>" + "".join(map(task, block["tasks"]))
        case "table":
            rows = "".join(
                "<tr>" + "".join(f"<td>{html.escape(cell['text'])}</td>" for cell in row) + "</tr>"
                for row in block["rows"]
            )
            return f"<table>{rows}</table>"
        case "data_visualization":
            points = block["chart"]["series"][0]["data"]
            most = max(point["value"] for point in points)
            bars = "".join(
                f'<div><span class="name">{html.escape(point["label"])}</span><span class="bar" style="width:'
                f'{int(380 * point["value"] / most)}px"></span> ${point["value"]:.2f}</div>'
                for point in points
            )
            return f'<div class="chart"><b>{html.escape(block["title"])}</b>{bars}</div>'
    return f"<p>{block['type']}</p>"


def task(card: dict[str, Any]) -> str:
    """Show one task of a plan."""
    details = card["details"]["elements"][0]["elements"][0]["text"] if "details" in card else ""
    return f'<div class="task">{html.escape(card["title"])}<small>{html.escape(details)}</small></div>'


def take(name: str, snapshots: tuple[str, ...]) -> None:
    """Take one picture."""
    parts = []
    for snapshot in snapshots:
        message = json.loads((SNAPSHOTS / f"{snapshot}.json").read_text())
        parts.append('<p><span class="who">fresh</span> <span class="bot">APP</span></p>')
        parts += [show(block) for block in message["blocks"]]
    page = f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><body>{''.join(parts)}"
    rows = sum(
        part.count("<p") + part.count("<div") + part.count("<tr") + part.count("<h2") for part in parts
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(page)
        subprocess.run(
            [
                "chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                f"--window-size=700,{330 + 26 * rows}",
                f"--screenshot={HERE / name}.png",
                file.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=240,
        )


if __name__ == "__main__":
    for picture, snapshots in PICTURES.items():
        if len(sys.argv) == 1 or picture in sys.argv[1:]:
            take(picture, snapshots)

"""What a server does not take, learnt from its refusals: nobody lists what each of the many compatible servers knows.

A refusal costs nothing, and each teaches one thing that is then left out, renamed or said in another way. What keeps
the bill bounded (the limit of the output) and what keeps a conversation private (`store` at OpenAI) is never left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pydantic import JsonValue

Body = dict[str, JsonValue]

LIMITS = ("max_tokens", "max_completion_tokens")
OPTIONAL = ("parallel_tool_calls", "prompt_cache_key", "response_format", "text", "include", "truncation")
OPTIONAL_ELSEWHERE = ("store",)
"""What may be left out at servers that are not OpenAI's own."""
ALSO_CALLED = {"include": "encrypted content", "response_format": "json_schema", "text": "json_schema"}
"""Other words by which servers refuse a field."""
BRIDGE = "Understood."
"""What stands for the model's own words where a template wants them between a tool's output and ours."""

_UNKNOWN = re.compile(
    r"unsupported|not supported|un(known|recognized|expected)|extra|not permitted|instead", re.IGNORECASE
)
_ALTERNATING = re.compile(
    r"must alternate|unexpected role|role \W?\w+\W? after role|conversation roles", re.IGNORECASE
)
_NO_SYSTEM = re.compile(
    r"system\W{0,3} (role|message|prompt)s?\b.{0,40}\bnot\b|(does not|doesn't|not) support.{0,20}\bsystem\b|role.{0,20}\bsystem\b",
    re.IGNORECASE,
)
_NO_TOOLS = re.compile(
    r"support(s|ing)? (for )?(\w+ )?(tools?\b|function)|\btools?( use| calls?| calling| choice)?( (is|are))? not (supported|allowed)"
    r"|tools param|tool choice requires|enable-auto-tool-choice|function call\w* (is|are) not",
    re.IGNORECASE,
)


_NO_TEMPLATE = re.compile(
    r"tools param requires|--jinja|tool choice requires|enable-auto-tool-choice|does not support tools",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Manners:
    """How requests to one model are written."""

    left_out: frozenset[str] = frozenset()
    limit: str = ""
    alternates: bool = False
    no_system: bool = False

    def __or__(self, other: Manners) -> Manners:
        """Keep what both have learnt."""
        return Manners(
            self.left_out | other.left_out,
            self.limit or other.limit,
            self.alternates or other.alternates,
            self.no_system or other.no_system,
        )


def learnt(used: Manners, body: Body, words: str, param: str, *, is_openai: bool) -> Manners | None:
    """Give better manners after a refusal in these words; None when it teaches nothing that can be done otherwise."""
    known = OPTIONAL if is_openai else OPTIONAL + OPTIONAL_ELSEWHERE
    for name in known:
        if name in body and _is_about(name, words, param):
            return replace(used, left_out=used.left_out | {name})
    for now, other in (LIMITS, LIMITS[::-1]):
        if now in body and not used.limit and _UNKNOWN.search(words) and _is_about(now, words, param):
            return replace(used, limit=other)
    if not used.no_system and _NO_SYSTEM.search(words):
        return replace(used, no_system=True)
    if not used.alternates and _ALTERNATING.search(words):
        return replace(used, alternates=True)
    return None


def is_about_template(words: str) -> bool:
    """Say whether a conversation could not even be shown to a model, so that nothing was made of it."""
    return bool(_ALTERNATING.search(words) or _NO_SYSTEM.search(words))


def lacks_tools(words: str, param: str) -> bool:
    """Say whether a refusal means that the model can't call tools."""
    return (
        param.partition("[")[0] == "tools"
        or bool(_NO_TOOLS.search(words.replace("`", "")))
        or _is_about("tools", words, "")
    )


def asks_for_a_template(words: str) -> bool:
    """Say whether a server was started without what it needs to show tools to a model, so that nothing was made."""
    return bool(_NO_TEMPLATE.search(words))


def mannerly(body: Body, manners: Manners) -> Body:
    """Write a request as its server takes it."""
    written = {name: value for name, value in body.items() if name not in manners.left_out}
    for name in LIMITS:
        if manners.limit and name in written and name != manners.limit:
            written[manners.limit] = written.pop(name)
    where = "messages" if "messages" in written else "input"
    entries = written.get(where)
    if not isinstance(entries, list) or not (manners.no_system or manners.alternates):
        return written
    said = [dict(entry) for entry in entries if isinstance(entry, dict)]
    if manners.no_system:
        said = _without_system(said, str(written.pop("instructions", "")))
    written[where] = [*(_alternating(said) if manners.alternates else said)]
    return written


def _is_about(name: str, words: str, param: str) -> bool:
    """Say whether a refusal names a field: by itself, or quoted in words, since some names are everyday words."""
    if param in (name, f"body.{name}") or param.startswith((f"{name}.", f"{name}[")):
        return True
    if name in ALSO_CALLED and ALSO_CALLED[name] in words.lower():
        return True
    plain = rf"(?<![\w.]){name}(?![\w])" if "_" in name else rf"""[`'"]{name}[`'".\[]"""
    return re.search(plain, words) is not None


def _without_system(said: list[Body], instructions: str) -> list[Body]:
    """Say the instructions at the beginning of the first words that are ours."""
    kept: list[Body] = []
    for entry in said:
        if entry.get("role") == "system":
            instructions = str(entry.get("content"))
        else:
            kept.append(entry)
    first = next((entry for entry in kept if entry.get("role") == "user"), None)
    if first is not None and instructions:
        first["content"] = f"{instructions}\n\n{first['content']}"
    return kept


def _alternating(said: list[Body]) -> list[Body]:
    """Let nobody speak twice in a row, and the model between a tool and us."""
    kept: list[Body] = []
    for entry in said:
        before = kept[-1] if kept else {}
        if entry.get("role") != "user":
            kept.append(entry)
        elif before.get("role") == "user":
            before["content"] = f"{before['content']}\n\n{entry['content']}"
        else:
            if before.get("role") == "tool":
                kept.append({"role": "assistant", "content": BRIDGE})
            elif before.get("type") == "function_call_output":
                kept.append({"type": "message", "role": "assistant", "content": BRIDGE})
            kept.append(entry)
    return kept

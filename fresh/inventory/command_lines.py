"""Code that build files, containers, services and pipelines start by a command line; pure text, nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename

from fresh.domain.entry_rules import EntryRule

FILES = re.compile(
    r"(?:.*/)?(?:Dockerfile[^/]*|[^/]*\.Dockerfile|Containerfile|Procfile[^/]*|[Mm]akefile|GNUmakefile|[Jj]ustfile|tox\.ini"
    r"|[^/]*compose[^/]*\.ya?ml|Taskfile\.ya?ml|Jenkinsfile|azure-pipelines[^/]*\.ya?ml|app\.ya?ml|fly\.toml|crontab"
    r"|action\.ya?ml|prefect\.ya?ml|serverless\.ya?ml|template\.ya?ml|supervisord?\.conf|\.travis\.yml|\.pre-commit-[a-z]+\.yaml"
    r"|[^/]+\.(?:sh|bash|bat|ps1|mk|service|cron|smk|nomad)|Snakefile|Pipfile|dvc\.yaml|render\.ya?ml|heroku\.yml|package\.json"
    r"|[^/]*supervisor[^/]*\.conf|[^/]*uwsgi[^/]*\.ini|\.flaskenv|railway\.(?:toml|json)|cloudbuild\.ya?ml|buildspec\.ya?ml"
    r"|gunicorn[^/]*\.py|cron\.d/[^/]+|supervisor(?:d|/conf\.d)?/[^/]+\.conf"
    r"|(?:k8s|kubernetes|helm|charts|manifests|deploy|deployment)/(?:.+/)?[^/]+\.ya?ml)"
    r"|\.(?:github|gitlab|circleci|buildkite|forgejo|gitea|woodpecker)/.+\.ya?ml|\.gitlab-ci\.yml|\.drone\.yml"
)
NOISE = str.maketrans(dict.fromkeys("\"',[]", " "))
"""What surrounds the words of a command that is written as a list."""
OPTIONS = r"(?:\s+-(?!m\b)\w+(?:[ =][a-z][\w:.]*(?=\s+-))?){0,20}"
"""Options of an interpreter, as many as anybody gives: every one of a longer row would be tried as the first."""
PYTHON = r"(?<![\w.-])[^\s|&;=]{0,80}\bpy(?:thon)?w?[\d.]*(?:\.exe)?[})]*"
RUN_MODULE = re.compile(
    rf"(?i:{PYTHON}|\$\(PY\w*\)|\{{envpython\}}|uv\s+run|coverage\s+run)"
    + OPTIONS
    + r"\s+-m\s+([A-Za-z_][\w.]*)"
)
WORKED_OUT = r"(?:\$\([^)\n]{0,80}\)|\$\{[^}\n]{0,80}\})"
"""A folder that the shell works out: `$(dirname "$0")`, `${BASH_SOURCE%/*}`."""
RUN_FILE = re.compile(
    rf"(?i:{PYTHON}|\$\(PY\w*\)|uv\s+run|streamlit\s+run|flask\s+--app){OPTIONS}\s+({WORKED_OUT}?[\w./${{}}-]+\.py)\b"
)
VARIABLE = re.compile(rf"^(?:{WORKED_OUT}|\$\w+)/")
SERVER = re.compile(
    r"\b(?:uvicorn|gunicorn|hypercorn|daphne|granian|celery|waitress-serve|uwsgi|rq|dramatiq|arq|faust|flask|FLASK_APP|fastapi"
    r"|DJANGO_SETTINGS_MODULE|wsgi_app|module(?=\s*=))\b"
    r"([^\n]*)"
)
SERVED = re.compile(
    r"(?<![\w./-])([A-Za-z_]\w*(?:\.\w+)*:[A-Za-z_]\w*|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?![\w/-])"
)
CELERY = re.compile(r"\bcelery\s+(?:-\w+\s+)?(?:-A|--app)[ =]\s*([A-Za-z_]\w*)(?![\w.:/])")
FLOW = re.compile(r"\bentrypoint:\s*([\w./-]+\.py:\w+)")
FUNCTION = re.compile(r"\b[Hh]andler:\s*([\w./-]+\.[A-Za-z_]\w*)\s*$", re.MULTILINE)

Command = tuple[EntryRule, str, str]


def holds_commands(path: str) -> bool:
    """Tell whether a file may hold command lines."""
    return FILES.fullmatch(path) is not None


def commands_in(path: str, text: str) -> Iterator[Command]:
    """List what the command lines of one file start: the rule, how it is started, and the target.

    A path below a folder that only the shell, or a container, knows begins with `/`.
    """
    plain = text.replace("\\\n", "  ").translate(NOISE)
    for how, pattern in (("python -m", RUN_MODULE), ("python", RUN_FILE)):
        for target in dict.fromkeys(pattern.findall(plain)):
            yield EntryRule.COMMAND_LINE, how, VARIABLE.sub("/", target).removeprefix("./")
    for line in SERVER.findall(plain):
        for target in dict.fromkeys(SERVED.findall(line)):
            yield EntryRule.COMMAND_LINE, "server", target
    for target in dict.fromkeys(CELERY.findall(plain)):
        yield EntryRule.COMMAND_LINE, "server", f"{target}.celery:app"
    if basename(path).startswith("prefect."):
        for target in FLOW.findall(plain):
            yield EntryRule.TASK, "deployment", target
    if basename(path).startswith(("serverless.", "template.")):
        for target in FUNCTION.findall(plain):
            yield EntryRule.COMMAND_LINE, "function", target.replace("/", ".")

"""The Prefect server that comes along: started as a child, found by other processes, kept on one port.

Nothing in here imports Prefect while it is imported: Prefect reads its settings once, at its own import, and
`client_environment` has to be in place before that.
"""

from fresh.adapters.prefect_server.environment import client_environment, server_environment
from fresh.adapters.prefect_server.given import GivenServer
from fresh.adapters.prefect_server.record import ServerRecord, find, read_record, write_record
from fresh.adapters.prefect_server.server import PrefectServer, end_server, kill_server_of
from fresh.adapters.prefect_server.template import DATABASE, copy_template, template_path

__all__ = [
    "DATABASE",
    "GivenServer",
    "PrefectServer",
    "ServerRecord",
    "client_environment",
    "copy_template",
    "end_server",
    "find",
    "kill_server_of",
    "read_record",
    "server_environment",
    "template_path",
    "write_record",
]

# SPDX-License-Identifier: Apache-2.0
"""An ovsdb-server of our own, and a client of it without any comforts.

No python-ovs: what is tested is not to be judged by its own libraries.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
from pathlib import Path
from typing import Any, Self

from tests.functional.ovn import wait_for

Row = dict[str, Any]
# By table, by UUID.
Content = dict[str, dict[str, Row]]
_DECODER = json.JSONDecoder()


class Server:
    """An ovsdb-server with an empty database; ended with the block."""

    def __init__(self, directory: Path, short: str, schema: Path) -> None:
        self.socket = directory / f"{short}.sock"
        database = directory / f"{short}.db"
        self._log = directory / f"{short}.log"
        subprocess.run(["ovsdb-tool", "create", database, schema], check=True)
        self._command = [
            "ovsdb-server",
            *("--no-chdir", f"--unixctl={directory}/{short}.ctl"),
            *(f"--remote=punix:{self.socket}", "-vconsole:warn"),
            str(database),
        ]

    def __enter__(self) -> Self:
        with self._log.open("w") as log:
            self._process = subprocess.Popen(self._command, stderr=log)
        wait_for(self._listens, f"{self.socket}", 120)
        return self

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.socket)) == 0

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


class Client:
    """One connection to one database; a request waits for its answer."""

    def __init__(self, server: Server, name: str) -> None:
        self.name = name
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(str(server.socket))
        self._input = b""
        self._number = 0
        self.schema: dict[str, Any] = self.ask("get_schema", name)

    def close(self) -> None:
        self._socket.close()

    def transact(self, *operations: Row) -> list[Row]:
        """Do all or nothing; return the results, an error among them."""
        found: list[Row] = self.ask("transact", self.name, *operations)
        return found

    def ask(self, method: str, *params: Any) -> Any:
        self._number += 1
        request = {"method": method, "params": params, "id": self._number}
        self._socket.sendall(json.dumps(request).encode())
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if answer["error"]:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]
            if answer.get("method") == "echo":
                reply: Row = {"result": [], "error": None, "id": "echo"}
                self._socket.sendall(json.dumps(reply).encode())

    def _next(self) -> dict[str, Any]:
        while True:
            try:
                text = self._input.decode()
                found, end = _DECODER.raw_decode(text)
            except ValueError:  # there is more to come
                data = self._socket.recv(1 << 20)
                assert data, "the server has hung up"
                self._input += data
                continue
            self._input = text[end:].encode()
            answer: dict[str, Any] = found
            return answer


def selects(schema: dict[str, Any]) -> list[Row]:
    """Return the operations that read everything."""
    return [
        {"op": "select", "table": table, "where": []}
        for table in sorted(schema["tables"])
    ]


def content(schema: dict[str, Any], results: list[Row]) -> Content:
    """Return what the results of :func:`selects` say, without versions."""
    found: Content = {}
    for table, result in zip(sorted(schema["tables"]), results, strict=True):
        found[table] = {
            row["_uuid"][1]: {
                column: value
                for column, value in row.items()
                if not re.fullmatch("_uuid|_version", column)
            }
            for row in result["rows"]
        }
    return found


def uuids(value: Any) -> list[str]:
    """Return the UUIDs in a value: one, or a set of them."""
    if value[0] == "set":
        return [uuid for _, uuid in value[1]]
    return [value[1]]


def mapped(value: Any) -> dict[str, str]:
    """Return a map of texts as one."""
    return dict(value[1])

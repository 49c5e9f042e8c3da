# SPDX-License-Identifier: Apache-2.0
"""What a daemon answers to GET /api/status, checked before it is used.

What is missing or null is None, or empty where there could be several: an
older daemon does not know all of it, and without a daemon much is unknown.
What is more than we know stays: a newer daemon may say more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

API = 1

Document = dict[str, Any]

# A value stands for its type, one in a list for any number of them, the key
# "" for any key.
CHASSIS: Document = {
    "name": "",
    "hostname": "",
    "gateway": False,
    "networks": [""],
    "zones": [""],
    "capacity": 0,
    "verdict": "",
    "seconds": 0.0,
    "why": "",
    "advice": "",
    "intents": [""],
    "evidence": [""],
    "holds": 0,
    "ranks": [0],
    "carries": 0,
    "load": 0,
    "penalty": 0.0,
    "bad_uplinks": [""],
    "if_failed": {"": 0},
    "if_failed_unserved": 0,
}
DECISION: Document = {
    "time": "",
    "kind": "",
    "unit": "",
    "ports": [""],
    "ports_left_out": 0,
    "from": [""],
    "to": [""],
    "reason": "",
    "why": "",
    "evidence": {"": ""},
    "result": "",
    "seconds": 0.0,
}
STATUS: Document = {
    "api": 0,
    "version": "",
    "host": "",
    "role": "",
    "mode": "",
    "scheduler": "",
    "time": "",
    "databases": {"nb": False, "sb": False},
    "vantages": {"": False},
    "configuration": {"read_at": "", "good": False, "error": ""},
    "paused": False,
    "guards": [{"guard": "", "why": "", "blocks": False}],
    "ports": {
        "total": 0,
        "unscheduled": 0,
        "underreplicated": 0,
        "mismatched": 0,
        "unclaimed": 0,
    },
    "imbalance": {"n": 0.0, "n_minus_1_worst": 0.0},
    "chassis": [CHASSIS],
    "chassis_left_out": 0,
    "attention": [{"port": "", "unit": "", "what": ""}],
    "attention_left_out": 0,
    "refusals": [{"unit": "", "reason": "", "why": "", "served": False}],
    "refusals_left_out": 0,
    "problems": [""],
    "problems_left_out": 0,
    "waiting": {"": 0},
    "uneven": False,
    "decisions": [DECISION],
}


class NonsenseError(Exception):
    """A document that is not what it should be; one clear line."""


def checked(document: object) -> Document:
    """Return a document with all that is missing filled in.

    :raises NonsenseError: where something is not of its kind
    """
    if not isinstance(document, dict) or "api" not in document:
        raise NonsenseError("it is no status of a gwsched")
    if document["api"] != API:
        raise NonsenseError(
            f"it speaks version {document['api']!r:.40}, this tool version "
            f"{API}; update the older one"
        )
    found: Document = _checked(document, STATUS, "")
    return found


def _checked(value: Any, model: Any, where: str) -> Any:
    if isinstance(model, dict):
        return _checked_map(value, model, where)
    if isinstance(model, list):
        items = _of_type(value, list, where) or []
        return [
            _checked(item, model[0], f"{where}.{i}")
            for i, item in enumerate(items)
        ]
    return _of_type(value, type(model), where)


def _checked_map(
    value: Any, model: Mapping[str, Any], where: str
) -> dict[str, Any]:
    there: dict[str, Any] = _of_type(value, dict, where) or {}
    if "" in model:
        return {
            key: _checked(item, model[""], f"{where}.{key}")
            for key, item in there.items()
        }
    known = {
        key: _checked(there.get(key), each, f"{where}.{key}")
        for key, each in model.items()
    }
    return {**there, **known}


def _of_type(value: Any, kind: type, where: str) -> Any:
    """Return a value that is of a type, or None."""
    if kind is float and type(value) is int:
        return float(value)
    if value is None or type(value) is kind:
        return value
    raise NonsenseError(
        f"{where.lstrip('.')} is {value!r:.40}, which is no {kind.__name__}"
    )

# SPDX-License-Identifier: Apache-2.0
"""Write etc/completion: ``python -m tests.packaging.completion``.

shtab makes it of the parser. What an operator would have to look up, the
names of chassis and ports, gwschedctl is asked for when Tab is pressed.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import shtab

from tests.packaging import commands

ROOT = Path(__file__).parents[2]
FILES: Mapping[str, Path] = {
    "bash": ROOT / "etc/completion/gwschedctl.bash",
    "zsh": ROOT / "etc/completion/_gwschedctl",
}
LICENSE = "# SPDX-License-Identifier: Apache-2.0\n"

# What completes a value, by what --help calls it.
COMPLETERS: Mapping[str, object] = {
    "PATH": shtab.FILE,
    "FILE": shtab.FILE,
    "DIR": shtab.DIRECTORY,
    "CHASSIS": {"bash": "_gwschedctl_chassis", "zsh": "_gwschedctl_chassis"},
    "PORT": {"bash": "_gwschedctl_ports", "zsh": "_gwschedctl_ports"},
    "CHASSIS[,CHASSIS...]": {
        "bash": "_gwschedctl_several",
        "zsh": "_sequence _gwschedctl_chassis",
    },
}

# Names are data: compgen -W would expand them, and so run what is in them.
BASH = """\
# The names in one column of a listing, by the files given on this line. A
# database that does not answer soon has none.
_gwschedctl_names() {
  local verb=$1 column=$2 before=$3 word=$4 index name
  local -a files=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    case ${COMP_WORDS[index]} in
      --config-file | --config-dir)
        files+=("${COMP_WORDS[index]}" "${COMP_WORDS[index + 1]}")
        ;;
    esac
  done
  while IFS= read -r name; do
    [[ $name == "$word"* && ",$before" != *",$name,"* ]] &&
      printf '%s%q\\n' "$before" "$name"
  done < <(timeout "${GWSCHEDCTL_COMPLETION_TIMEOUT:-2}" \\
    "${COMP_WORDS[0]}" "${files[@]}" "$verb" -f value -c "$column" \\
    2>/dev/null)
}

_gwschedctl_chassis() { _gwschedctl_names chassis chassis "" "$1"; }

_gwschedctl_ports() { _gwschedctl_names ports port "" "$1"; }

_gwschedctl_several() {
  local last=${1##*,}
  _gwschedctl_names chassis chassis "${1%"$last"}" "$last"
}
"""
ZSH = """\
# What stands before the cursor: _arguments cuts $words down to the verb's.
typeset -ga _gwschedctl_line
_gwschedctl_line=("${(@Q)words[1,CURRENT-1]}")

# The names in one column of a listing, by the files given on this line. A
# database that does not answer soon has none.
_gwschedctl_names() {
  local verb=$1 column=$2 index
  shift 2
  local -a files names line=("$_gwschedctl_line[@]")
  for ((index = 2; index <= $#line; index++)); do
    case $line[index] in
      --config-file | --config-dir) files+=($line[index,index+1]) ;;
    esac
  done
  names=(${(f)"$(timeout ${GWSCHEDCTL_COMPLETION_TIMEOUT:-2} \\
    $line[1] $files $verb -f value -c $column 2>/dev/null)"})
  compadd "$@" -a names
}

_gwschedctl_chassis() { _gwschedctl_names chassis chassis "$@" }

_gwschedctl_ports() { _gwschedctl_names ports port "$@" }
"""
# Any: shtab takes one by shell as well, and its annotation is for one alone.
PREAMBLE: Any = {"bash": BASH, "zsh": ZSH}


def script(shell: str) -> str:
    """Return what completes gwschedctl in a shell."""
    made = shtab.complete(parser(), shell=shell, preamble=PREAMBLE)
    first, rest = made.split("\n", 1)
    if shell == "zsh":  # compinit reads nothing but the first line
        return f"{first}\n{LICENSE}{rest.rstrip()}\n"
    return f"{LICENSE}{made.rstrip()}\n"


def parser() -> argparse.ArgumentParser:
    """Return gwschedctl's, with what completes its values."""
    found = commands.gwschedctl()
    _complete(found)
    for verb in commands.verbs(found).values():
        about = verb.description or ""
        verb.description = about.partition(". ")[0].rstrip(".")
        commands.add_common(verb)
        _complete(verb)
    return found


def _complete(found: argparse.ArgumentParser) -> None:
    for action in found._actions:
        name = action.metavar
        if isinstance(name, str) and name in COMPLETERS:
            action.complete = COMPLETERS[name]  # type: ignore[attr-defined]


if __name__ == "__main__":
    for shell, file in FILES.items():
        file.write_text(script(shell))

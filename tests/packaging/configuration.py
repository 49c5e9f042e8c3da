# SPDX-License-Identifier: Apache-2.0
"""Print the reference: ``python -m tests.packaging.configuration``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import groupby

from tests.packaging.options import Entry, entries
from tests.packaging.reloading import Effect

HEAD = """\
# Configuration

Every option of gwsched, made from the code by
`python -m tests.packaging.configuration`. `man gwsched.conf` says the same,
and [the sample](../etc/gwsched/gwsched.conf.sample) is the file to begin
with: all of it commented out, for every option has a default.

## Where it is read from

- The first `gwsched.conf` and the first `gwsched.conf.d/` in `~/.gwsched`,
  `~`, `/etc/gwsched`, `/etc`; of the directory all `*.conf`, by name, after
  the file. Whatever is read later wins.
- `--config-file` stands in for the file, `--config-dir` for the directory,
  each as often as you like. What they name is read last, in their order.
- An environment variable `OS_SECTION__OPTION` beats the files:
  `OS_SCHEDULER__MODE=observe`.
- gwschedctl looks in the same places. `gwschedctl check-config` says whether
  the daemon could start with what is there, and names every section and
  option that it does not know, with what may be meant.
- `[ovn]` has Neutron's names. The section of Neutron's file may be pasted;
  what of it gwsched has no use for is passed over.

## Reload

SIGHUP (`systemctl reload gwsched`) reads everything anew. It is taken over
whole, or not at all: with anything wrong in it, the log says what, what was
read before goes on, and `gwsched_config_last_reload_successful` is 0. What a
changed option does is said with each:

- *at once*: from the next pass on, which begins then. The lock is kept.
- *reconnects to both databases*: they are closed and opened. Another gwsched
  takes the lock over meanwhile, if there is one; verdicts begin from nothing
  as after a start.
- *opens these connections anew*: the others are kept, and nothing is
  forgotten; the lock is given up for as long where they are NB's.
- *moves the listener*: `/metrics` and the status page are where the new
  options say.

A TLS file that was renewed at its path counts as a change; without a reload
it is read when a connection is next opened. Files that have expired, or do
not fit together, are refused.

## Logging

`[DEFAULT]` is [oslo.log](https://docs.openstack.org/oslo.log/)'s; the sample
has all of it. Without any of it the log goes to stderr, and so to the
journal. Most used:

| option | default | what it does |
|---|---|---|
| `debug` | `false` | Say more. |
| `use_json` | `false` | A JSON object in each line. |
| `use_journal` | `false` | With its fields to the journal, not stderr. |
| `log_file`, `log_dir` | | To a file, not stderr. |
| `default_log_levels` | in the sample | By logger: `gwsched=DEBUG`. |
| `log_config_append` | | A file of Python's logging that rules all of it. |

A reload changes all of them at once, but for `log_config_append`: another
file needs a restart.
"""


def page() -> str:
    """Return the whole page."""
    groups = groupby(entries(), key=lambda entry: entry.group)
    return HEAD + "".join(section(group, found) for group, found in groups)


def section(group: str, found: Iterable[Entry]) -> str:
    """Return the part of one section of the file."""
    parts = (line for entry in found for line in option(entry))
    return f"\n## [{group}]\n" + "".join(f"{line}\n" for line in parts)


def option(entry: Entry) -> Iterator[str]:
    """Yield the lines of one option; its heading names it alone."""
    yield from ("", f"### [{entry.group}] {entry.name}", "")
    preset = f"`{entry.default}`" if entry.default else "empty"
    yield f"{entry.kind}; default: {preset}; reload: {said(entry.effect)}"
    yield from ("", entry.help)
    if entry.choices:
        yield ""
    for value, text in entry.choices:
        yield f"- `{value}`: {text}"


def said(effect: Effect) -> str:
    """Return an effect as the head of the page explains it."""
    return f"*{effect.value}*"


if __name__ == "__main__":
    sys.stdout.write(page())

# SPDX-License-Identifier: Apache-2.0
"""Text, options and verbs as a manual page has them: mdoc(7)."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Collection, Iterator

WIDTH = 79
SENTENCES = re.compile(r"(?<=[.!?])\s+")
# Words that mdoc would take for a macro, or a macro's punctuation.
SPECIAL = re.compile(r"^(?:[A-Z][a-z]|[A-Z]{2}|[(\[.,:;?!)\]|])$")


def text(said: str) -> Iterator[str]:
    """Yield the lines of a text; each sentence begins one."""
    for part in SENTENCES.split(" ".join(said.split())):
        for line in textwrap.wrap(
            escaped(part),
            WIDTH,
            break_long_words=False,
            break_on_hyphens=False,
        ):
            yield re.sub(r"^([.'])", r"\\&\1", line)


def sentence(said: str) -> str:
    """Return words of --help as a sentence."""
    end = "" if said.endswith(".") else "."
    return f"{said[0].upper()}{said[1:]}{end}"


def escaped(said: str) -> str:
    """Return a text of which nothing is taken for a request."""
    return said.replace("\\", "\\e").replace("-", "\\-")


def word(said: str) -> str:
    """Return a word that may stand behind a macro."""
    return f"\\&{said}" if SPECIAL.match(said) else escaped(said)


def options(
    parser: argparse.ArgumentParser, known: Collection[str] = ()
) -> Iterator[str]:
    """Yield the list of a parser's options, but for known ones."""
    found = _options(parser, known)
    if not found:
        return
    yield ".Bl -tag -width Ds"
    for action in found:
        yield f".It {_names(action)}"
        yield from text(sentence(_help(parser, action)))
    yield ".El"


def arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield what each argument is, where that is said."""
    for action in parser._get_positional_actions():
        if action.help:
            yield f".Ar {word(_value(action))}"
            yield from text(f"is {_help(parser, action)}.")


def synopsis(
    parser: argparse.ArgumentParser, known: Collection[str] = ()
) -> str:
    """Return the options and arguments in one line, as macros."""
    parts, seen = [], set()
    for action in _options(parser, known):
        if action in seen:
            continue
        either = [action, *_others(parser, action)]
        seen.update(either)
        flags = " | ".join(_flag(a.option_strings[-1], a) for a in either)
        parts.append(flags if action.required else f"Oo {flags} Oc")
    values = map(_value, parser._get_positional_actions())
    return " ".join([*parts, *(f"Ar {word(value)}" for value in values)])


def _options(
    parser: argparse.ArgumentParser, known: Collection[str]
) -> list[argparse.Action]:
    self_evident = (argparse._HelpAction, argparse._VersionAction)
    return [
        action
        for action in parser._get_optional_actions()
        if not isinstance(action, self_evident)
        and not {*action.option_strings} & {*known}
    ]


def _others(
    parser: argparse.ArgumentParser, action: argparse.Action
) -> list[argparse.Action]:
    """Return the options that exclude this one."""
    return [
        other
        for group in parser._mutually_exclusive_groups
        if action in group._group_actions
        for other in group._group_actions
        if other is not action
    ]


def _names(action: argparse.Action) -> str:
    return " , ".join(_flag(name, action) for name in action.option_strings)


def _flag(name: str, action: argparse.Action) -> str:
    flag = f"Fl {escaped(name[1:])}"
    return flag if action.nargs == 0 else f"{flag} Ar {word(_value(action))}"


def _value(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices is not None:
        return "|".join(map(str, action.choices))
    return action.dest.upper()


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return the help of an action as --help shows it."""
    return (action.help or "") % {**vars(action), "prog": parser.prog}

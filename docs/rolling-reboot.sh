#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Drain, reboot and undrain gateways, one after another, by exit codes alone.
#
#   rolling-reboot.sh [-t SECONDS] [-p SECONDS] [-c CHECK] REBOOT CHASSIS...
#
# REBOOT   a command; it gets the chassis as its argument, and ends, with
#          success, when the host is back and its ovn-controller runs
# CHASSIS  names in SB, or host names
# -t       how long to wait for any one thing (1800)
# -p       how long to pause between two looks (5)
# -c       what must succeed before the first gateway and after each
#          (gwschedctl audit --check: nothing is wrong anywhere)
#
# It stops at the first thing that goes wrong, and says what to do. Exit code
# 0: all done; 1: stopped; 2: usage; 3: a gateway may not be drained now.
set -euo pipefail

readonly me=${0##*/}
patience=1800
pause=5
check=(gwschedctl audit --check)

say() { printf '%s: %s\n' "$me" "$*" >&2; }

die() {
    local code=$1
    shift
    say "$*"
    exit "$code"
}

usage() {
    sed -n '4,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

# Run a command until it succeeds or patience is over; what it said the last
# time is what is wrong.
until_it_does() {
    local deadline=$((SECONDS + patience)) said
    until said=$("$@" 2>&1); do
        if ((SECONDS >= deadline)); then
            printf '%s\n' "$said" >&2
            return 1
        fi
        sleep "$pause"
    done
}

drained() {
    local code=0
    gwschedctl drain "$1" --wait --timeout "$patience" || code=$?
    case $code in
    0) ;;
    2) die 2 "$1: not drained" ;;
    3) die 3 "$1: may not be drained now, and is as it was" ;;
    *) die 1 "$1: not empty yet; it goes on draining, or: gwschedctl undrain $1" ;;
    esac
}

# As long as its row is gone and no list names it, nobody knows the name.
returned() { until_it_does gwschedctl drain "$1"; }

settled() { until_it_does "${check[@]}"; }

one() {
    say "$1: draining"
    drained "$1"
    say "$1: holds nothing; rebooting"
    "$reboot" "$1" || die 1 "$1: was not rebooted; it stays drained"
    returned "$1" || die 1 "$1: has not come back; it stays drained"
    gwschedctl undrain "$1"
    settled || die 1 "$1: was rebooted, but all is not well"
    say "$1: done"
}

# Who was undrained last has nothing by now. Exit code 3 is for who has set
# [rebalance] mode = off: then that is wanted.
evened_out() {
    local code=0
    gwschedctl rebalance --wait --timeout "$patience" || code=$?
    ((code == 0 || code == 3)) || die 1 "all are rebooted, but not evened out"
}

while getopts t:p:c: option; do
    case $option in
    t) patience=$OPTARG ;;
    p) pause=$OPTARG ;;
    c) read -ra check <<<"$OPTARG" ;;
    *) usage ;;
    esac
done
shift $((OPTIND - 1))
(($# >= 2)) || usage
readonly reboot=$1
shift

settled || die 1 "not begun: all is not well"
for chassis in "$@"; do
    one "$chassis"
done
evened_out
say "all done: $*"

#!/usr/bin/env bash
# Whether two builds of lode-sim, such as debug and release, give the same runs of many seeds: as many steps in the same
# simulated time, the same violations, and the same hash over all lines of the trace.
#     sim/tests/compare_builds.sh target/debug/lode-sim target/release/lode-sim [SEEDS (60) [FIRST SEED (1)]]
# It ends at the first seed of which the two tell something different, with what they tell.
set -uo pipefail

if [ $# -lt 2 ] || [ ! -x "$1" ] || [ ! -x "$2" ]; then
    echo "usage: $0 LODE_SIM OTHER_LODE_SIM [SEEDS [FIRST_SEED]]; both are to be built already: $*" >&2
    exit 2
fi
one=$1 other=$2 seeds=${3:-60} first=${4:-1}

for ((seed = first; seed < first + seeds; seed++)); do
    of_one=$("$one" --seed "$seed" --quiet 2>&1)
    of_other=$("$other" --seed "$seed" --quiet 2>&1)
    if [ "$of_one" != "$of_other" ]; then
        printf 'seed %d is not the same run in the two builds.\n%s:\n%s\n%s:\n%s\n' \
            "$seed" "$one" "$of_one" "$other" "$of_other" >&2
        exit 1
    fi
    # Two programs neither of which can run anything would agree.
    if [[ $of_one != *", trace "* ]]; then
        printf 'seed %d: %s tells no hash of a trace:\n%s\n' "$seed" "$one" "$of_one" >&2
        exit 1
    fi
done
printf '%d seeds from %d on: the same traces from %s and %s\n' "$seeds" "$first" "$one" "$other"

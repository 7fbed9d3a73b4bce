#!/usr/bin/env bash
# Whether the debug and the release build of lode-sim give the same runs: the hash of the trace, the number of steps and the
# simulated time of each of many seeds.    sim/tests/compare_builds.sh [SEEDS (60)] [FIRST SEED (1)]
# It ends at the first seed that differs, and says which it is.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

seeds=${1:-60}
first=${2:-1}
target=${CARGO_TARGET_DIR:-target}

cargo build --quiet -p lode-sim --bin lode-sim || exit 1
cargo build --quiet --release -p lode-sim --bin lode-sim || exit 1

# What a seed prints; a run that fails prints its violations, which have to be the same, too.
told() { "$target/$1/lode-sim" --seed "$2" --quiet 2>&1; }

for ((seed = first; seed < first + seeds; seed++)); do
    debug=$(told debug "$seed")
    release=$(told release "$seed")
    if [ "$debug" != "$release" ]; then
        printf 'seed %d differs between the builds\n  debug:   %s\n  release: %s\n' "$seed" "$debug" "$release" >&2
        exit 1
    fi
    # Two programs that both cannot run would agree.
    if [[ $debug != *", trace "* ]]; then
        printf 'seed %d: no trace hash was printed:\n%s\n' "$seed" "$debug" >&2
        exit 1
    fi
done
printf '%d seeds from %d on: debug and release builds give the same traces\n' "$seeds" "$first"

#!/usr/bin/env bash
# Checks the checkers: plants each bug of sim/tests/planted in a copy of the sources, and sees the simulator find it, shrink
# it to at most ten entries, and draw it. From the top:    sim/tests/planted.sh [NAME…]
# What it finds is left in target/planted/NAME: the shrunk plan, its picture, and what was printed.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

out=$PWD/${CARGO_TARGET_DIR:-target}/planted
export CARGO_TARGET_DIR=$out/build
most_entries=10
names=("$@")
if [ ${#names[@]} = 0 ]; then
    for patch in sim/tests/planted/*.patch; do
        names+=("$(basename "$patch" .patch)")
    done
fi

found=0
missed=0
for name in "${names[@]}"; do
    folder=$out/$name
    rm -rf "$folder" && mkdir -p "$folder/sources"
    git ls-files -z | xargs -0 cp --parents -t "$folder/sources"
    patch --quiet -p1 -d "$folder/sources" <"sim/tests/planted/$name.patch" || exit 1
    # Cargo tells sources apart by their folder, so each copy stands in the same place while it is built.
    rm -rf "$out/sources" && mv "$folder/sources" "$out/sources"
    find "$out/sources/core" "$out/sources/sim" -name '*.rs' -exec touch {} +
    cargo build --quiet --release --manifest-path "$out/sources/Cargo.toml" -p lode-sim || exit 1
    "$CARGO_TARGET_DIR/release/lode-sim" --runs "${SIM_RUNS:-50000}" --shrink="$folder/plan.json" --html "$folder/picture.html" \
        >"$folder/printed" 2>&1
    status=$?
    entries=$(python3 -c 'import json, sys; plan = json.load(open(sys.argv[1])); print(len(plan["faults"]) + len(plan["operations"]))' \
        "$folder/plan.json" 2>/dev/null || echo none)
    if [ $status = 1 ] && [ "$entries" != none ] && [ "$entries" -le $most_entries ]; then
        found=$((found + 1))
        echo "$name: found, shrunk to $entries entries, drawn in $folder/picture.html"
    else
        missed=$((missed + 1))
        echo "$name: NOT as it should be (exit status $status, $entries entries); see $folder/printed"
        tail -n 20 "$folder/printed"
    fi
done
printf '%d passed, %d failed\n' "$found" "$missed"
[ $missed = 0 ]

#!/usr/bin/env python3
"""Changes the core's state machines in one small place at a time, and sees whether anybody notices.

The changes are those of `cargo mutants` (cargo install --locked cargo-mutants), in an order shuffled by a seed, so that as
many as were reached are a random sample. Each is made in copies of the sources and judged by the core's own tests, and what
they let pass by the simulator (sim/tests/judge.rs). Verdicts are appended to a file as they come; what has one is not
judged again, so that a run which was broken off goes on where it was:

    sim/tests/mutants.py                     all that are not judged yet
    sim/tests/mutants.py --most 200          no more than the first 200 of the order
    sim/tests/mutants.py --again missed      those that were missed, once more
"""

import argparse
import collections
import json
import os
import pathlib
import queue
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading

TOP = pathlib.Path(__file__).resolve().parents[2]
VERDICTS = TOP / "sim/tests/mutants.tsv"
MACHINES = [
    "core/src/{membership,locate,heartbeat,placement,select,api_server,data_server}.rs",
    "core/src/api_server/*.rs",
    "core/src/data_server/*.rs",
    "core/src/api_server/versions/*.rs",
    "core/src/placement/*.rs",
    "core/src/copies/*.rs",
    "core/src/catalog/{write,listing,model}.rs",
]
MOST_MEMORY = 12 << 30
# What the tool writes for crates that have the standard library, and what the core has instead.
WITHOUT_STD = {"vec![": "alloc::vec![", "::std::": "::core::", "Box::": "alloc::boxed::Box::"}


class Judge:
    """A copy of the sources with a build of its own, and the command that judges what is changed there."""

    def __init__(self, out, name, arguments, patience, opt_level, **settings):
        self.name, self.arguments, self.patience = name, arguments, patience
        self.sources = out / name / "sources"
        shutil.rmtree(self.sources, ignore_errors=True)
        files = subprocess.check_output(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=TOP, text=True)
        for file in filter(None, files.split("\0")):
            (self.sources / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / file, self.sources / file)
        profiles = {
            f"CARGO_PROFILE_{profile}_{setting}": value
            for profile in ("DEV", "TEST")
            for setting, value in (("DEBUG", "0"), ("OPT_LEVEL", opt_level))
        }
        here = {"CARGO_TARGET_DIR": str(out / name / "build"), "CARGO_INCREMENTAL": "1"}
        self.environment = os.environ | profiles | here | settings

    def verdict(self):
        """What comes of the sources as they are: passed, failed, unviable or timeout, and what was printed."""
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        command = ["nice", "-n", "10", "cargo", "test", "--quiet", *self.arguments]
        running = subprocess.Popen(command, cwd=self.sources, env=self.environment, start_new_session=True, text=True,
                                   errors="replace", preexec_fn=limit, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            printed, _ = running.communicate(timeout=self.patience)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            return "timeout", running.communicate()[0]
        if running.returncode == 0:
            return "passed", printed
        return ("unviable" if "could not compile" in printed else "failed"), printed

    def judge(self, mutant):
        """What comes of the sources with this change, which is then undone."""
        file = self.sources / mutant["file"]
        original = file.read_bytes()
        try:
            subprocess.run(["patch", "--quiet", str(file)], input=mutant["diff"], text=True, check=True)
            return self.verdict()
        finally:
            file.write_bytes(original)
            # Else what one mutant has taught the property tests would be known when the next is judged.
            shutil.rmtree(self.sources / "core/proptest-regressions", ignore_errors=True)


def without_std(line):
    """A line of a diff, fit for the core."""
    if line.startswith("+") and "changed by cargo-mutants" in line:
        for theirs, ours in WITHOUT_STD.items():
            line = line.replace(theirs, ours)
    return line


def mutants(seed):
    """All there are, shuffled."""
    command = ["cargo", "mutants", "--list", "--json", "--diff", "--package", "lode-core"]
    listed = subprocess.check_output(command + [word for glob in MACHINES for word in ("--file", glob)], cwd=TOP)
    listed = sorted(json.loads(listed), key=lambda mutant: mutant["name"])
    for mutant in listed:
        mutant["diff"] = "".join(map(without_std, mutant["diff"].splitlines(keepends=True)))
    random.Random(seed).shuffle(listed)
    return listed


def read_verdicts():
    """The verdict of each mutant that has one, by its name."""
    lines = VERDICTS.read_text().splitlines() if VERDICTS.exists() else []
    return dict(reversed(line.split("\t")[:2]) for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=2026, help="the seed of the order")
    parser.add_argument("--most", type=int, help="how many of the order")
    parser.add_argument("--again", help="judge those with this verdict once more")
    parser.add_argument("--judge-seeds", default="2000", help="how many seeds the simulator runs")
    wish = parser.parse_args()

    out = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", TOP / "target")).resolve() / "mutants"
    tests = Judge(out, "tests", ["--package", "lode-core", "--lib"], 45, opt_level="0")
    simulator = Judge(out, "simulator", ["--package", "lode-sim", "--test", "judge"], 240, opt_level="1",
                      LODE_JUDGE_SEEDS=wish.judge_seeds)
    for judge in (tests, simulator):
        judge.patience, patience = 1800, judge.patience
        verdict, printed = judge.verdict()
        judge.patience = patience
        if verdict != "passed":
            sys.exit(f"{judge.name}: {verdict} before anything was changed\n{printed}")

    known = read_verdicts()
    chosen = mutants(wish.seed)[:wish.most]
    left = [mutant for mutant in chosen if known.get(mutant["name"]) in (None, wish.again)]
    lock, passed = threading.Lock(), queue.Queue()

    def note(mutant, verdict):
        with lock:
            known[mutant["name"]] = verdict
            VERDICTS.write_text("".join(f"{said}\t{name}\n" for name, said in known.items()))
            print(f"{verdict}\t{mutant['name']}", flush=True)
            if verdict == "missed":
                print(mutant["diff"])

    def second_judge():
        while (mutant := passed.get()) is not None:
            verdict, _ = simulator.judge(mutant)
            note(mutant, {"passed": "missed", "failed": "caught-by-simulator"}.get(verdict, verdict))

    second = threading.Thread(target=second_judge)
    second.start()
    try:
        for mutant in left:
            verdict, _ = tests.judge(mutant)
            if verdict == "passed":
                passed.put(mutant)
            else:
                note(mutant, {"failed": "caught-by-tests"}.get(verdict, verdict))
    finally:
        passed.put(None)
        second.join()

    counts = collections.Counter(known[mutant["name"]] for mutant in chosen)
    caught = sum(counts[verdict] for verdict in ("caught-by-tests", "caught-by-simulator", "timeout"))
    viable = caught + counts["missed"]
    print(dict(counts), f"{caught} of {viable} viable caught: {100 * caught / max(viable, 1):.1f} %")


if __name__ == "__main__":
    main()

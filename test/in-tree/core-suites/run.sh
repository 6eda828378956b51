#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs ns-3's own test suites of its core under FabricSimulatorImpl. The programs know nothing of
# Heddle: the library is preloaded and the simulator chosen by name. Exits 77 when skipped.
#
#   run.sh SOURCE-DIR BUILD-DIR
set -u

root=$1
build=$2
work=$build/ns3-core-suites
source=$("$root/test/in-tree/ns3-source.sh" "$build/ns3-source") || exit $?
{
    cmake -S "$root/test/in-tree/core-suites" -B "$work" -DNS3_SOURCE="$source" &&
        cmake --build "$work" -j "$(nproc 2>/dev/null || echo 1)"
} >"$work.log" 2>&1
[ -x "$work/runner" ] || {
    tail -n 20 "$work.log"
    exit 1
}

# Without our library the choice must fail, or all that follows would test ns-3's own simulator.
choice=SimulatorImplementationType=ns3::FabricSimulatorImpl
if NS_GLOBAL_VALUE=$choice "$work/runner" --suite=simulator >/dev/null 2>&1; then
    echo "the choice of a simulator has no effect"
    exit 1
fi
library=$(find "$build/contrib/event-engine" -name 'libheddle-event-engine.so' | head -n 1)
run() { # suite
    LD_PRELOAD=$library NS_GLOBAL_VALUE=$choice "$work/runner" --suite="$1" --verbose 2>&1
}

bad=0
count=0
for suite in $("$work/runner" --list); do
    count=$((count + 1))
    output=$(run "$suite")
    status=$?
    if [ $status != 0 ]; then
        bad=$((bad + 1))
        printf '%s\n' "$output" | tail -n 12
        echo "FAIL $suite (status $status)"
    fi
done
echo "$((count - bad)) of $count suites of ns-3's core pass under FabricSimulatorImpl"
[ $count -ge 20 ] || echo "that is too few: were they listed?"
[ $bad = 0 ] && [ $count -ge 20 ]

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# compare.sh PROGRAM LIBRARY tcp|wifi SECONDS MOST
#
# Runs an ordinary ns-3 program under ns-3's own simulator and, by LD_PRELOAD of our LIBRARY, under
# ns3::FabricSimulatorImpl. The traces must be equal and the instructions within Simulator::Run()
# at most MOST times as many.
set -eu
program=$1 library=$2 which=$3 seconds=$4 most=$5
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# count NAME SIMULATOR PRELOAD: the trace into $dir/NAME, the instructions to stdout
count()
{
    LD_PRELOAD=$3 NS_GLOBAL_VALUE="SimulatorImplementationType=$2" \
        valgrind --tool=callgrind --callgrind-out-file="$dir/$1.callgrind" \
        --toggle-collect='ns3::Simulator::Run()' "$program" "$which" "$seconds" \
        >"$dir/$1" 2>"$dir/$1.log" || { cat "$dir/$1.log" >&2; exit 1; }
    sed -n 's/^summary: //p' "$dir/$1.callgrind"
}

default=$(count default ns3::DefaultSimulatorImpl '')
ours=$(count ours ns3::FabricSimulatorImpl "$library")
cat "$dir/default"
if ! cmp -s "$dir/default" "$dir/ours"; then
    echo "under FabricSimulatorImpl instead:"
    cat "$dir/ours"
    exit 1
fi
echo "instructions: $default by default, $ours under FabricSimulatorImpl"
awk -v a="$default" -v b="$ours" -v most="$most" 'BEGIN {
    printf "ratio: expected at most %s, actual %.4f\n", most, b / a
    exit !(a > 0 && b / a <= most) }'

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Heddle and htsim's RoCE on the same connection matrices, by turns, one process at a time.
#
#   side-by-side.sh HEDDLE_BENCH HTSIM_ROCE ROUNDS FILE.cm…
#
# Prints user CPU seconds of whole processes and, at the end, medians and their ratio. Needs bash's
# `time`. How htsim_roce is built: README.md.
set -eu

[ $# -ge 4 ] || {
    sed -n '3,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
}
bench=$1
htsim=$2
rounds=$3
shift 3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM

median() { # of the numbers in a file
    sort -n "$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

run_htsim() { # file, where the seconds go
    nodes=$(awk '$1 == "Nodes" { print $2; exit }' "$1")
    flows=$(awk '$1 == "Connections" { print $2; exit }' "$1")
    bash -c 'TIMEFORMAT=%U; time "$@" >"$0"' "$scratch/out" "$htsim" -nodes "$nodes" -tm "$1" \
        -linkspeed 100000 -mtu 4096 -strat ecmp_host -paths 128 -q 1000 -hop_latency 1 \
        -end 1000000 -o "$scratch/log" 2>"$scratch/time"
    done_flows=$(grep -c finished "$scratch/out")
    [ "$done_flows" = "$flows" ] || {
        echo "htsim ended $done_flows of $flows flows of $1" >&2
        exit 1
    }
    tail -n 1 "$scratch/time" | tee -a "$2"
}

run_heddle() { # file, where the seconds go
    "$bench" --cm "$1" --runs 1 --json "$scratch/json" >/dev/null 2>&1
    awk -F'[:,}]' '/"engine": "heddle"/ { mine = 1 } mine && /"user_s"/ { print $3; exit }' \
        "$scratch/json" | tr -d ' ' | tee -a "$2"
}

round=1
while [ "$round" -le "$rounds" ]; do
    for file in "$@"; do
        name=$(basename "$file")
        printf '%s round %s: htsim user s ' "$name" "$round"
        run_htsim "$file" "$scratch/htsim.$name"
        printf '%s round %s: heddle user s ' "$name" "$round"
        run_heddle "$file" "$scratch/heddle.$name"
    done
    round=$((round + 1))
done
for file in "$@"; do
    name=$(basename "$file")
    theirs=$(median "$scratch/htsim.$name")
    ours=$(median "$scratch/heddle.$name")
    echo "$name $theirs $ours" |
        awk '{ printf "%s: median user s: htsim %.2f, heddle %.2f, ratio %.2f\n", $1, $2, $3, $2 / $3 }'
done

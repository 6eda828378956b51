#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Builds the modules inside a copy of an ns-3 tree, first as symlinks heddle-*, then as one clone in
# contrib/heddle, and runs their test suites with ns-3's own test runner. Warnings are errors, as
# ns-3's debug profile has it. Exits 77 when skipped.
#
#   in-tree.sh SOURCE-DIR BUILD-DIR
set -u

root=$1
build=$2
source=$("$root/test/in-tree/ns3-source.sh" "$build/ns3-source") || exit $?
tree=$build/ns3-tree/$(basename "$source")
log=$build/ns3-tree.log
if [ ! -d "$tree" ]; then
    mkdir -p "$build/ns3-tree" && cp -r "$source" "$tree" || exit 1
fi
cache=$tree/cmake-cache
: >"$log"

must() { # command…
    "$@" >>"$log" 2>&1 || {
        tail -n 30 "$log"
        echo "failed: $*"
        exit 1
    }
}

build_and_test() { # how, modules
    must cmake -S "$tree" -B "$cache" -DCMAKE_BUILD_TYPE=debug -DNS3_TESTS=ON \
        -DNS3_WARNINGS_AS_ERRORS=ON -DNS3_ENABLED_MODULES="$2"
    must cmake --build "$cache" --target test-runner -j "$(nproc 2>/dev/null || echo 1)"
    runner=$(find "$tree/build/utils" -name '*test-runner*' -type f -perm -u+x | head -n 1)
    suites=$("$runner" --list | grep '^ *heddle-')
    [ -n "$suites" ] || {
        echo "$1: no test suite of ours in ns-3's test runner"
        exit 1
    }
    for suite in $suites; do
        "$runner" --suite="$suite" --verbose || exit 1
    done
    echo "$1 in $(basename "$tree"): built, its suites pass"
}

rm -rf "$tree"/contrib/heddle*
must "$root/heddle" link-ns3 "$tree"
modules=$(cd "$tree/contrib" && echo heddle-*)
build_and_test "symlinks" "$(echo "$modules" | tr ' ' ';')"

rm -rf "$tree"/contrib/heddle*
# ns-3 keeps the headers' forwarders that it has made, and ours point to where the links were.
grep -l 'contrib/heddle' "$tree"/build/include/ns3/*.h | xargs rm -f
must ln -s "$root" "$tree/contrib/heddle"
build_and_test "one clone" heddle

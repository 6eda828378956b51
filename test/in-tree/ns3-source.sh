#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Prints the folder of an ns-3 source tree: HEDDLE_NS3_SOURCE when that is set, else the source of
# Debian's package, fetched once into FOLDER. Exits 77 (skip) when there is no way to get one.
#
#   ns3-source.sh FOLDER
set -u

if [ -n "${HEDDLE_NS3_SOURCE:-}" ]; then
    [ -d "$HEDDLE_NS3_SOURCE/src/core" ] || {
        echo "HEDDLE_NS3_SOURCE=$HEDDLE_NS3_SOURCE is no ns-3 source tree" >&2
        exit 1
    }
    echo "$HEDDLE_NS3_SOURCE"
    exit 0
fi

# Debian's archive holds the tree within a bundle, ns-3's own is the tree.
found() {
    for tree in "$folder/source" "$folder"/source/ns-3*; do
        if [ -d "$tree/src/core" ]; then
            echo "$tree"
            return 0
        fi
    done
    return 1
}

mkdir -p "$1/lists/partial" || exit 1
folder=$(cd "$1" && pwd -P)
found && exit 0
command -v apt-get >/dev/null 2>&1 || {
    echo "no apt-get to fetch ns-3's source with; set HEDDLE_NS3_SOURCE" >&2
    exit 77
}

# Source packages come from where the binary ones do; the system's own lists stay as they are.
# shellcheck disable=SC2016 # the variables are apt-get's
apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    sort -u >"$folder/sources.list"
version=$(dpkg-query -W -f '${source:Version}' libns3-dev 2>/dev/null)
options="-o Dir::Etc::sourceparts=- -o Dir::Etc::sourcelist=$folder/sources.list
    -o Dir::State::lists=$folder/lists -o APT::Sandbox::User=root"
# shellcheck disable=SC2086 # a list
(
    cd "$folder" &&
        apt-get $options update &&
        apt-get $options --download-only source "ns3${version:+=$version}"
) >"$folder/fetch.log" 2>&1 || {
    tail -n 5 "$folder/fetch.log" >&2
    echo "cannot fetch ns-3's source; set HEDDLE_NS3_SOURCE" >&2
    exit 77
}
for archive in "$folder"/ns3_*.orig.tar.*; do
    mkdir -p "$folder/source"
    tar -xf "$archive" -C "$folder/source" --strip-components=1 || exit 1
done
found && exit 0
echo "the source package holds no ns-3 tree" >&2
exit 1

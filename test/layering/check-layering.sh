#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Who may include whom: prints every violation under ROOT, exits 1 if there is one.
#
#   check-layering.sh ROOT          check
#   check-layering.sh --self-test   prove that each rule can fail
#
# scenarios, examples, test > training > rdma > fabric > event-engine > ns-3;  training > collectives;
# fabric > optics;  everything > base.  Inside a module helper > model > dataplane.
# base, optics, collectives and every dataplane know no ns-3. Protobuf only in scenarios.
set -u

check() { # root
    cd "$1" || return 2
    folders=$(ls -d contrib optics collectives scenarios examples test 2>/dev/null)
    # shellcheck disable=SC2086 # a list
    {
        find $folders -name '*.h' | sed 's/^/header:/'
        grep -rnE --include='*.h' --include='*.cc' '^[[:space:]]*#[[:space:]]*include' $folders
    } | awk '
        function module(path,   parts) {
            split(path, parts, "/")
            return parts[1] == "contrib" ? parts[2] : parts[1]
        }
        function kind(path) { # pure: no ns-3 at all
            if (path ~ /^(contrib\/base|optics|collectives)\// || path ~ /^contrib\/[^\/]*\/dataplane\//)
                return "pure"
            if (path ~ /^contrib\/[^\/]*\/model\//)
                return "model"
            if (path ~ /^contrib\/[^\/]*\/helper\//)
                return "helper"
            return "top"
        }
        function wrong(why) {
            print place ": " why ": " text
            bad = 1
        }
        BEGIN {
            may["base"] = " base "
            may["optics"] = " optics base "
            may["collectives"] = " collectives base "
            may["event-engine"] = " event-engine base "
            may["fabric"] = " fabric event-engine optics base "
            may["rdma"] = " rdma fabric event-engine optics base "
            may["training"] = " training rdma fabric collectives event-engine optics base "
        }
        /^header:/ {
            path = substr($0, 8)
            name = path
            sub(/.*\//, "", name)
            home[name] = path
            next
        }
        {
            path = $0
            sub(/:.*/, "", path)
            text = substr($0, length(path) + 2)
            place = path ":" (text + 0) # the number that text begins with
            sub(/^[0-9]*:/, "", text)
            target = text
            sub(/^[^<"]*[<"]/, "", target)
            sub(/[>"].*/, "", target)
            mine = module(path)
            below = mine in may

            if (mine != "scenarios" && (target ~ /google\/protobuf/ || target ~ /\.pb\.h$/))
                wrong("Protobuf outside scenarios")
            if (below && path ~ /\.h$/ && path !~ /\/test\// && text ~ /"/ && target !~ /^ns3\//)
                wrong("headers are installed flat; include as \"ns3/<module>-x.h\"")
            if (target !~ /^ns3\//)
                next
            name = substr(target, 5)
            if (!(name in home)) {
                if (kind(path) == "pure")
                    wrong("ns-3 in code that must not know it")
                next
            }
            theirs = module(home[name])
            if (below && index(may[mine], " " theirs " ") == 0)
                wrong(mine " must not include " theirs)
            if (kind(path) == "pure" && kind(home[name]) != "pure")
                wrong("a dataplane includes ns-3 code (" home[name] ")")
            if (kind(path) == "model" && kind(home[name]) == "helper")
                wrong("model includes helper")
        }
        END { exit bad }'
    includes=$?
    licences=0
    # shellcheck disable=SC2044,SC2086 # our file names have no spaces
    for file in $(find $folders -name '*.h' -o -name '*.cc'); do
        case $file in
        contrib/base/* | optics/* | collectives/*) licence=BSD-3-Clause ;;
        *) licence=GPL-2.0-only ;;
        esac
        read -r first <"$file"
        if [ "$first" != "// SPDX-License-Identifier: $licence" ]; then
            echo "$file:1: the first line must be: // SPDX-License-Identifier: $licence"
            licences=1
        fi
    done
    [ $includes = 0 ] && [ $licences = 0 ]
}

# A small tree that is right; every rule broken in it once must be found.
self_test() {
    dir=$(mktemp -d) || exit 2
    trap 'rm -rf "$dir"' EXIT
    failures=0
    put() { # path, include line; the first line is what the folder's licence demands
        mkdir -p "$dir/tree/$(dirname "$1")"
        case $1 in
        contrib/base/* | optics/* | collectives/*) licence=BSD-3-Clause ;;
        *) licence=GPL-2.0-only ;;
        esac
        printf '// SPDX-License-Identifier: %s\n%s\n' "$licence" "$2" >"$dir/tree/$1"
    }
    clean_tree() {
        put contrib/base/model/base-units.h '#include <vector>'
        put optics/optics-account.h '#include "ns3/base-units.h"'
        put collectives/collectives-task-graph.h '#include "ns3/base-units.h"'
        put contrib/event-engine/model/event-engine.h '#include "ns3/nstime.h"'
        put contrib/fabric/dataplane/fabric-packet.h '#include "ns3/base-units.h"'
        put contrib/fabric/model/fabric-device.h '#include "ns3/net-device.h"'
        put contrib/fabric/helper/fabric-helper.h '#include "ns3/fabric-device.h"'
        put contrib/rdma/dataplane/rdma-transport.h '#include "ns3/fabric-packet.h"'
        put contrib/training/dataplane/training-job.cc '#include "ns3/rdma-transport.h"'
        put scenarios/run.cc '#include "schema.pb.h"'
    }
    expect() { # status, what
        (check "$dir/tree") >"$dir/out" 2>&1
        status=$?
        if [ $status != "$1" ]; then
            echo "self-test: $2: expected status $1, got $status"
            cat "$dir/out"
            failures=$((failures + 1))
        fi
    }
    clean_tree
    expect 0 "a clean tree"
    while read -r path line; do
        put "$path" "$line"
        expect 1 "$path with $line"
        rm "$dir/tree/$path"
    done <<'EOF'
contrib/base/model/base-x.cc #include "ns3/simulator.h"
contrib/base/model/base-x.cc #include "ns3/optics-account.h"
optics/optics-x.cc #include <ns3/nstime.h>
optics/optics-x.cc #include "ns3/fabric-packet.h"
collectives/deep/collectives-x.cc #  include "ns3/optics-account.h"
contrib/fabric/dataplane/deep/fabric-x.h #include "ns3/packet.h"
contrib/fabric/dataplane/fabric-x.h #include "ns3/fabric-device.h"
contrib/fabric/dataplane/fabric-x.h #include "ns3/event-engine.h"
contrib/fabric/model/fabric-x.cc #include "ns3/rdma-transport.h"
contrib/fabric/model/fabric-x.cc #include "ns3/fabric-helper.h"
contrib/fabric/dataplane/fabric-x.h #include "fabric-packet.h"
contrib/rdma/dataplane/rdma-x.cc #include "ns3/collectives-task-graph.h"
contrib/event-engine/model/event-engine-x.cc #include "ns3/fabric-packet.h"
contrib/training/model/training-x.cc #include "schema.pb.h"
contrib/training/model/training-x.cc #include <google/protobuf/message.h>
EOF
    expect 0 "the clean tree again"
    echo '// nothing' >"$dir/tree/scenarios/x.cc"
    expect 1 "a file without a licence"
    rm "$dir/tree/scenarios/x.cc"
    printf '// SPDX-License-Identifier: GPL-2.0-only\n' >"$dir/tree/optics/optics-account.h"
    expect 1 "another licence than the folder's"
    [ $failures = 0 ] && echo "each rule can fail"
}

case ${1:-} in
--self-test) self_test ;;
'') echo "usage: $0 ROOT | --self-test" >&2 && exit 2 ;;
*) check "$1" ;;
esac

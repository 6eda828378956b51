// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-port-pairs.h
// -------------------------
// NICs of several ports: to which port of the other NIC each port of one sends. Its namesake where
// that is connected, else the next one in turn that is; so planes stay apart and every port that
// can be used is.
//
//   const PortPairs pairs = PairPorts(2, [&](uint32_t a, uint32_t b) { return …; });
//   if (pairs.to[0] != PortPairs::kNoPort) …

#ifndef HEDDLE_FABRIC_PORT_PAIRS_H
#define HEDDLE_FABRIC_PORT_PAIRS_H

#include "ns3/fabric-topology.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace heddle
{

struct PortPairs
{
    static constexpr uint8_t kNoPort = 0xff;

    std::array<uint8_t, kMostNicPorts> to; ///< by own port

    PortPairs()
    {
        to.fill(kNoPort);
    }

    uint32_t count() const ///< own ports that can be used
    {
        return static_cast<uint32_t>(
            std::count_if(to.begin(), to.end(), [](uint8_t p) { return p != kNoPort; }));
    }

    /// The `n`-th own port that can be used, n < count().
    uint32_t Usable(uint32_t n) const
    {
        uint32_t port = 0;
        while (to[port] == kNoPort || n-- > 0)
        {
            ++port;
        }
        return port;
    }

    friend bool operator==(const PortPairs& a, const PortPairs& b)
    {
        return a.to == b.to;
    }
};

/// connected(own, other): port numbers, 0 to ports − 1.
template <class Connected>
PortPairs
PairPorts(uint32_t ports, Connected connected)
{
    PortPairs pairs;
    for (uint32_t own = 0; own < ports; ++own)
    {
        for (uint32_t turn = 0; turn < ports && pairs.to[own] == PortPairs::kNoPort; ++turn)
        {
            const uint32_t other = (own + turn) % ports;
            if (connected(own, other))
            {
                pairs.to[own] = static_cast<uint8_t>(other);
            }
        }
    }
    return pairs;
}

} // namespace heddle

#endif

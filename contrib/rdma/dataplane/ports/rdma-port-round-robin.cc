// SPDX-License-Identifier: GPL-2.0-only
//
// Channels take ports in turn.
#include "ns3/base-registry.h"
#include "ns3/rdma-port-choice.h"

namespace heddle
{

namespace
{

uint32_t
Pick(uint64_t, uint32_t channel, uint32_t ports)
{
    return channel % ports;
}

const Registration<PortChoice> kRoundRobin{
    {"port-choice",
     "round-robin",
     "Each queue pair on one port: those of channel c on port c modulo the number of ports, as a "
     "collective library may lay out its channels.",
     {}},
    {&Pick}};

} // namespace

} // namespace heddle

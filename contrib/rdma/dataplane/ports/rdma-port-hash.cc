// SPDX-License-Identifier: GPL-2.0-only
//
// A bond: the hash of the queue pair decides.
#include "ns3/base-registry.h"
#include "ns3/rdma-port-choice.h"

namespace heddle
{

namespace
{

uint32_t
Pick(uint64_t hash, uint32_t, uint32_t ports)
{
    return static_cast<uint32_t>(((hash >> 32) * ports) >> 32);
}

const Registration<PortChoice> kHash{
    {"port-choice",
     "hash",
     "Each queue pair on one port, drawn by a hash, as a bond does by UDP source port. Ports fill "
     "unevenly.",
     {}},
    {&Pick}};

} // namespace

} // namespace heddle

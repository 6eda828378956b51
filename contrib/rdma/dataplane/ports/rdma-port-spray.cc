// SPDX-License-Identifier: GPL-2.0-only
//
// Packets of a queue pair over all ports.
#include "ns3/base-registry.h"
#include "ns3/rdma-port-choice.h"

namespace heddle
{

namespace
{

const Registration<PortChoice> kSpray{
    {"port-choice",
     "spray",
     "Every packet by whichever port of the NIC is free first. Wants selective repeat; a dead port "
     "is left to the others at once.",
     {}},
    {nullptr}};

} // namespace

} // namespace heddle

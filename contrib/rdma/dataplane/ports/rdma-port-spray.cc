// SPDX-License-Identifier: GPL-2.0-only
//
// Packets of a queue pair over all ports.
//
// Known fault: the ring of queue pairs and the ports turn in step. Where their counts share a
// factor each queue pair always gets the same ports, and downlinks are loaded unevenly: an
// all-to-all of 4, 6, 8 or 12 queue pairs on 16 ports takes 1.15 to 1.26 of bytes / rate, of 5, 7,
// 9 or 11 1.03 to 1.04; with a port lost up to 1.35 of what is left allows. Permutations are not
// affected.
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

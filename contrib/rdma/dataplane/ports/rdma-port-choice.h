// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-port-choice.h
// ------------------------
// How a NIC of several ports uses them. One file per choice in this folder, registered in category
// "port-choice":
//
//   const Registration<PortChoice> kMine{{"port-choice", "mine", "…", {}}, {&Pick}};
//
// A choice that names no port lets every packet leave by whichever port is free first.

#ifndef HEDDLE_RDMA_PORT_CHOICE_H
#define HEDDLE_RDMA_PORT_CHOICE_H

#include <cstdint>

namespace heddle
{

struct PortChoice
{
    /// Which of `ports` ports in use (0 to ports − 1) carries the queue pair; `hash` is its own,
    /// and no other choice's. Null: any port, packet by packet.
    uint32_t (*pick)(uint64_t hash, uint32_t channel, uint32_t ports);
};

/// A queue pair's draw of a port, from FlowEntropy(); it does not follow the paths', which load
/// balancers hash.
uint64_t PortHash(uint32_t entropy);

} // namespace heddle

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-hierarchical.h
// --------------------------------
// The fused form of "hierarchical" (hierarchical-fused.cc).

#ifndef HEDDLE_COLLECTIVES_HIERARCHICAL_H
#define HEDDLE_COLLECTIVES_HIERARCHICAL_H

#include "ns3/collectives-fused.h"
#include "ns3/collectives-grouping.h"
#include "ns3/collectives-ring-pass.h"

namespace heddle
{

/// The members by domain. Throws InputError unless all domains have as many.
DomainGroups EqualDomains(const Communicator& comm, const RankLayout& layout);

/// All-reduce, all-gather or reduce-scatter.
template <RingSteps kSteps>
void FuseHierarchicalRings(const CollectiveCall& call,
                           const RankLayout& layout,
                           const SoftwareModel& software,
                           FusedSink& sink);
void FuseHierarchicalAllToAll(const CollectiveCall& call,
                              const RankLayout& layout,
                              const SoftwareModel& software,
                              FusedSink& sink);

} // namespace heddle

#endif

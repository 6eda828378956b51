// SPDX-License-Identifier: GPL-2.0-only
//
// File: fidelity.h
// ----------------
// The scale-out network of a world, at the level of detail that the scenario asks for
// (run.fidelity): "packet" (the truth), "flow-messages" (max-min rates of messages) or "flow" (of
// whole collectives). One file per level in this folder, registered in category "fidelity"; what
// runs on the network sees a ScaleOut, or the routes of coupled flows, and nothing else.

#ifndef HEDDLE_SCENARIOS_FIDELITY_H
#define HEDDLE_SCENARIOS_FIDELITY_H

#include "report/result/fabric-result.h"

#include "ns3/fabric-partitioning.h"
#include "ns3/rdma-flow-routes.h"
#include "ns3/training-scale-out.h"

#include <memory>

namespace heddle
{

class ScaleOutNetwork
{
  public:
    virtual ~ScaleOutNetwork() = default;

    virtual ScaleOut* scaleOut() ///< of levels that are not fused
    {
        return nullptr;
    }

    virtual FlowRoutes* routes() ///< of fused levels
    {
        return nullptr;
    }

    /// Fused: the job's network, before the run.
    virtual void SetCoflows(CoflowNetwork*)
    {
    }

    /// The link has this share of the rate it was built with; 0: it is down. While nothing else
    /// runs.
    virtual void SetLinkShare(uint32_t link, double share) = 0;
    /// The link is dead and nobody notices, until SetLinkShare(). Likewise.
    virtual void CutLink(uint32_t link) = 0;

    /// Why the network ended the run; empty if it did not.
    virtual std::string Failure() const
    {
        return {};
    }

    /// After the run; checks what must be conserved.
    virtual NetworkReport Report() = 0;
};

/// What a level registers.
struct FidelityLevel
{
    /// `topology` must outlive the network.
    std::unique_ptr<ScaleOutNetwork> (*make)(EventCore& core,
                                             const Topology& topology,
                                             const Partitioning& parts,
                                             const TransportConfig& transport);
    const char* whyOnePartition; ///< null: it runs on any number of them
    bool fused;                  ///< collectives as coupled flows
};

} // namespace heddle

#endif

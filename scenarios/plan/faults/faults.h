// SPDX-License-Identifier: GPL-2.0-only
//
// File: faults.h
// --------------
// What breaks in a run: read from the scenario, drawn from the technologies' failure rates, and
// merged into changes of links.
//
//   ReadFaults(fabric, tiers, seed, plan);      // plan.faults, plan.events, slow links from the
//   start
//
// Overlapping faults of one link merge: it is up when no fault holds it down, its rate is the
// smallest that a fault leaves it, and nobody notices that it is down until the first of the faults
// that hold it down is detected.

#ifndef HEDDLE_SCENARIOS_FAULTS_H
#define HEDDLE_SCENARIOS_FAULTS_H

#include "plan/fabric/tiers.h"
#include "plan/plan.h"

#include "ns3/optics-retry.h"

#include <string>
#include <vector>

namespace heddle
{

/// Fills plan.faults and plan.events and slows plan.topology's links that are slow from the start;
/// throws InputError.
void ReadFaults(const ScenarioNode& fabric,
                const std::vector<TierPlan>& tiers,
                uint64_t seed,
                FabricPlan& plan);

/// What faults come to. `base`: by link, the share of its full rate that it has in the topology; 0:
/// it is down there.
std::vector<LinkEvent> MergeFaults(const std::vector<Fault>& faults,
                                   const std::vector<double>& base);

/// The parts of a fabric's links, node by node: what a failure takes down follows from each
/// technology's structure (optics-technology.h). A node's links of one technology take its lanes in
/// the order of the topology.
class PartList
{
  public:
    /// All parts of one kind at one node.
    struct Group
    {
        Topology::Node node;
        std::string nodeName;
        const LinkTechnology* technology;
        const PartKind* kind;
        std::vector<uint32_t> links; ///< of the node, in order
        uint32_t lanesPerPart;
        uint32_t count; ///< parts
        double fit;     ///< of one part; NaN: not known
    };

    /// Refers to both arguments.
    PartList(const Topology& topology, const std::vector<TierPlan>& tiers);

    const std::vector<Group>& groups() const
    {
        return m_groups;
    }

    /// The links that a part serves, and what is left of them without it.
    std::vector<LinkShare> Without(const Group& group, uint32_t part, LaneLoss policy) const;
    /// The links that are down while it is replaced.
    std::vector<LinkShare> DownForRepair(const Group& group, uint32_t part) const;

  private:
    /// The group's links on the lanes `first` to `last` − 1, with the number of those lanes.
    std::vector<std::pair<uint32_t, uint32_t>> OnLanes(const Group& group,
                                                       uint32_t first,
                                                       uint32_t last) const;
    void AddNode(const Topology::Node& node, const std::vector<uint32_t>& links);

    const Topology& m_topology;
    const std::vector<TierPlan>& m_tiers;
    std::vector<Group> m_groups;
};

/// What sampling asks for.
struct SampledFaults
{
    double multiplier = 1;  ///< of all rates
    Tick window = 0;        ///< failures are drawn up to here
    Tick repair = kForever; ///< from failure to working again
    Tick detection = 0;
    LaneLoss laneLoss = LaneLoss::DropLanes;
    double switchFit = 0; ///< of a whole switch, 1e-9/h
    double flapsPerLinkDay = 0;
    Tick flapMean = 0; ///< of the drawn time down
    Tick retrain = 0;
};

/// Poisson processes keyed by the names of what fails: the same draws whatever else the fabric has.
/// Throws InputError when more than 100,000 would come of it.
std::vector<Fault> DrawFaults(const SampledFaults& ask,
                              const Topology& topology,
                              const PartList& parts,
                              uint64_t seed);

/// The n-th drawn time that a flapping link is down, training included; ps.
Tick DrawFlap(const std::string& link, uint64_t n, Tick mean, Tick retrain, uint64_t seed);

} // namespace heddle

#endif

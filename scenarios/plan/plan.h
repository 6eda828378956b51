// SPDX-License-Identifier: GPL-2.0-only
//
// File: plan.h
// ------------
// A scenario after all checks, ready to run: the frozen task graph, the accelerators, and per
// fabric the topology, transport, algorithms and links. Nothing here knows files any more.
//
//   const Plan plan = MakePlan(source);     // InputError "file:line: field: …"
//   std::cout << Describe(plan);

#ifndef HEDDLE_SCENARIOS_PLAN_H
#define HEDDLE_SCENARIOS_PLAN_H

#include "long-run/flip-plan.h"
#include "long-run/states.h"
#include "plan/cluster/calibration.h"
#include "plan/ladder.h"

#include "ns3/collectives-schedule.h"
#include "ns3/collectives-task-graph.h"
#include "ns3/fabric-topology.h"
#include "ns3/optics-account.h"
#include "ns3/optics-figure-set.h"
#include "ns3/optics-floor-plan.h"
#include "ns3/rdma-transport.h"
#include "ns3/training-job.h"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace heddle
{

class ScenarioNode;
class ScenarioSource;

/// Who is where: rank = host · acceleratorsPerHost + index in the host.
struct ClusterPlan
{
    uint32_t hosts = 1;
    uint32_t acceleratorsPerHost = 8;
    BitRate nicRate;
    AcceleratorModel accelerator;
    ScaleUpModel scaleUp;
    JitterModel jitter;
    double pricePerHour = 0; ///< of an accelerator with its share of everything, USD
    double power = 0;        ///< of an accelerator, W
    CalibrationPlan calibration{};
    Figure acceleratorCost{}; ///< USD, for the bill
    std::optional<FloorPlan> floorPlan;

    uint32_t ranks() const
    {
        return hosts * acceleratorsPerHost;
    }
};

/// When a slice of the step stands for the whole.
struct SlicePlan
{
    std::string text;                               ///< "2 of 94 layers"
    std::function<double(double)> wholeStepTime;    ///< simulated s → whole step's s
    std::function<std::string(double)> explanation; ///< of a simulated time, in full
};

struct WorkloadPlan
{
    TaskGraph graph;
    std::string description;
    std::optional<SlicePlan> slice;
    double tokens = 0;                ///< of the whole step; 0: not a training step
    std::vector<std::string> notes{}; ///< what an imported file asks for and the graph leaves out
    /// By communicator, what its traffic is called ("tensor", "data", …); empty: by its kind alone.
    std::vector<std::string> trafficOf{};
    bool namedTransfers = false; ///< labels say what a transfer is ("incast"), at both ends
};

/// What a graph asks of the rest; decides which fields of the scenario have an effect.
struct WorkloadTraits
{
    bool kinds[5]{}; ///< by CollectiveKind, more than one member
    bool sendRecv = false;
    bool compute = false;
    bool roofline = false;  ///< some kernel's time follows from FLOPs and bytes
    bool crossHost = false; ///< some communicator or transfer spans hosts

    bool ring() const
    {
        return kinds[0] || kinds[1] || kinds[2] || kinds[4];
    }

    bool peerToPeer() const
    {
        return kinds[static_cast<size_t>(CollectiveKind::AllToAll)] || sendRecv;
    }

    bool communicates() const
    {
        return ring() || peerToPeer();
    }
};

WorkloadTraits TraitsOf(const TaskGraph& graph, uint32_t acceleratorsPerHost);

/// What a fault leaves of a link.
struct LinkShare
{
    uint32_t link;
    double share; ///< of its rate as built without faults; 0: down
};

/// Something that breaks in the run, as the scenario says or as drawn.
struct Fault
{
    std::string kind; ///< "down", "flap", "degraded", or a part: "source", "module"
    std::string what; ///< "leaf0-spine1", "spine0 source 2"
    Tick at = 0;
    Tick until = kForever; ///< works again; kForever: not in this run
    Tick detection = 0;    ///< until the fabric notices that links are down
    bool sampled = false;
    std::vector<LinkShare> links{};
    bool settled = false; ///< since before the run: routes and NICs know it, for ever
};

/// The bit errors that a tier's links have drawn.
struct BitErrorPlan
{
    std::string tier;
    std::string technology; ///< empty: one ratio for all
    double celsius = 0;
    double years = 0;
    uint32_t links = 0;
    double median = 0; ///< ratio before correction
    double worst = 0;
    std::string worstLink;
    double limit = 0;
    uint32_t aboveLimit = 0;
    double meanLoss = 0; ///< of a full data frame
    double worstLoss = 0;
    double expectedLoss = 0;
    double margin = 0; ///< decades
    std::vector<std::string> assumed;
};

/// A link changes its state.
struct LinkEvent
{
    Tick at; ///< ps
    uint32_t link;
    double share;        ///< of its rate in the topology that is left; 0: down
    bool silent = false; ///< down, and nobody has noticed
};

/// What a fabric would carry, from expanding the graph without running it.
struct TrafficEstimate
{
    double scaleOutBytes = 0;
    double messages = 0;
    double packetHops = 0; ///< data packets times links
};

/// Traffic with queues of its own.
struct TrafficClassPlan
{
    uint8_t priority = 0;
    bool strict = false;
    uint32_t weight = 1;           ///< unless strict
    std::vector<std::string> of{}; ///< whose traffic; empty: what no other class has
};

/// "5 (strict): pipeline expert; 3 (weight 1): the rest"; empty without classes.
std::string Describe(const std::vector<TrafficClassPlan>& classes);

struct FabricPlan
{
    std::string name;
    Topology topology; ///< as run, with degraded links and loss
    Topology pristine; ///< without faults: what the ideal fabric is made from
    TransportConfig transport;
    AlgorithmChoice algorithms;
    SoftwareModel software;
    std::string softwareText; ///< the same as the scenario has it: preset and replaced figures
    RankLayout layout;
    std::vector<TrafficClassPlan> trafficClasses;
    std::vector<uint8_t> classOfTask; ///< see JobConfig; empty without classes
    std::vector<LinkTier> optics;     ///< tiers with a link technology
    std::vector<BitErrorPlan> bitErrors;
    std::vector<Fault> faults;
    std::set<std::string> faultsAssumed; ///< defaults that they rest on and that nobody measured
    std::vector<LinkEvent> events;       ///< what they come to, in order of time
    TrafficEstimate estimate;
    std::string byMessages; ///< why level "flow" is "flow-messages" here; empty: it is not
    std::optional<LongRunPlan> longRun; ///< with `reliability`
};

struct Plan;

/// The same scenario on a cluster of another size.
struct ScalePlan
{
    uint32_t accelerators;
    std::shared_ptr<const Plan> plan;
};

struct Plan
{
    std::string file;
    std::string title;
    std::vector<std::string> notes;
    std::string digest;
    uint64_t seed = 1;
    std::string fidelity;
    uint32_t steps = 1; ///< of the actual world
    ClusterPlan cluster;
    WorkloadPlan workload;
    std::vector<FabricPlan> fabrics;
    std::vector<RungPlan> rungs; ///< worlds to run, the actual one first
    std::optional<FigureSet> economics;
    std::optional<FigureSet> reliability;
    std::vector<FlipPlan> flips;
    std::vector<ScalePlan> scales; ///< to run the steps on, besides `cluster`
};

/// Checks everything; throws InputError. Field `fidelity` is taken from `run` unless given.
Plan MakePlan(ScenarioSource& source);

/// A few lines: what would run.
std::string Describe(const Plan& plan);

/// run.scales: what MakePlan() makes of the scenario on other clusters. `plan` is the scenario's
/// own.
std::vector<ScalePlan> PlanScales(ScenarioSource& source, const Plan& plan);

// The parts, in the order in which they are made.
ClusterPlan PlanCluster(const ScenarioNode& cluster);
WorkloadPlan PlanWorkload(const ScenarioNode& workload, const ClusterPlan& cluster, uint64_t seed);
/// Reads what concerns computing, now that the graph is known. `priced`: watts and dollars matter;
/// `repeats`: several steps.
void PlanCompute(const ScenarioNode& cluster,
                 const WorkloadTraits& traits,
                 bool priced,
                 bool repeats,
                 ClusterPlan& plan);
FabricPlan PlanFabric(const ScenarioNode& fabric,
                      const ClusterPlan& cluster,
                      const WorkloadPlan& workload,
                      const WorkloadTraits& traits,
                      uint64_t seed);

/// The level that makes a world on a fabric: the rung's, but see FabricPlan::byMessages.
std::string LevelOn(const FabricPlan& fabric, const RungPlan& rung);

/// A link's rate as far as it is reached.
BitRate Derated(BitRate rate, double efficiency);

/// Where ranks sit on a topology.
RankLayout LayoutOf(const ClusterPlan& cluster, const Topology& topology);

/// The links that a scenario's link name means; InputError with the nearest names.
std::vector<uint32_t> FindLinks(const Topology& topology, const std::string& name);
std::string LinkName(const Topology& topology, uint32_t link);
/// The same, with "#1" for the second of parallel links, and so on: no two links share it.
std::string LinkKey(const Topology& topology, uint32_t link);

/// Expands the whole graph on a fabric. Throws InputError when a rank cannot reach another, or when
/// more than `budget` packet-hops would come of it.
TrafficEstimate EstimateTraffic(const TaskGraph& graph, const FabricPlan& fabric, double budget);
/// The same for a level of whole collectives: no packet-hops, no budget. Throws InputError also for
/// an algorithm without fused form.
TrafficEstimate EstimateFusedTraffic(const TaskGraph& graph, const FabricPlan& fabric);

} // namespace heddle

#endif

// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-job.h
// --------------------
// Runs a frozen task graph on accelerators over the transport and the scale-up domains, and keeps
// the idle ledger. No ns-3: state machines are typed handlers in each host's partition.
//
//   Job job(core, graph, expander, &transport, config);
//   job.Start();
//   core.RunUntil(kForever);              // or ns3::Simulator::Run() with event-engine
//   JobResult r = job.Result();           // RunError with "who waits for whom" if it did not
//   finish
//
// Time of a kernel = nominal · jitter · (1 + interference while communication of this accelerator
// is active, from the start of the collective or transfer to its end, waiting for peers included);
// nominal = max(flops / (peak · efficiency), bytes / (HBM bandwidth · efficiency)). Host overhead
// on the compute stream counts as idle time (Software), and is gone in the world without software.
//
// Known deviations: messages within a scale-up domain share ports by FIFO per (source, destination
// port), not packet by packet; grants (clear-to-send) take the unloaded latency, not bandwidth; the
// link from an accelerator to its own NIC is not modelled. training-engine.h tells the rest.

#ifndef HEDDLE_TRAINING_JOB_H
#define HEDDLE_TRAINING_JOB_H

#include "ns3/collectives-schedule.h"
#include "ns3/collectives-task-graph.h"
#include "ns3/rdma-transport.h"
#include "ns3/training-ledger.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace heddle
{

/// An accelerator's roofline.
struct AcceleratorModel
{
    std::string name;
    double peakFlops = 0;        ///< FLOP/s at the training precision, dense
    double flopsEfficiency = 1;  ///< share of peak that GEMMs reach, (0, 1]
    double memoryBandwidth = 0;  ///< bytes/s
    double memoryEfficiency = 1; ///< (0, 1]

    /// Nominal time of a task, ps, ≥ 1.
    Tick NominalTime(const Task& task) const;
};

/// Multiplicative jitter, keyed by entity and operation (frozen across worlds).
struct JitterModel
{
    enum class Shape : uint8_t
    {
        Gaussian,  ///< 1 + σ·x, cut at 0.05
        LogNormal, ///< mean 1
    };

    Shape shape = Shape::LogNormal;
    double persistentSigma = 0;      ///< per accelerator, whole run
    double kernelSigma = 0;          ///< per kernel
    double slowHostShare = 0;        ///< probability that a host is slow
    double slowHostFactor = 1;       ///< its time factor
    std::map<Rank, double> slowdown; ///< explicit factor per accelerator (1.1 = 10 % slower)
    /// Over repeated steps persistent deviations wander from one draw to the next, independent one
    /// in this many steps, normally distributed at every step; 0: they stay.
    uint32_t driftSteps = 0;

    /// Time factor of task `index` (position in the rank's program) in a step, > 0.
    double Factor(uint64_t seed, Rank rank, uint32_t host, uint32_t index, uint32_t step = 0) const;
};

struct ScaleUpModel
{
    BitRate portRate; ///< per accelerator and direction
    Tick latency = 0; ///< one way, ps
};

/// Worlds of the what-if ladder that are made here (R1-R4 are made by the network).
struct Idealisation
{
    bool infiniteScaleOut = false; ///< R6: scale-out transfers take no time
    bool infiniteScaleUp = false;  ///< R7
    bool noSoftware = false;       ///< R8: software latency, windows and interference gone
    bool noJitter = false;         ///< R9
};

struct JobConfig
{
    AcceleratorModel accelerator;
    JitterModel jitter;
    ScaleUpModel scaleUp;
    Idealisation ideal;
    uint64_t seed = 1;
    /// The event core's partition of every rank (that of its NIC: Network::PartitionOf). Needed
    /// when the core has several; a scale-up domain must lie within one.
    std::vector<uint32_t> partitionOfRank;
    /// The traffic class of every task, by TaskId: the same for all members of a collective and for
    /// both ends of a transfer. Empty: the class that the transport is configured with.
    std::vector<uint8_t> classOfTask{};
};

/// One (communicator, call) pair, or one send/recv, over all its members.
struct CollectiveRecord
{
    uint32_t label; ///< index into TaskGraph::labels
    CollectiveKind kind;
    bool pointToPoint;
    CommId comm; ///< kNone for point-to-point
    uint32_t sequence;
    uint32_t members;
    uint64_t bytes;    ///< as CollectiveSpec
    Tick firstArrival; ///< first member starts it
    Tick lastArrival;
    Rank lastRank;       ///< who arrived last
    Tick finished;       ///< last member done
    Tick idle;           ///< accelerator idle time booked while waiting for it (all ranks)
    double busBandwidth; ///< bytes/s by nccl-tests' definition over finished − lastArrival
};

struct JobResult
{
    Tick stepTime = 0; ///< until the last task of the slowest rank
    std::vector<RankLedger> ranks;
    std::vector<CollectiveRecord> collectives;
    std::vector<Tick> messageTimes;      ///< scale-out messages: finished − posted, unsorted
    std::vector<uint8_t> messageClasses; ///< … theirs, when tasks have traffic classes
    std::array<Tick, kRootAccounts>
        criticalPath{}; ///< binding chain of the step's last event; rest is compute
    uint64_t scaleOutMessages = 0;
    uint64_t scaleOutBytes = 0;
    uint64_t scaleUpBytes = 0;
};

class ScaleOut;
class FlowRoutes;
class CoflowNetwork;

class Job
{
  public:
    /// `transport` may be null if ideal.infiniteScaleOut. All arguments must outlive the job.
    /// Takes the transport's client role. NicId = Rank.
    Job(EventCore& core,
        const TaskGraph& graph,
        const Expander& expander,
        Transport* transport,
        const JobConfig& config);
    /// At flow level, every collective as one coupled flow (training-fused.h): nothing by messages.
    /// `routes` may be null if ideal.infiniteScaleOut.
    Job(EventCore& core,
        const TaskGraph& graph,
        const Expander& expander,
        FlowRoutes* routes,
        const JobConfig& config);
    /// Without a scale-out network: ideal.infiniteScaleOut.
    Job(EventCore& core,
        const TaskGraph& graph,
        const Expander& expander,
        std::nullptr_t,
        const JobConfig& config)
        : Job(core, graph, expander, static_cast<Transport*>(nullptr), config)
    {
    }

    /// Over another model of the scale-out network (tests, closed forms).
    Job(EventCore& core,
        const TaskGraph& graph,
        const Expander& expander,
        ScaleOut& scaleOut,
        const JobConfig& config);
    ~Job();
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;

    void Start(); ///< schedules the first tasks at the core's current time (0)
    bool finished() const;
    double progress() const; ///< share of tasks done, 0 … 1
    using StepFn = std::function<void(uint32_t step, const JobResult& result)>;

    /// Before Start(): runs the graph `steps` times, each step when the one before has ended, with
    /// the jitter of that step, and then once more without any (step number `steps`). Step 0 is
    /// what runs without this. Jobs by coupled flows only. `onStep` hears of each as it ends.
    void Repeat(uint32_t steps, StepFn onStep);

    /// Of a job by coupled flows, else null.
    CoflowNetwork* coflows() const;
    JobResult Result() const; ///< throws RunError naming who waits for whom if not finished

    /// Optional observers (trace sources of the ns-3 facade use them); called as things end, in the
    /// partition of the rank, so perhaps on several threads at once.
    struct Observer
    {
        virtual ~Observer() = default;
        virtual void OnCompute(Rank, uint32_t label, Tick start, Tick end) = 0;
        virtual void OnCollective(Rank, uint32_t label, Tick start, Tick end) = 0;
    };

    void SetObserver(Observer* observer);

    class Impl;

  private:
    std::unique_ptr<Impl> m_impl;
};

} // namespace heddle

#endif

// SPDX-License-Identifier: GPL-2.0-only
#include "run/world/world.h"

#include "report/result/fabric-result.h"
#include "report/result/steps-result.h"
#include "run/fidelity/fidelity.h"
#include "run/world/ideal-world.h"
#include "run/world/message-log.h"

#include "ns3/base-errors.h"
#include "ns3/base-registry.h"
#include "ns3/event-engine.h"
#include "ns3/global-value.h"
#include "ns3/nstime.h"
#include "ns3/simulator.h"
#include "ns3/string.h"

#include <chrono>
#include <memory>
#include <optional>
#include <sys/resource.h>

namespace heddle
{

namespace
{

using Clock = std::chrono::steady_clock;

/// How often, in simulated time, the wall clock is looked at.
constexpr Tick kProgressPeriod = 20 * kMicrosecond;
constexpr std::chrono::milliseconds kReportEvery{100};

double
CpuSeconds(const rusage& usage)
{
    const auto seconds = [](const timeval& t) { return t.tv_sec + 1e-6 * t.tv_usec; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// The job's events are keyed from here in every world, however many ports and queue pairs come
/// before them: a tie must not fall differently because the fabric is another.
constexpr uint32_t kJobEntities = 1U << 28;

void
AlignEntities(EventCore& core)
{
    const uint32_t taken = core.NewEntities(0);
    HEDDLE_CHECK(taken <= kJobEntities, "more entities than were foreseen");
    core.NewEntities(kJobEntities - taken);
}

/// Takes links down and up, or to another rate, at the scenario's times.
void
ScheduleLinkEvents(EventCore& core, ScaleOutNetwork& network, const std::vector<LinkEvent>& events)
{
    const uint32_t entity = core.NewEntities();
    uint32_t sequence = 0;
    for (const LinkEvent& event : events)
    {
        core.ScheduleAlone(event.at,
                           core.Key(entity, sequence++),
                           [&network, event] {
                               event.silent ? network.CutLink(event.link)
                                            : network.SetLinkShare(event.link, event.share);
                           });
    }
}

/// Looks at the wall clock every so often in simulated time, while anything else is going on.
class ProgressTicker
{
  public:
    ProgressTicker(EventCore& core, const Job& job, const ProgressFn& report)
        : m_core(core), m_job(job), m_report(report), m_entity(core.NewEntities())
    {
        Next();
    }

  private:
    void Next()
    {
        m_core.ScheduleAlone(m_core.part(0).now() + kProgressPeriod,
                             m_core.Key(m_entity, m_ticks++),
                             [this] { OnTick(); });
    }

    void OnTick()
    {
        const Clock::time_point now = Clock::now();
        if (now - m_last >= kReportEvery)
        {
            m_last = now;
            m_report(m_job.progress());
        }
        // Alone in the world: the job is done, or it stalls and Result() says why.
        if (!m_job.finished() && m_core.NextTime() != kForever)
        {
            Next();
        }
    }

    EventCore& m_core;
    const Job& m_job;
    const ProgressFn& m_report;
    uint32_t m_entity;
    uint32_t m_ticks = 0;
    Clock::time_point m_last = Clock::now();
};

/// Below it a run takes well under a second anyway.
constexpr double kWorthThreads = 3e6; // packet-hops

unsigned
ThreadsFor(const FabricPlan& fabric, const WorldOptions& options)
{
    return options.always || fabric.estimate.packetHops >= kWorthThreads ? options.threads : 1;
}

/// Hosts, or what a scale-up domain joins, stay whole.
Partitioning
PartitionsOf(const Topology& topology,
             const FabricPlan& fabric,
             const RungPlan& rung,
             const FidelityLevel& level,
             unsigned threads)
{
    Partitioning one;
    if (level.whyOnePartition != nullptr)
    {
        one.whyOne = level.whyOnePartition;
        return one;
    }
    if (rung.ideal.infiniteScaleOut)
    {
        one.whyOne = "without a scale-out network nothing takes time between ranks";
        return one;
    }
    if (rung.zeroLatency)
    {
        one.whyOne = "without latency no part can run ahead of another";
        return one;
    }
    std::vector<uint32_t> domains;
    for (const auto& place : fabric.layout.places)
    {
        domains.push_back(place.domain);
    }
    return PartitionTopology(topology, domains, WantedPartitions(topology, threads));
}

/// Events without packets are some 4 a microsecond and NIC: buckets of the wheel that hold about
/// 32, enough to sort and prepare for together. Measured with 64 and 256 NICs, flat around the
/// best.
unsigned
BucketShift(const Topology& topology, const FidelityLevel& level)
{
    constexpr unsigned kPackets = 12;
    unsigned shift = kPackets;
    if (level.whyOnePartition != nullptr)
    {
        constexpr unsigned kOneNic = 23;
        constexpr unsigned kWidest = 18;
        shift = kWidest;
        while (shift > kPackets && topology.nics >> (kOneNic - shift + 1) > 0)
        {
            --shift;
        }
    }
    return shift;
}

/// What the results are about when there are many steps.
struct FirstStep
{
    std::optional<JobResult> job;
    NetworkReport network;
};

/// `scaleOut` and `routes` are null when scale-out is infinite.
std::unique_ptr<Job>
MakeJob(EventCore& core,
        const TaskGraph& graph,
        const Expander& expander,
        bool fused,
        ScaleOut* scaleOut,
        FlowRoutes* routes,
        const JobConfig& config)
{
    if (fused)
    {
        return std::make_unique<Job>(core, graph, expander, routes, config);
    }
    if (scaleOut != nullptr)
    {
        return std::make_unique<Job>(core, graph, expander, *scaleOut, config);
    }
    Transport* const nothing = nullptr;
    return std::make_unique<Job>(core, graph, expander, nothing, config);
}

void
Simulate(EventCore& core, Engine engine)
{
    if (engine == Engine::Fabric)
    {
        ns3::GlobalValue::Bind("SimulatorImplementationType",
                               ns3::StringValue("ns3::FabricSimulatorImpl"));
    }
    ns3::heddle::EventEngine::Attach(core);
    ns3::Simulator::Run();
    ns3::heddle::EventEngine::Detach();
    ns3::Simulator::Destroy();
}

} // namespace

v1::WorldPart
RunWorld(const Plan& plan,
         const FabricPlan& fabric,
         const RungPlan& rung,
         const WorldOptions& options,
         const ProgressFn& onProgress)
{
    const Clock::time_point start = Clock::now();
    ns3::Time::SetResolution(ns3::Time::PS);
    const TaskGraph graph = GraphOn(plan, rung);
    const Topology topology = TopologyOn(fabric, rung);
    const std::string levelName = LevelOn(fabric, rung);
    const auto level = FindFactory<FidelityLevel>("fidelity", levelName);
    const unsigned threads = ThreadsFor(fabric, options);
    const Partitioning parts = PartitionsOf(topology, fabric, rung, level, threads);
    EventCore core({.seed = plan.seed,
                    .partitions = parts.count,
                    .bucketShift = BucketShift(topology, level),
                    .threads = threads,
                    .lookaheads = parts.lookaheads});
    const Expander expander(fabric.algorithms, fabric.layout, fabric.software);
    std::unique_ptr<ScaleOutNetwork> network;
    if (!rung.ideal.infiniteScaleOut)
    {
        network = level.make(core, topology, parts, TransportOn(fabric, rung));
    }
    std::optional<LoggedScaleOut> logged;
    if (network && options.log != nullptr)
    {
        HEDDLE_CHECK(threads == 1, "messages are logged on one thread");
        HEDDLE_CHECK(!level.fused, "this level has no messages to log");
        logged.emplace(*network->scaleOut(), *options.log);
    }
    AlignEntities(core);
    JobConfig config = JobConfigOn(plan, rung);
    config.classOfTask = fabric.classOfTask;
    for (size_t port = 0; port < parts.ofNic.size(); port += topology.portsPerNic)
    {
        config.partitionOfRank.push_back(parts.ofNic[port]);
    }
    ScaleOut* const scaleOut = logged ? &*logged : network ? network->scaleOut() : nullptr;
    FlowRoutes* const routes = network ? network->routes() : nullptr;
    const std::unique_ptr<Job> made =
        MakeJob(core, graph, expander, level.fused, scaleOut, routes, config);
    Job& job = *made;
    FirstStep first;
    StepStatistics statistics(fabric.topology, levelName);
    if (rung.IsActual() && plan.steps > 1)
    {
        job.Repeat(plan.steps,
                   [&](uint32_t step, const JobResult& result)
                   {
                       if (step == 0)
                       {
                           first = {result, network ? network->Report() : NetworkReport{}};
                       }
                       step < plan.steps ? statistics.Add(result) : statistics.AddSteady(result);
                   });
    }
    job.Start();
    if (network)
    {
        network->SetCoflows(job.coflows());
        ScheduleLinkEvents(core, *network, EventsOn(fabric, rung));
    }
    const ProgressTicker ticker(core, job, onProgress);
    Simulate(core, options.engine);

    if (network && !network->Failure().empty())
    {
        throw RunError(network->Failure());
    }
    JobResult result = job.Result();
    if (first.job)
    {
        result = std::move(*first.job);
    }
    v1::WorldPart part;
    part.set_events(core.eventCount());
    FillWorld(rung, result, part.mutable_fabric());
    FillCriticalPath(result, part.mutable_fabric());
    part.mutable_fabric()->mutable_ladder(0)->set_fidelity(levelName);
    if (network)
    {
        const NetworkReport report = first.job ? std::move(first.network) : network->Report();
        part.set_packet_hops(report.counters.packet_hops());
        if (rung.IsActual())
        {
            FillActual(plan, fabric, result, report, part.mutable_fabric());
            part.mutable_fabric()->mutable_counters()->set_events(part.events());
            statistics.Fill(part.mutable_fabric());
        }
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    v1::WorldTiming& timing = *part.mutable_timing();
    timing.set_fabric(fabric.name);
    timing.set_world(rung.world);
    timing.set_threads(std::min(threads, parts.count));
    timing.set_partitions(parts.count);
    timing.set_why_one_partition(parts.whyOne);
    timing.set_wall_time_s(std::chrono::duration<double>(Clock::now() - start).count());
    timing.set_cpu_time_s(CpuSeconds(usage));
    timing.set_peak_memory_bytes(static_cast<uint64_t>(usage.ru_maxrss) * 1024);
    timing.set_packet_hops_per_s(static_cast<double>(part.packet_hops()) / timing.wall_time_s());
    timing.set_events_per_s(static_cast<double>(part.events()) / timing.wall_time_s());
    return part;
}

} // namespace heddle

// SPDX-License-Identifier: GPL-2.0-only
#include "world.h"

#include "reference-ceiling.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <malloc.h>
#include <numeric>

namespace heddle::bench
{

namespace
{

/// How often the memory probe looks, in simulated time.
constexpr Tick kProbePeriod = 20 * kMicrosecond;

/// Posts flows when they are due and fires their triggers.
class FlowDriver : public TransportClient
{
  public:
    FlowDriver(EventCore& core, const Network& network, Transport& transport, const FlowSet& set)
        : m_transport(transport),
          m_set(set),
          m_triggers(set),
          m_onStart(core.AddHandler<FlowDriver, &FlowDriver::OnStart>(this)),
          m_done(core.partitions())
    {
        transport.SetClient(this);
        const uint32_t entity = core.NewEntities();
        for (uint32_t f = 0; f < set.flows.size(); ++f)
        {
            const Flow& flow = set.flows[f];
            m_queuePairs.push_back(transport.Connect(flow.from, flow.to, 0));
            if (flow.start != kForever)
            {
                Partition& part = core.part(network.PartitionOf(flow.from));
                part.Insert({flow.start, core.Key(entity, f), 0, f, m_onStart, 0});
            }
            CheckTrigger(network, flow.onSent, flow.from);
            CheckTrigger(network, flow.onReceived, flow.to);
        }
    }

    void OnStart(Partition& part, const Event& event)
    {
        Start(part, event.entity);
    }

    void OnDelivered(Partition& part, const Delivery& delivery) override
    {
        ++m_done[part.index()].delivered;
        m_done[part.index()].last = part.now();
        m_triggers.Fire(m_set.flows[delivery.cookie].onReceived,
                        [&](uint32_t flow) { Start(part, flow); });
    }

    void OnAcknowledged(Partition& part, QpId, uint64_t cookie) override
    {
        m_triggers.Fire(m_set.flows[cookie].onSent, [&](uint32_t flow) { Start(part, flow); });
    }

    uint64_t delivered() const
    {
        uint64_t sum = 0;
        for (const Done& done : m_done)
        {
            sum += done.delivered;
        }
        return sum;
    }

    Tick last() const
    {
        Tick last = 0;
        for (const Done& done : m_done)
        {
            last = std::max(last, done.last);
        }
        return last;
    }

  private:
    struct alignas(64) Done ///< in a partition
    {
        uint64_t delivered = 0;
        Tick last = 0;
    };

    /// What fires a trigger at `at` starts flows there and then.
    void CheckTrigger(const Network& network, uint32_t trigger, NicId at) const
    {
        const auto none = std::vector<uint32_t>();
        for (const uint32_t f : trigger == kNone ? none : m_set.triggers[trigger].targets)
        {
            if (network.PartitionOf(m_set.flows[f].from) != network.PartitionOf(at))
            {
                throw InputError("a trigger starts a flow on another host: one thread only");
            }
        }
    }

    void Start(Partition& part, uint32_t flow)
    {
        m_transport.Post(part, m_queuePairs[flow], m_set.flows[flow].bytes, flow);
    }

    Transport& m_transport;
    const FlowSet& m_set;
    TriggerBoard m_triggers;
    HandlerId m_onStart;
    std::vector<QpId> m_queuePairs; ///< by flow
    std::vector<Done> m_done;       ///< by partition
};

} // namespace

Topology
PlainFatTree(uint32_t hosts)
{
    ClusterShape shape;
    shape.hosts = hosts;
    shape.acceleratorsPerHost = 1;
    shape.nicRate = ParseRate("100Gbps");
    shape.delayByTier = {ParseTime("1us")};
    SwitchConfig& config = shape.switchConfig;
    config.forwarding = Forwarding::StoreAndForward;
    config.bufferBytes = ParseSize("32MB");
    const TransportConfig transport = PlainTransport();
    ClassConfig& data = config.classes[transport.dataClass];
    data.lossless = true;
    data.ecn = true;
    data.kminBytes = ParseSize("400kB");
    data.kmaxBytes = ParseSize("1600kB");
    data.pmax = 0.2;
    ClassConfig& control = config.classes[transport.controlClass];
    control.lossless = true;
    control.strict = true;
    const std::string k = std::to_string(FatTreeRadix(hosts));
    return BuildTopology("fat-tree-3", shape, {{"k", k}});
}

TransportConfig
PlainTransport()
{
    TransportConfig config;
    config.congestionControl = "dcqcn";
    config.ackEveryPackets = 1;
    return config;
}

Partitioning
CutFor(const Topology& topology, uint32_t nicsPerHost, uint32_t threads)
{
    std::vector<uint32_t> hosts;
    for (NicId nic = 0; nic < topology.nics; ++nic)
    {
        hosts.push_back(nic / nicsPerHost);
    }
    return PartitionTopology(topology, hosts, WantedPartitions(topology, threads));
}

EventCore::Config
CoreConfig(const Partitioning& parts, uint32_t threads)
{
    return {.partitions = parts.count, .threads = threads, .lookaheads = parts.lookaheads};
}

double
CpuSeconds()
{
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

uint64_t
HeapBytes()
{
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void
RunPhase(EventCore& core, const Network& network, Observe observe, RunResult& result)
{
    result.setupHeap = HeapBytes();
    result.setupCpu = CpuSeconds();
    result.partitions = core.partitions();
    const auto start = std::chrono::steady_clock::now();
    if (observe == Observe::Nothing)
    {
        core.RunUntil(kForever);
    }
    for (Tick next = core.NextTime(); next != kForever; next = core.NextTime())
    {
        core.RunUntil(next + kProbePeriod);
        result.peakInFlight = std::max(result.peakInFlight, network.inFlight());
        result.peakHeap = std::max(result.peakHeap, HeapBytes());
    }
    result.runCpu = CpuSeconds() - result.setupCpu;
    result.runWall =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.events = core.eventCount();
}

void
TakeCounters(const Network& network, const Transport& transport, RunResult& result)
{
    const NetworkCounters counters = network.counters();
    const uint64_t dropped =
        std::accumulate(counters.dropped.begin(), counters.dropped.end(), uint64_t{0});
    HEDDLE_CHECK(counters.injected == counters.delivered + dropped + network.inFlight(),
                 "packets are not conserved");
    const TransportCounters ends = transport.counters();
    result.ports = 2 * network.topology().links.size();
    result.dataHops = counters.dataHops;
    result.ecnMarks = counters.ecnMarks;
    result.pauseFrames = counters.pauseFrames;
    result.retransmits = ends.retransmits;
    result.congestionCnps = ends.cnps;
}

RunResult
RunFlows(const FlowSet& set, const FlowOptions& options)
{
    const Topology topology = PlainFatTree(set.hosts);
    const Partitioning parts = CutFor(topology, 1, options.threads);
    EventCore core(CoreConfig(parts, options.threads));
    Network network(core, topology, parts);
    TransportConfig config = PlainTransport();
    config.windowPackets = options.windowPackets;
    Transport transport(core, network, config);
    const FlowDriver driver(core, network, transport, set);
    RunResult result;
    RunPhase(core, network, options.observe, result);
    if (driver.delivered() != set.flows.size())
    {
        std::string text = "only " + std::to_string(driver.delivered()) + " of " +
                           std::to_string(set.flows.size()) + " flows ended; waiting:";
        for (const std::string& line : transport.Outstanding(5))
        {
            text += "\n  " + line;
        }
        throw RunError(text);
    }
    TakeCounters(network, transport, result);
    const uint64_t wanted = DataHops(set, FatTreeRadix(set.hosts), config.mtuPayloadBytes);
    HEDDLE_CHECK(result.dataHops >= wanted, "fewer data hops than the flows need");
    HEDDLE_CHECK(result.retransmits > 0 || result.dataHops == wanted,
                 "more data hops than the flows need, and nothing was resent");
    result.extraHops = result.dataHops - wanted;
    result.dataHops = wanted;
    result.flows = driver.delivered();
    result.simulated = driver.last();
    return result;
}

RunResult
RunCeiling(const FlowSet& set)
{
    CeilingConfig config;
    config.payloadBytes = PlainTransport().mtuPayloadBytes;
    config.overheadBytes = DataWireBytes(0, true); // selective repeat: an address in every packet
    config.ackBytes = kAckWireBytes;
    config.window = kCeilingWindow;
    RunResult result;
    ReferenceCeiling ceiling(set, config);
    result.setupHeap = HeapBytes();
    result.setupCpu = CpuSeconds();
    const CeilingResult end = ceiling.Run();
    result.runCpu = CpuSeconds() - result.setupCpu;
    HEDDLE_CHECK(end.flowsDone == set.flows.size(), "the reference ceiling left flows unfinished");
    result.dataHops = end.dataHops;
    result.flows = end.flowsDone;
    result.events = end.events;
    result.ports = end.ports;
    result.simulated = end.finished;
    return result;
}

} // namespace heddle::bench

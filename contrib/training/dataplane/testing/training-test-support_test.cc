// SPDX-License-Identifier: GPL-2.0-only
#include "training-test-support.h"

#include "ns3/collectives-algorithm.h"

#include <algorithm>

namespace heddle
{

namespace
{

struct Parcel
{
    Delivery delivery;
    uint32_t pipe;
    uint32_t ackSequence;
};

void
ExpandStar(const CollectiveCall& call,
           uint32_t member,
           const RankLayout& layout,
           const SoftwareModel&,
           Expansion& out)
{
    const auto& ranks = call.comm->ranks;
    const auto add = [&](ChunkOp::Kind kind, uint32_t peer, std::vector<uint32_t> deps)
    {
        ChunkOp op{};
        op.kind = kind;
        op.peer = ranks[peer];
        op.relay = ranks[member];
        op.scaleUp = layout.SameDomain(ranks[member], ranks[peer]);
        op.bytes = 1;
        op.firstDep = static_cast<uint32_t>(out.deps.size());
        op.depCount = static_cast<uint32_t>(deps.size());
        out.deps.insert(out.deps.end(), deps.begin(), deps.end());
        out.ops.push_back(op);
        return static_cast<uint32_t>(out.ops.size() - 1);
    };
    if (member != 0)
    {
        add(ChunkOp::Kind::Send, 0, {});
        add(ChunkOp::Kind::Recv, 0, {});
        return;
    }
    // The first release needs all arrivals, each other one the release before it (N dependencies
    // instead of N²; in an infinite network no time passes between them).
    std::vector<uint32_t> deps;
    for (uint32_t m = 1; m < ranks.size(); ++m)
    {
        deps.push_back(add(ChunkOp::Kind::Recv, m, {}));
    }
    for (uint32_t m = 1; m < ranks.size(); ++m)
    {
        deps = {add(ChunkOp::Kind::Send, m, deps)};
    }
}

const CollectiveAlgorithm kStar{KindTable({{CollectiveKind::AllReduce, &ExpandStar}})};
const Registration<const CollectiveAlgorithm*> kStarEntry{
    {kAlgorithmCategory, "test-star", "Barrier through member 0; for tests.", {}},
    &kStar};

} // namespace

const char* const kStarAlgorithm = "test-star";

FakeScaleOut::FakeScaleOut(EventCore& core, BitRate rate, Tick latency, Tick ackLatency)
    : m_core(core),
      m_rate(rate),
      m_latency(latency),
      m_ackLatency(ackLatency),
      m_onArrive(core.AddHandler<FakeScaleOut, &FakeScaleOut::OnArrive>(this)),
      m_onAck(core.AddHandler<FakeScaleOut, &FakeScaleOut::OnAck>(this))
{
}

void
FakeScaleOut::SetClient(TransportClient* client)
{
    m_client = client;
}

uint32_t
FakeScaleOut::PartitionOf(NicId nic) const
{
    return partitionOf.empty() ? 0 : partitionOf[nic];
}

QpId
FakeScaleOut::Connect(NicId from, NicId to, uint32_t channel, uint8_t trafficClass)
{
    for (QpId q = 0; q < m_pipes.size(); ++q)
    {
        if (m_pipes[q].from == from && m_pipes[q].to == to && m_pipes[q].channel == channel &&
            m_pipes[q].trafficClass == trafficClass)
        {
            return q;
        }
    }
    Pipe pipe{};
    pipe.from = from;
    pipe.to = to;
    pipe.channel = channel;
    pipe.trafficClass = trafficClass;
    pipe.entity = m_core.NewEntities();
    m_pipes.push_back(pipe);
    return static_cast<QpId>(m_pipes.size() - 1);
}

Tick
FakeScaleOut::IdealTime(QpId, uint64_t bytes) const
{
    return m_rate.TransmitTime(bytes) + m_latency;
}

void
FakeScaleOut::Post(Partition& part, QpId qp, uint64_t bytes, uint64_t cookie)
{
    if (swallow)
    {
        ++m_swallowed;
        return;
    }
    Pipe& pipe = m_pipes[qp];
    const Excess excess = hook ? hook(pipe.from, pipe.to, bytes, pipe.number++) : Excess{};
    MessageTiming timing;
    timing.posted = part.now();
    timing.started = std::max(part.now(), pipe.emitted);
    timing.state = excess.state;
    timing.state[static_cast<size_t>(MessageState::Ideal)] = IdealTime(qp, bytes);
    timing.culprit = excess.culprit;
    pipe.emitted = timing.started + m_rate.TransmitTime(bytes) +
                   excess.state[static_cast<size_t>(MessageState::Paused)] +
                   excess.state[static_cast<size_t>(MessageState::Paced)];
    const Tick sum = std::accumulate(timing.state.begin(), timing.state.end(), Tick{0});
    timing.finished = std::max(timing.started + sum, pipe.finished); // in order
    timing.state[static_cast<size_t>(MessageState::FabricQueue)] +=
        timing.finished - timing.started - sum;
    pipe.finished = timing.finished;
    const uint32_t sequence = pipe.sequence;
    pipe.sequence += 2;
    const bool behind = timing.started > timing.posted;
    auto* parcel =
        new Parcel{{qp, bytes, cookie, pipe.from, pipe.to, behind, timing}, qp, sequence + 1};
    part.Post(PartitionOf(pipe.to),
              {timing.finished,
               m_core.Key(pipe.entity, sequence),
               reinterpret_cast<uint64_t>(parcel),
               pipe.to,
               m_onArrive,
               0});
}

void
FakeScaleOut::OnArrive(Partition& part, const Event& event)
{
    auto* parcel = reinterpret_cast<Parcel*>(event.arg);
    const Delivery delivery = parcel->delivery;
    part.Post(PartitionOf(delivery.from),
              {part.now() + m_ackLatency,
               m_core.Key(m_pipes[parcel->pipe].entity, parcel->ackSequence),
               event.arg,
               delivery.from,
               m_onAck,
               0});
    m_client->OnDelivered(part, delivery);
}

void
FakeScaleOut::OnAck(Partition& part, const Event& event)
{
    auto* parcel = reinterpret_cast<Parcel*>(event.arg);
    const Delivery delivery = parcel->delivery;
    delete parcel;
    m_client->OnAcknowledged(part, delivery.qp, delivery.cookie);
}

std::vector<std::string>
FakeScaleOut::Outstanding(size_t) const
{
    return m_swallowed == 0 ? std::vector<std::string>{}
                            : std::vector<std::string>{std::to_string(m_swallowed) + " swallowed"};
}

RankLayout
MakeLayout(uint32_t hosts, uint32_t perHost, bool rails)
{
    RankLayout layout;
    for (uint32_t h = 0; h < hosts; ++h)
    {
        for (uint32_t a = 0; a < perHost; ++a)
        {
            layout.places.push_back({h, h, a, rails ? a : 0});
        }
    }
    return layout;
}

Bench::Bench(uint32_t hosts, uint32_t perHost) : layout(MakeLayout(hosts, perHost))
{
    config.accelerator.peakFlops = 1e15;
    config.accelerator.memoryBandwidth = 3e12;
    config.scaleUp.portRate = BitRate(3'600'000'000'000);
    config.scaleUp.latency = kMicrosecond;
}

JobResult
Bench::Run(const TaskGraph& graph) const
{
    graph.Validate();
    EventCore::Config coreConfig;
    coreConfig.seed = config.seed;
    if (!partitions.empty())
    {
        coreConfig.partitions = 1 + *std::max_element(partitions.begin(), partitions.end());
        coreConfig.lookahead = std::min(latency, ackLatency);
        coreConfig.threads = 3;
        coreConfig.worthSharing = 0;
    }
    EventCore core(coreConfig);
    FakeScaleOut network(core, rate, latency, ackLatency);
    network.hook = hook;
    network.partitionOf = partitions;
    network.swallow = swallow;
    const Expander expander(algorithms, layout, software);
    JobConfig jobConfig = config;
    jobConfig.partitionOfRank = partitions;
    Job job(core, graph, expander, network, jobConfig);
    job.Start();
    core.RunUntil(kForever);
    return job.Result();
}

std::string
Fingerprint(const JobResult& result)
{
    std::string text = std::to_string(result.stepTime);
    for (const RankLedger& rank : result.ranks)
    {
        text += "\n" + std::to_string(rank.busy());
        for (const auto* blames : {&rank.rootPlaces, &rank.proximatePlaces})
        {
            for (const Blame& b : *blames)
            {
                text += " " + std::to_string(b.account) + "@" + std::to_string(b.place) + "=" +
                        std::to_string(b.time);
            }
        }
    }
    for (const CollectiveRecord& c : result.collectives)
    {
        text += "\n" + std::to_string(c.lastArrival) + " " + std::to_string(c.finished) + " " +
                std::to_string(c.idle);
    }
    std::vector<Tick> times = result.messageTimes;
    std::sort(times.begin(), times.end());
    for (Tick t : times)
    {
        text += " " + std::to_string(t);
    }
    return text;
}

Tick
RootAt(const JobResult& result, RootAccount account, uint32_t place)
{
    Tick sum = 0;
    for (const RankLedger& rank : result.ranks)
    {
        for (const Blame& b : rank.rootPlaces)
        {
            const bool here = place == kNone || b.place == place;
            sum += b.account == static_cast<uint8_t>(account) && here ? b.time : 0;
        }
    }
    return sum;
}

Tick
ProximateAt(const JobResult& result, ProximateAccount account, uint32_t place)
{
    Tick sum = 0;
    for (const RankLedger& rank : result.ranks)
    {
        for (const Blame& b : rank.proximatePlaces)
        {
            const bool here = place == kNone || b.place == place;
            sum += b.account == static_cast<uint8_t>(account) && here ? b.time : 0;
        }
    }
    return sum;
}

Tick
TotalIdle(const JobResult& result)
{
    Tick sum = 0;
    for (const RankLedger& rank : result.ranks)
    {
        sum += rank.idle;
    }
    return sum;
}

void
MakeNetworkInfinite(JobConfig& config)
{
    config.ideal.infiniteScaleOut = true;
    config.ideal.infiniteScaleUp = true;
    config.ideal.noSoftware = true;
}

TaskGraph
OneCollective(Rank ranks, CollectiveKind kind, uint64_t bytes)
{
    TaskGraph g(ranks);
    std::vector<Rank> all(ranks);
    std::iota(all.begin(), all.end(), 0);
    const CommId world = g.AddCommunicator("world", all);
    for (Rank r = 0; r < ranks; ++r)
    {
        CollectiveSpec spec;
        spec.label = "c";
        spec.kind = kind;
        spec.bytes = bytes;
        g.AddCollective(r, world, spec);
    }
    return g;
}

} // namespace heddle

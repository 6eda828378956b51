// SPDX-License-Identifier: GPL-2.0-only
//
// What a graph would put on a fabric, found by expanding it without running it: the price of the
// run, and whether every rank reaches whom it has to.
#include "plan/fabric/reach.h"
#include "plan/plan.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace heddle
{

namespace
{

/// One call of one member never needs more chunks than this; more means an absurd size.
constexpr double kMostChunks = 2e7;

class Estimator
{
  public:
    Estimator(const TaskGraph& graph, const FabricPlan& fabric, double budget)
        : m_graph(graph),
          m_fabric(fabric),
          m_budget(budget),
          m_expander(fabric.algorithms, fabric.layout, fabric.software),
          m_reach(fabric)
    {
    }

    TrafficEstimate Run()
    {
        for (Rank rank = 0; rank < m_graph.ranks(); ++rank)
        {
            for (TaskId id : m_graph.program(rank))
            {
                Add(m_graph.tasks()[id]);
            }
        }
        return m_total;
    }

  private:
    void Add(const Task& task)
    {
        if (task.kind == TaskKind::Compute || task.kind == TaskKind::Recv)
        {
            return;
        }
        const auto key = std::tuple(task.kind,
                                    task.kind == TaskKind::Send ? task.peer : task.comm,
                                    task.collective,
                                    task.bytes,
                                    task.kind == TaskKind::Send ? 0 : task.peer,
                                    task.sizes,
                                    task.rank);
        auto [it, isNew] = m_known.try_emplace(key);
        if (isNew)
        {
            it->second = Expand(task);
        }
        m_total.scaleOutBytes += it->second.scaleOutBytes;
        m_total.messages += it->second.messages;
        m_total.packetHops += it->second.packetHops;
        if (m_total.packetHops > m_budget)
        {
            Refuse();
        }
    }

    TrafficEstimate Expand(const Task& task)
    {
        CheckChunks(task);
        if (task.kind == TaskKind::Send)
        {
            m_expander.ExpandSendRecv(task.rank, task.peer, task.bytes, true, m_expansion);
            return Measure(task.rank);
        }
        const Communicator& comm = m_graph.communicators()[task.comm];
        std::vector<const std::vector<uint64_t>*> rows;
        CollectiveCall call{task.collective, &comm, task.bytes, task.peer, task.sequence, nullptr};
        if (task.sizes != kNoSizes)
        {
            rows = Rows(task, comm);
            call.rows = &rows;
        }
        const auto member =
            std::find(comm.ranks.begin(), comm.ranks.end(), task.rank) - comm.ranks.begin();
        m_expander.Expand(call, static_cast<uint32_t>(member), m_expansion);
        return Measure(task.rank);
    }

    /// The size rows of all members of the call that `task` is part of.
    std::vector<const std::vector<uint64_t>*> Rows(const Task& task, const Communicator& comm) const
    {
        std::vector<const std::vector<uint64_t>*> rows(comm.ranks.size(), nullptr);
        for (size_t i = 0; i < comm.ranks.size(); ++i)
        {
            for (TaskId id : m_graph.program(comm.ranks[i]))
            {
                const Task& other = m_graph.tasks()[id];
                if (other.kind == TaskKind::Collective && other.comm == task.comm &&
                    other.sequence == task.sequence && other.sizes != kNoSizes)
                {
                    rows[i] = &m_graph.sizeRows()[other.sizes];
                }
            }
        }
        return rows;
    }

    void CheckChunks(const Task& task) const
    {
        const bool ring =
            task.kind == TaskKind::Collective && task.collective != CollectiveKind::AllToAll;
        const uint64_t chunk =
            ring ? m_fabric.software.ringChunkBytes : m_fabric.software.p2pChunkBytes;
        if (chunk > 0 && static_cast<double>(task.bytes) / static_cast<double>(chunk) > kMostChunks)
        {
            Refuse();
        }
    }

    TrafficEstimate Measure(Rank rank)
    {
        TrafficEstimate sum;
        for (const ChunkOp& op : m_expansion.ops)
        {
            if (op.kind != ChunkOp::Kind::Send || op.scaleUp)
            {
                continue;
            }
            const int links = m_reach.Links(rank, op.relay, op.peer);
            const double packets =
                std::ceil(static_cast<double>(op.bytes) / m_fabric.transport.mtuPayloadBytes);
            sum.scaleOutBytes += static_cast<double>(op.bytes);
            sum.messages += 1;
            sum.packetHops += packets * links;
        }
        return sum;
    }

    [[noreturn]] void Refuse() const
    {
        char text[256];
        std::snprintf(
            text,
            sizeof text,
            "absurdly large: more than %.3g data packets times links. That is hours; make "
            "the workload smaller (fewer layers, bytes or repeats), or raise "
            "run.packet_hop_budget.",
            m_budget);
        throw InputError(text);
    }

    using Key = std::tuple<TaskKind, uint32_t, CollectiveKind, uint64_t, Rank, uint32_t, Rank>;

    const TaskGraph& m_graph;
    const FabricPlan& m_fabric;
    double m_budget;
    Expander m_expander;
    Reach m_reach;
    Expansion m_expansion;
    TrafficEstimate m_total;
    std::map<Key, TrafficEstimate> m_known;
};

} // namespace

TrafficEstimate
EstimateTraffic(const TaskGraph& graph, const FabricPlan& fabric, double budget)
{
    return Estimator(graph, fabric, budget).Run();
}

WorkloadTraits
TraitsOf(const TaskGraph& graph, uint32_t acceleratorsPerHost)
{
    WorkloadTraits traits;
    const auto spans = [&](Rank a, Rank b)
    { return a / acceleratorsPerHost != b / acceleratorsPerHost; };
    for (const Task& task : graph.tasks())
    {
        switch (task.kind)
        {
        case TaskKind::Compute:
            traits.compute = true;
            traits.roofline |= task.fixedSeconds <= 0;
            break;
        case TaskKind::Collective:
        {
            const std::vector<Rank>& ranks = graph.communicators()[task.comm].ranks;
            traits.kinds[static_cast<size_t>(task.collective)] |= ranks.size() > 1;
            traits.crossHost |= std::any_of(ranks.begin(),
                                            ranks.end(),
                                            [&](Rank r) { return spans(r, ranks.front()); });
            break;
        }
        case TaskKind::Send:
        case TaskKind::Recv:
            traits.sendRecv = true;
            traits.crossHost |= spans(task.rank, task.peer);
            break;
        }
    }
    return traits;
}

} // namespace heddle

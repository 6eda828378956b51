// SPDX-License-Identifier: GPL-2.0-only
//
// What a graph would put on a fabric at flow level: whole collectives, nothing expanded.
#include "plan/fabric/reach.h"
#include "plan/plan.h"

#include "ns3/collectives-fused.h"

#include <map>
#include <tuple>

namespace heddle
{

namespace
{

class FusedEstimator : private FusedSink
{
  public:
    FusedEstimator(const TaskGraph& graph, const FabricPlan& fabric)
        : m_graph(graph),
          m_expander(fabric.algorithms, fabric.layout, fabric.software),
          m_reach(fabric)
    {
    }

    TrafficEstimate Run()
    {
        TrafficEstimate total;
        for (const Task& task : m_graph.tasks())
        {
            const TrafficEstimate& one = Of(task);
            total.scaleOutBytes += one.scaleOutBytes;
            total.messages += one.messages;
        }
        return total;
    }

  private:
    using Key = std::tuple<TaskKind, uint32_t, uint32_t, uint64_t, Rank>;

    /// Of a collective once, for its first member; sizes per peer are counted as if even.
    const TrafficEstimate& Of(const Task& task)
    {
        static const TrafficEstimate nothing;
        const bool sends = task.kind == TaskKind::Send;
        if (!sends && (task.kind != TaskKind::Collective ||
                       m_graph.communicators()[task.comm].ranks.front() != task.rank))
        {
            return nothing;
        }
        const auto [known, isNew] =
            m_known.try_emplace(sends ? Key{task.kind, task.rank, task.peer, task.bytes, 0}
                                      : Key{task.kind,
                                            task.comm,
                                            static_cast<uint32_t>(task.collective),
                                            task.bytes,
                                            task.peer});
        if (isNew)
        {
            m_sum = {};
            if (sends)
            {
                m_expander.FuseSendRecv(task.rank, task.peer, task.bytes, *this);
            }
            else
            {
                m_expander.Fuse({task.collective,
                                 &m_graph.communicators()[task.comm],
                                 task.bytes,
                                 task.peer,
                                 task.sequence,
                                 nullptr},
                                *this);
            }
            known->second = m_sum;
        }
        return known->second;
    }

    void OnEdge(const FusedEdge& edge) override
    {
        if (!edge.scaleUp)
        {
            m_reach.Links(edge.from, edge.relay, edge.to);
            m_sum.scaleOutBytes += static_cast<double>(edge.bytes);
            m_sum.messages += static_cast<double>(edge.messages);
        }
    }

    bool WantsChannels() const override
    {
        return false;
    }

    const TaskGraph& m_graph;
    Expander m_expander;
    Reach m_reach;
    TrafficEstimate m_sum;
    std::map<Key, TrafficEstimate> m_known;
};

} // namespace

TrafficEstimate
EstimateFusedTraffic(const TaskGraph& graph, const FabricPlan& fabric)
{
    return FusedEstimator(graph, fabric).Run();
}

} // namespace heddle

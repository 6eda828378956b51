// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/base-errors.h"
#include "ns3/training-plan.h"

#include <algorithm>
#include <set>

namespace heddle::training
{

namespace
{

std::tuple<Rank, uint32_t, Rank, uint16_t, uint8_t>
Key(const Connection& c)
{
    return {c.from, c.group, c.to, c.channel, c.trafficClass};
}

} // namespace

uint32_t
Plan::GroupOf(const Task& task) const
{
    return task.kind == TaskKind::Collective
               ? 2 * task.comm + (task.collective == CollectiveKind::AllToAll ? 1 : 0)
               : 2 * static_cast<uint32_t>(m_graph.communicators().size());
}

/// The connections over which a task sends, unique, unsorted.
void
Plan::CollectConnections(TaskId id, std::vector<Connection>& out) const
{
    const Task& task = m_graph.tasks()[id];
    Expansion expansion;
    Expand(id, expansion);
    std::set<std::pair<Rank, uint16_t>> seen;
    for (const ChunkOp& op : expansion.ops)
    {
        if (op.kind != ChunkOp::Kind::Send || !seen.emplace(op.peer, op.channel).second)
        {
            continue;
        }
        Connection c{};
        c.group = GroupOf(task);
        c.from = task.rank;
        c.to = op.peer;
        c.channel = op.channel;
        c.trafficClass = ClassOf(id);
        c.scaleUp = op.scaleUp;
        c.relay = op.scaleUp ? task.rank : op.relay;
        c.fromMember = m_memberOf[id];
        c.toMember = 1;
        if (task.kind == TaskKind::Collective)
        {
            const auto& members = m_members[task.comm];
            const auto found =
                std::lower_bound(members.begin(), members.end(), std::make_pair(op.peer, 0U));
            HEDDLE_CHECK(found != members.end() && found->first == op.peer,
                         "algorithm sends to a non-member");
            c.toMember = found->second;
        }
        HEDDLE_CHECK(c.to != c.from, "algorithm sends to itself");
        out.push_back(c);
    }
}

void
Plan::FindConnections()
{
    const auto& tasks = m_graph.tasks();
    // Calls that differ only in their sequence number use the same connections.
    std::set<std::tuple<Rank, uint32_t, uint8_t, CollectiveKind, uint64_t, Rank, TaskId>> seen;
    for (TaskId id = 0; id < tasks.size(); ++id)
    {
        const Task& t = tasks[id];
        if (t.kind == TaskKind::Compute || t.kind == TaskKind::Recv)
        {
            continue;
        }
        const bool collective = t.kind == TaskKind::Collective;
        if (seen.emplace(t.rank,
                         GroupOf(t),
                         ClassOf(id),
                         t.collective,
                         t.bytes,
                         t.peer,
                         t.sizes == kNoSizes || !collective ? kNone : id)
                .second)
        {
            CollectConnections(id, m_connections);
        }
    }
    std::sort(m_connections.begin(),
              m_connections.end(),
              [](const auto& a, const auto& b) { return Key(a) < Key(b); });
    const auto same = [](const Connection& a, const Connection& b)
    {
        const bool equal = Key(a) == Key(b);
        HEDDLE_CHECK(!equal || (a.scaleUp == b.scaleUp && a.relay == b.relay),
                     "one connection over two networks");
        return equal;
    };
    m_connections.erase(std::unique(m_connections.begin(), m_connections.end(), same),
                        m_connections.end());
    m_firstConnection.assign(m_graph.ranks() + 1, 0);
    for (const Connection& c : m_connections)
    {
        ++m_firstConnection[c.from + 1];
    }
    for (size_t r = 1; r < m_firstConnection.size(); ++r)
    {
        m_firstConnection[r] += m_firstConnection[r - 1];
    }
}

uint32_t
Plan::FindConnection(TaskId id, const ChunkOp& op) const
{
    const Task& task = m_graph.tasks()[id];
    Connection wanted{};
    wanted.trafficClass = ClassOf(id);
    wanted.group = GroupOf(task);
    const bool send = op.kind == ChunkOp::Kind::Send;
    wanted.from = send ? task.rank : op.peer;
    wanted.to = send ? op.peer : task.rank;
    wanted.channel = op.channel;
    const auto begin = m_connections.begin() + m_firstConnection[wanted.from];
    const auto end = m_connections.begin() + m_firstConnection[wanted.from + 1];
    const auto found =
        std::lower_bound(begin,
                         end,
                         wanted,
                         [](const auto& a, const auto& b) { return Key(a) < Key(b); });
    HEDDLE_CHECK(found != end && Key(*found) == Key(wanted), "receive without a matching send");
    return static_cast<uint32_t>(found - m_connections.begin());
}

void
Plan::ConnectQueuePairs(ScaleOut* scaleOut, const JobConfig& config)
{
    uint32_t channels = 1;
    for (const Connection& c : m_connections)
    {
        channels = std::max(channels, c.channel + 1U);
    }
    const Tick scaleUpLatency = config.ideal.infiniteScaleUp ? 0 : config.scaleUp.latency;
    for (Connection& c : m_connections)
    {
        c.grantLatency = c.scaleUp || c.relay != c.from ? scaleUpLatency : 0;
        if (c.scaleUp || config.ideal.infiniteScaleOut)
        {
            continue;
        }
        if (scaleOut == nullptr)
        {
            throw InputError(
                "ranks " + std::to_string(c.from) + " and " + std::to_string(c.to) +
                " are in different scale-up domains, but there is no scale-out network");
        }
        c.firstQp = static_cast<uint32_t>(m_queuePairs.size());
        for (uint32_t q = 0; q < m_qpsPerConnection; ++q)
        {
            const uint32_t channel = (c.group * channels + c.channel) * m_qpsPerConnection + q;
            m_queuePairs.push_back(scaleOut->Connect(c.relay, c.to, channel, c.trafficClass));
            m_qpEnd = std::max(m_qpEnd, m_queuePairs.back() + 1);
        }
        // A clear-to-send is a 64-byte record (reference: NCCL's CTS FIFO entry).
        c.grantLatency += scaleOut->IdealTime(m_queuePairs[c.firstQp], 64);
    }
}

} // namespace heddle::training

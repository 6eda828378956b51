// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/training-plan.h"

#include "ns3/base-errors.h"

#include <algorithm>

namespace heddle::training
{

Plan::Plan(const TaskGraph& graph,
           const Expander& expander,
           ScaleOut* scaleOut,
           const JobConfig& config,
           uint32_t partitions,
           bool connected)
    : m_graph(graph),
      m_expander(expander),
      m_classOf(config.classOfTask),
      m_qpsPerConnection(std::max(1U, expander.software().queuePairsPerConnection))
{
    if (expander.layout().places.size() < graph.ranks())
    {
        throw InputError("the layout has " + std::to_string(expander.layout().places.size()) +
                         " accelerators, the task graph needs " + std::to_string(graph.ranks()));
    }
    HEDDLE_CHECK(m_classOf.empty() || m_classOf.size() == graph.tasks().size(),
                 "a traffic class for every task, or for none");
    for (const Communicator& comm : graph.communicators())
    {
        m_members.emplace_back();
        for (uint32_t m = 0; m < comm.ranks.size(); ++m)
        {
            m_members.back().emplace_back(comm.ranks[m], m);
        }
        std::sort(m_members.back().begin(), m_members.back().end());
    }
    PlacePartitions(config, partitions);
    LinkTasks();
    MatchCollectives();
    MatchTransfers();
    if (connected)
    {
        FindConnections();
        ConnectQueuePairs(scaleOut, config);
    }
}

void
Plan::PlacePartitions(const JobConfig& config, uint32_t partitions)
{
    m_partitionOf.assign(m_graph.ranks(), 0);
    // Infinite scale-out has no latency, so nothing could separate partitions: all in the first.
    if (partitions == 1 || config.ideal.infiniteScaleOut)
    {
        return;
    }
    if (config.partitionOfRank.size() < m_graph.ranks())
    {
        throw InputError("several partitions, but no partition for every rank");
    }
    std::map<uint32_t, uint32_t> partitionOfDomain;
    for (Rank r = 0; r < m_graph.ranks(); ++r)
    {
        m_partitionOf[r] = config.partitionOfRank[r];
        const uint32_t domain = m_expander.layout().places[r].domain;
        const auto known = partitionOfDomain.emplace(domain, m_partitionOf[r]).first;
        if (known->second != m_partitionOf[r] || m_partitionOf[r] >= partitions)
        {
            throw InputError("rank " + std::to_string(r) +
                             ": a scale-up domain must lie within one existing partition");
        }
    }
}

/// Dependencies and streams: the task before on a stream is one more dependency.
void
Plan::LinkTasks()
{
    const auto& tasks = m_graph.tasks();
    m_prerequisites.assign(tasks.size(), 0);
    m_programIndex.assign(tasks.size(), 0);
    std::vector<std::pair<TaskId, TaskId>> edges;
    for (Rank r = 0; r < m_graph.ranks(); ++r)
    {
        std::map<std::tuple<TaskKind, uint32_t>, TaskId> streamTail;
        uint32_t index = 0;
        for (TaskId id : m_graph.program(r))
        {
            const Task& task = tasks[id];
            m_programIndex[id] = index++;
            for (const TaskId* d = m_graph.depsBegin(task); d != m_graph.depsEnd(task); ++d)
            {
                edges.emplace_back(*d, id);
            }
            const uint32_t which = task.kind == TaskKind::Collective ? task.comm
                                   : task.kind == TaskKind::Compute  ? 0
                                                                     : task.peer;
            const auto [tail, first] = streamTail.emplace(std::make_tuple(task.kind, which), id);
            if (!first)
            {
                edges.emplace_back(tail->second, id);
                tail->second = id;
            }
        }
    }
    std::sort(edges.begin(), edges.end());
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
    m_firstSuccessor.assign(tasks.size() + 1, 0);
    m_successors.reserve(edges.size());
    for (const auto& [before, after] : edges)
    {
        ++m_firstSuccessor[before + 1];
        m_successors.push_back(after);
        ++m_prerequisites[after];
    }
    for (size_t i = 1; i < m_firstSuccessor.size(); ++i)
    {
        m_firstSuccessor[i] += m_firstSuccessor[i - 1];
    }
}

void
Plan::MatchCollectives()
{
    const auto& tasks = m_graph.tasks();
    m_meetingOf.assign(tasks.size(), kNone);
    m_memberOf.assign(tasks.size(), 0);
    std::vector<std::vector<TaskId>> calls;
    for (CommId c = 0; c < m_graph.communicators().size(); ++c)
    {
        const auto& ranks = m_graph.communicators()[c].ranks;
        calls.assign(ranks.size(), {});
        for (uint32_t m = 0; m < ranks.size(); ++m)
        {
            for (TaskId id : m_graph.program(ranks[m]))
            {
                if (tasks[id].kind == TaskKind::Collective && tasks[id].comm == c)
                {
                    m_memberOf[id] = m;
                    calls[m].push_back(id);
                }
            }
            if (calls[m].size() != calls[0].size())
            {
                throw InputError("communicator '" + m_graph.communicators()[c].name +
                                 "': its members do not call the same number of collectives");
            }
        }
        for (uint32_t n = 0; !calls.empty() && n < calls[0].size(); ++n)
        {
            const auto members = static_cast<uint32_t>(ranks.size());
            Meeting meeting{c, n, static_cast<uint32_t>(m_meetingTasks.size()), members, {}};
            for (const auto& of : calls)
            {
                const Task& task = tasks[of[n]];
                m_meetingOf[of[n]] = static_cast<uint32_t>(m_meetings.size());
                m_meetingTasks.push_back(of[n]);
                if (task.sizes != kNoSizes)
                {
                    meeting.rows.push_back(&m_graph.sizeRows()[task.sizes]);
                }
            }
            if (!meeting.rows.empty() && meeting.rows.size() != members)
            {
                throw InputError("communicator '" + m_graph.communicators()[c].name +
                                 "': some members give sizes per peer, some do not");
            }
            m_meetings.push_back(std::move(meeting));
        }
    }
}

void
Plan::MatchTransfers()
{
    const auto& tasks = m_graph.tasks();
    using Key = std::tuple<Rank, Rank, uint32_t>; // from, to, tag
    std::map<Key, std::vector<TaskId>> sends;
    std::map<Key, std::vector<TaskId>> receives;
    for (Rank r = 0; r < m_graph.ranks(); ++r)
    {
        for (TaskId id : m_graph.program(r))
        {
            const Task& t = tasks[id];
            if (t.kind == TaskKind::Send)
            {
                sends[{r, t.peer, t.tag}].push_back(id);
            }
            else if (t.kind == TaskKind::Recv)
            {
                receives[{t.peer, r, t.tag}].push_back(id);
            }
        }
    }
    for (const auto& [key, list] : sends)
    {
        const auto match = receives.find(key);
        if (match == receives.end() || match->second.size() != list.size())
        {
            throw InputError("rank " + std::to_string(std::get<0>(key)) + " sends to rank " +
                             std::to_string(std::get<1>(key)) + " with tag " +
                             std::to_string(std::get<2>(key)) + ", unmatched by receives");
        }
        for (uint32_t n = 0; n < list.size(); ++n)
        {
            const TaskId pair[2] = {list[n], match->second[n]};
            const auto first = static_cast<uint32_t>(m_meetingTasks.size());
            for (uint32_t i = 0; i < 2; ++i)
            {
                m_meetingOf[pair[i]] = static_cast<uint32_t>(m_meetings.size());
                m_memberOf[pair[i]] = i;
                m_meetingTasks.push_back(pair[i]);
            }
            m_meetings.push_back({kNone, n, first, 2, {}});
        }
        receives.erase(match);
    }
    if (!receives.empty())
    {
        const auto& key = receives.begin()->first;
        throw InputError("rank " + std::to_string(std::get<1>(key)) + " receives from rank " +
                         std::to_string(std::get<0>(key)) + " with tag " +
                         std::to_string(std::get<2>(key)) + ", which never sends");
    }
}

TaskId
Plan::ReceiverTask(TaskId task, const Connection& connection) const
{
    const Meeting& meeting = m_meetings[m_meetingOf[task]];
    return m_meetingTasks[meeting.firstTask + connection.toMember];
}

void
Plan::Expand(TaskId id, Expansion& out) const
{
    out.Clear();
    const Task& task = m_graph.tasks()[id];
    if (task.kind != TaskKind::Collective)
    {
        const bool sender = task.kind == TaskKind::Send;
        m_expander.ExpandSendRecv(sender ? task.rank : task.peer,
                                  sender ? task.peer : task.rank,
                                  task.bytes,
                                  sender,
                                  out);
        return;
    }
    const Meeting& meeting = m_meetings[m_meetingOf[id]];
    m_expander.Expand(CallOf(task, meeting), m_memberOf[id], out);
}

} // namespace heddle::training

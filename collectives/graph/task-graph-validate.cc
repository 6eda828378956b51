// SPDX-License-Identifier: BSD-3-Clause
//
// TaskGraph::Validate. Three passes: each task by itself; partners of collectives and of send/recv;
// a topological sort in which the members of one call (and the two ends of one transfer) are one
// node, because none of them can finish before all have started.
#include "ns3/base-errors.h"
#include "ns3/collectives-task-graph.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace heddle
{

namespace
{

const char*
KindName(CollectiveKind kind)
{
    static const char* const names[] = {
        "all-reduce",
        "all-gather",
        "reduce-scatter",
        "all-to-all",
        "broadcast",
    };
    return names[static_cast<int>(kind)];
}

/// One validation run over a graph.
class Validator
{
  public:
    explicit Validator(const TaskGraph& graph) : m_graph(graph), m_node(graph.tasks().size())
    {
        for (TaskId id = 0; id < m_node.size(); ++id)
        {
            m_node[id] = id;
        }
    }

    void Run()
    {
        for (TaskId id = 0; id < m_node.size(); ++id)
        {
            CheckTask(id);
        }
        MatchCollectives();
        MatchTransfers();
        CheckCycles();
    }

  private:
    const Task& At(TaskId id) const
    {
        return m_graph.tasks()[id];
    }

    std::string Name(TaskId id) const
    {
        const Task& t = At(id);
        static const char* const kinds[] = {"compute", "collective", "send", "recv"};
        std::string text = std::string(kinds[static_cast<int>(t.kind)]) + " '" +
                           m_graph.labels()[t.label] + "' of rank " + std::to_string(t.rank);
        if (t.kind == TaskKind::Collective)
        {
            text += " (call " + std::to_string(t.sequence) + " on '" +
                    m_graph.communicators()[t.comm].name + "')";
        }
        else if (t.kind != TaskKind::Compute)
        {
            text += (t.kind == TaskKind::Send ? " to " : " from ") + std::to_string(t.peer) +
                    " (tag " + std::to_string(t.tag) + ")";
        }
        return text;
    }

    void CheckTask(TaskId id) const
    {
        const Task& t = At(id);
        for (const TaskId* dep = m_graph.depsBegin(t); dep != m_graph.depsEnd(t); ++dep)
        {
            if (*dep >= m_node.size())
            {
                throw InputError(Name(id) + " depends on task " + std::to_string(*dep) +
                                 ", which does not exist");
            }
            if (At(*dep).rank != t.rank)
            {
                throw InputError(Name(id) + " depends on " + Name(*dep) +
                                 ": dependencies join tasks of one rank; ranks meet in collectives "
                                 "and send/recv");
            }
        }
        if (t.kind == TaskKind::Compute)
        {
            for (double value : {t.flops, t.memoryBytes, t.fixedSeconds})
            {
                if (!(value >= 0) || std::isinf(value))
                {
                    throw InputError(Name(id) + ": flops, memory bytes and fixed seconds must be "
                                                "finite and not negative");
                }
            }
        }
        else if (t.bytes == 0 && t.sizes == kNoSizes)
        {
            throw InputError(Name(id) + " moves zero bytes; leave it out");
        }
        if ((t.kind == TaskKind::Send || t.kind == TaskKind::Recv) && t.peer == t.rank)
        {
            throw InputError(Name(id) + ": a rank cannot exchange messages with itself");
        }
        if (t.kind == TaskKind::Collective)
        {
            CheckCollective(id);
        }
    }

    void CheckCollective(TaskId id) const
    {
        const Task& t = At(id);
        size_t members = m_graph.communicators()[t.comm].ranks.size();
        if (t.sizes != kNoSizes)
        {
            if (t.collective != CollectiveKind::AllToAll)
            {
                throw InputError(Name(id) + ": bytes per peer are for all-to-all, not " +
                                 KindName(t.collective));
            }
            size_t given = m_graph.sizeRows()[t.sizes].size();
            if (given != members)
            {
                throw InputError(Name(id) + " gives bytes for " + std::to_string(given) +
                                 " peers; the communicator has " + std::to_string(members));
            }
        }
        if (t.collective == CollectiveKind::Broadcast)
        {
            m_graph.MemberIndex(t.comm, t.peer); // throws when the root is no member
        }
    }

    void MatchCollectives()
    {
        const auto& comms = m_graph.communicators();
        std::vector<std::vector<std::vector<TaskId>>> calls(comms.size()); // [comm][member][call]
        for (size_t c = 0; c < comms.size(); ++c)
        {
            calls[c].resize(comms[c].ranks.size());
        }
        for (Rank rank = 0; rank < m_graph.ranks(); ++rank)
        {
            for (TaskId id : m_graph.program(rank))
            {
                if (At(id).kind == TaskKind::Collective)
                {
                    calls[At(id).comm][m_graph.MemberIndex(At(id).comm, rank)].push_back(id);
                }
            }
        }
        for (const auto& members : calls)
        {
            MatchMembers(members);
        }
    }

    void MatchMembers(const std::vector<std::vector<TaskId>>& members)
    {
        const auto& longest =
            *std::max_element(members.begin(),
                              members.end(),
                              [](const auto& a, const auto& b) { return a.size() < b.size(); });
        for (size_t call = 0; call < longest.size(); ++call)
        {
            uint64_t total = 0;
            for (size_t m = 0; m < members.size(); ++m)
            {
                if (call >= members[m].size())
                {
                    TaskId lonely = longest[call];
                    Rank missing = m_graph.communicators()[At(lonely).comm].ranks[m];
                    throw InputError(Name(lonely) + " is never joined by rank " +
                                     std::to_string(missing) + ", which makes only " +
                                     std::to_string(members[m].size()) +
                                     " calls on that communicator");
                }
                CheckSameCall(members[0][call], members[m][call]);
                m_node[members[m][call]] = m_node[members[0][call]];
                total += At(members[m][call]).bytes;
            }
            if (total == 0)
            {
                throw InputError(Name(members[0][call]) + " moves zero bytes; leave it out");
            }
        }
    }

    void CheckSameCall(TaskId a, TaskId b) const
    {
        const Task& x = At(a);
        const Task& y = At(b);
        std::string both = Name(a) + " meets " + Name(b);
        if (x.collective != y.collective)
        {
            throw InputError(both + ": one is " + KindName(x.collective) + ", the other " +
                             KindName(y.collective));
        }
        if ((x.sizes == kNoSizes) != (y.sizes == kNoSizes))
        {
            throw InputError(both + ": either all members or none give bytes per peer");
        }
        if (x.sizes == kNoSizes && x.bytes != y.bytes)
        {
            throw InputError(both + ": " + std::to_string(x.bytes) + " bytes against " +
                             std::to_string(y.bytes));
        }
        if (x.collective == CollectiveKind::Broadcast && x.peer != y.peer)
        {
            throw InputError(both + ": root " + std::to_string(x.peer) + " against root " +
                             std::to_string(y.peer));
        }
    }

    void MatchTransfers()
    {
        using Key = std::tuple<Rank, Rank, uint32_t>; // from, to, tag
        std::map<Key, std::pair<std::vector<TaskId>, std::vector<TaskId>>> pairs;
        for (Rank rank = 0; rank < m_graph.ranks(); ++rank)
        {
            for (TaskId id : m_graph.program(rank))
            {
                const Task& t = At(id);
                if (t.kind == TaskKind::Send)
                {
                    pairs[{t.rank, t.peer, t.tag}].first.push_back(id);
                }
                else if (t.kind == TaskKind::Recv)
                {
                    pairs[{t.peer, t.rank, t.tag}].second.push_back(id);
                }
            }
        }
        for (const auto& [key, lists] : pairs)
        {
            const auto& [sends, recvs] = lists;
            if (sends.size() != recvs.size())
            {
                bool moreSends = sends.size() > recvs.size();
                TaskId lonely = moreSends ? sends[recvs.size()] : recvs[sends.size()];
                throw InputError(Name(lonely) + " has no matching " +
                                 (moreSends ? "recv" : "send") + ": " +
                                 std::to_string(sends.size()) + " sends, " +
                                 std::to_string(recvs.size()) + " receives");
            }
            for (size_t i = 0; i < sends.size(); ++i)
            {
                if (At(sends[i]).bytes != At(recvs[i]).bytes)
                {
                    throw InputError(Name(sends[i]) + " meets " + Name(recvs[i]) + ": " +
                                     std::to_string(At(sends[i]).bytes) + " bytes against " +
                                     std::to_string(At(recvs[i]).bytes));
                }
                m_node[recvs[i]] = sends[i];
            }
        }
    }

    /// The task before this one in its stream (see the header's "Streams"), per rank.
    void AddStreamEdges(Rank rank)
    {
        std::map<std::pair<int, uint32_t>, TaskId> last;
        for (TaskId id : m_graph.program(rank))
        {
            const Task& t = At(id);
            uint32_t which = t.kind == TaskKind::Compute      ? 0
                             : t.kind == TaskKind::Collective ? t.comm
                                                              : t.peer;
            auto [it, first] = last.try_emplace({static_cast<int>(t.kind), which}, id);
            if (!first)
            {
                m_edges.emplace_back(it->second, id);
                it->second = id;
            }
        }
    }

    void CheckCycles()
    {
        for (Rank rank = 0; rank < m_graph.ranks(); ++rank)
        {
            AddStreamEdges(rank);
        }
        for (TaskId id = 0; id < m_node.size(); ++id)
        {
            for (const TaskId* d = m_graph.depsBegin(At(id)); d != m_graph.depsEnd(At(id)); ++d)
            {
                m_edges.emplace_back(*d, id);
            }
        }
        std::vector<uint32_t> waiting(m_node.size(), 0);
        std::vector<uint32_t> first(m_node.size() + 1, 0);
        for (auto [from, to] : m_edges)
        {
            ++waiting[m_node[to]];
            ++first[m_node[from] + 1];
        }
        for (size_t i = 1; i < first.size(); ++i)
        {
            first[i] += first[i - 1];
        }
        std::vector<TaskId> next(m_edges.size());
        std::vector<uint32_t> fill(first.begin(), first.end() - 1);
        for (auto [from, to] : m_edges)
        {
            next[fill[m_node[from]]++] = m_node[to];
        }
        std::vector<TaskId> ready;
        for (TaskId node = 0; node < m_node.size(); ++node)
        {
            if (m_node[node] == node && waiting[node] == 0)
            {
                ready.push_back(node);
            }
        }
        while (!ready.empty())
        {
            TaskId node = ready.back();
            ready.pop_back();
            for (uint32_t i = first[node]; i < first[node + 1]; ++i)
            {
                if (--waiting[next[i]] == 0)
                {
                    ready.push_back(next[i]);
                }
            }
        }
        for (TaskId node = 0; node < m_node.size(); ++node)
        {
            if (m_node[node] == node && waiting[node] != 0)
            {
                throw InputError(DescribeCycle(node, waiting));
            }
        }
    }

    /// Walks backwards from a stuck node along stuck predecessors until a node repeats.
    std::string DescribeCycle(TaskId start, const std::vector<uint32_t>& waiting) const
    {
        std::map<TaskId, std::pair<TaskId, TaskId>> blocker; // node → edge that holds it up
        for (auto [from, to] : m_edges)
        {
            if (waiting[m_node[from]] != 0)
            {
                blocker.try_emplace(m_node[to], from, to);
            }
        }
        std::map<TaskId, size_t> seen;
        std::vector<std::pair<TaskId, TaskId>> path;
        TaskId node = start;
        while (seen.try_emplace(node, path.size()).second)
        {
            path.push_back(blocker.at(node));
            node = m_node[path.back().first];
        }
        std::string text = "the task graph has a cycle, nothing in it can start:";
        size_t shown = 0;
        for (size_t i = seen[node]; i < path.size() && shown < 8; ++i, ++shown)
        {
            text += "\n  " + Name(path[i].second) + " waits for " + Name(path[i].first);
        }
        size_t rest = path.size() - seen[node] - shown;
        return rest == 0 ? text : text + "\n  … and " + std::to_string(rest) + " more";
    }

    const TaskGraph& m_graph;
    std::vector<TaskId> m_node; ///< task → representative of its call or transfer
    std::vector<std::pair<TaskId, TaskId>> m_edges;
};

} // namespace

void
TaskGraph::Validate() const
{
    Validator(*this).Run();
}

} // namespace heddle

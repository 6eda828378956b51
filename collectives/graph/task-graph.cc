// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-errors.h"
#include "ns3/base-hash.h"
#include "ns3/collectives-task-graph.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

namespace heddle
{

namespace
{

uint64_t
BitsOf(double value)
{
    uint64_t bits;
    static_assert(sizeof(bits) == sizeof(value));
    std::memcpy(&bits, &value, sizeof(bits));
    return bits;
}

Task
BlankTask(TaskKind kind, Rank rank)
{
    Task task{};
    task.kind = kind;
    task.rank = rank;
    task.sizes = kNoSizes;
    return task;
}

} // namespace

TaskGraph::TaskGraph(Rank ranks) : m_ranks(ranks), m_programs(ranks)
{
    if (ranks == 0)
    {
        throw InputError("a task graph needs at least one rank");
    }
}

void
TaskGraph::CheckRank(Rank rank, const std::string& what) const
{
    if (rank >= m_ranks)
    {
        throw InputError(what + ": rank " + std::to_string(rank) +
                         " does not exist; ranks are 0 to " + std::to_string(m_ranks - 1));
    }
}

CommId
TaskGraph::AddCommunicator(const std::string& name, std::vector<Rank> ranks)
{
    if (ranks.empty())
    {
        throw InputError("communicator '" + name + "' has no ranks");
    }
    std::vector<std::pair<Rank, uint32_t>> members;
    for (uint32_t i = 0; i < ranks.size(); ++i)
    {
        CheckRank(ranks[i], "communicator '" + name + "'");
        members.emplace_back(ranks[i], i);
    }
    std::sort(members.begin(), members.end());
    for (size_t i = 1; i < members.size(); ++i)
    {
        if (members[i].first == members[i - 1].first)
        {
            throw InputError("communicator '" + name + "' lists rank " +
                             std::to_string(members[i].first) + " twice");
        }
    }
    m_callCounts.emplace_back(ranks.size(), 0);
    m_members.push_back(std::move(members));
    m_comms.push_back({name, std::move(ranks)});
    return static_cast<CommId>(m_comms.size() - 1);
}

uint32_t
TaskGraph::MemberIndex(CommId comm, Rank rank) const
{
    if (comm >= m_comms.size())
    {
        throw InputError("communicator number " + std::to_string(comm) + " does not exist");
    }
    const auto& members = m_members[comm];
    auto it = std::lower_bound(members.begin(), members.end(), std::make_pair(rank, 0U));
    if (it == members.end() || it->first != rank)
    {
        throw InputError("rank " + std::to_string(rank) + " is no member of communicator '" +
                         m_comms[comm].name + "'");
    }
    return it->second;
}

uint32_t
TaskGraph::LabelIndex(const std::string& label)
{
    auto [it, isNew] = m_labelIndex.try_emplace(label, static_cast<uint32_t>(m_labels.size()));
    if (isNew)
    {
        m_labels.push_back(label);
    }
    return it->second;
}

TaskId
TaskGraph::Add(Task task, const std::string& label, const std::vector<TaskId>& deps)
{
    if (m_tasks.size() >= std::numeric_limits<TaskId>::max() ||
        m_dependencies.size() + deps.size() > std::numeric_limits<uint32_t>::max())
    {
        throw InputError("the task graph exceeds 2^32 tasks or dependencies; simulate a slice");
    }
    task.label = LabelIndex(label);
    task.firstDep = static_cast<uint32_t>(m_dependencies.size());
    task.depCount = static_cast<uint32_t>(deps.size());
    m_dependencies.insert(m_dependencies.end(), deps.begin(), deps.end());
    auto id = static_cast<TaskId>(m_tasks.size());
    m_tasks.push_back(task);
    m_programs[task.rank].push_back(id);
    return id;
}

TaskId
TaskGraph::AddCompute(Rank rank, const ComputeSpec& spec, const std::vector<TaskId>& deps)
{
    CheckRank(rank, "compute task '" + spec.label + "'");
    Task task = BlankTask(TaskKind::Compute, rank);
    task.computeClass = spec.computeClass;
    task.flops = spec.flops;
    task.memoryBytes = spec.memoryBytes;
    task.fixedSeconds = spec.fixedSeconds;
    return Add(task, spec.label, deps);
}

TaskId
TaskGraph::AddCollective(Rank rank,
                         CommId comm,
                         const CollectiveSpec& spec,
                         const std::vector<TaskId>& deps)
{
    CheckRank(rank, "collective '" + spec.label + "'");
    uint32_t member = MemberIndex(comm, rank);
    Task task = BlankTask(TaskKind::Collective, rank);
    task.collective = spec.kind;
    task.comm = comm;
    task.peer = spec.kind == CollectiveKind::Broadcast ? spec.root : 0;
    task.bytes = spec.bytes;
    task.sequence = m_callCounts[comm][member]++;
    if (!spec.bytesPerPeer.empty())
    {
        uint64_t sum = std::accumulate(spec.bytesPerPeer.begin(), spec.bytesPerPeer.end(), 0ULL);
        if (spec.bytes != 0 && spec.bytes != sum)
        {
            throw InputError("collective '" + spec.label + "' of rank " + std::to_string(rank) +
                             ": bytes_per_peer adds up to " + std::to_string(sum) +
                             " but bytes says " + std::to_string(spec.bytes));
        }
        task.bytes = sum;
        task.sizes = static_cast<uint32_t>(m_sizeRows.size());
        m_sizeRows.push_back(spec.bytesPerPeer);
    }
    return Add(task, spec.label, deps);
}

TaskId
TaskGraph::AddSend(Rank rank,
                   Rank to,
                   uint64_t bytes,
                   uint32_t tag,
                   const std::string& label,
                   const std::vector<TaskId>& deps,
                   bool pipeline)
{
    CheckRank(rank, "send '" + label + "'");
    CheckRank(to, "send '" + label + "'");
    Task task = BlankTask(TaskKind::Send, rank);
    task.pipeline = pipeline;
    task.peer = to;
    task.tag = tag;
    task.bytes = bytes;
    return Add(task, label, deps);
}

TaskId
TaskGraph::AddRecv(Rank rank,
                   Rank from,
                   uint64_t bytes,
                   uint32_t tag,
                   const std::string& label,
                   const std::vector<TaskId>& deps,
                   bool pipeline)
{
    CheckRank(rank, "recv '" + label + "'");
    CheckRank(from, "recv '" + label + "'");
    Task task = BlankTask(TaskKind::Recv, rank);
    task.pipeline = pipeline;
    task.peer = from;
    task.tag = tag;
    task.bytes = bytes;
    return Add(task, label, deps);
}

uint64_t
TaskGraph::Digest() const
{
    std::vector<uint32_t> position(m_tasks.size());
    for (const auto& program : m_programs)
    {
        for (uint32_t i = 0; i < program.size(); ++i)
        {
            position[program[i]] = i;
        }
    }
    std::vector<uint64_t> comms;
    for (const auto& comm : m_comms)
    {
        uint64_t h = HashString(comm.name);
        for (Rank rank : comm.ranks)
        {
            h = HashCombine(h, rank);
        }
        comms.push_back(h);
    }
    std::vector<uint64_t> labels;
    for (const auto& label : m_labels)
    {
        labels.push_back(HashString(label));
    }
    uint64_t digest = m_ranks;
    for (const auto& program : m_programs)
    {
        digest = HashCombine(digest, program.size());
        for (TaskId id : program)
        {
            const Task& t = m_tasks[id];
            auto kinds = static_cast<uint64_t>(t.kind) | static_cast<uint64_t>(t.collective) << 8 |
                         static_cast<uint64_t>(t.computeClass) << 16 |
                         static_cast<uint64_t>(t.pipeline) << 24;
            uint64_t comm = t.kind == TaskKind::Collective ? comms[t.comm] : 0;
            for (uint64_t value : {kinds,
                                   labels[t.label],
                                   comm,
                                   uint64_t{t.peer},
                                   uint64_t{t.tag},
                                   uint64_t{t.sequence},
                                   t.bytes,
                                   BitsOf(t.flops),
                                   BitsOf(t.memoryBytes),
                                   BitsOf(t.fixedSeconds),
                                   uint64_t{t.depCount}})
            {
                digest = HashCombine(digest, value);
            }
            for (const TaskId* dep = depsBegin(t); dep != depsEnd(t); ++dep)
            {
                digest = HashCombine(digest, *dep < position.size() ? position[*dep] : ~0ULL);
            }
            if (t.sizes != kNoSizes)
            {
                for (uint64_t bytes : m_sizeRows[t.sizes])
                {
                    digest = HashCombine(digest, bytes);
                }
            }
        }
    }
    return digest;
}

} // namespace heddle

// SPDX-License-Identifier: BSD-3-Clause
//
// File: collectives-task-graph.h
// ------------------------------
// What a training step does, before any algorithm is chosen: per rank, in program order, compute
// kernels, collectives and point-to-point transfers with their dependencies.
//
//   TaskGraph g(8);                                     // 8 ranks
//   CommId world = g.AddCommunicator("world", {0, …, 7});
//   for (Rank r = 0; r < 8; ++r)
//   {
//       TaskId k = g.AddCompute(r, {.label = "mlp", .flops = 1e12, .bytes = 2e9});
//       g.AddCollective(r, world, {.kind = CollectiveKind::AllReduce, .bytes = 1 << 20}, {k});
//   }
//   g.Validate();                                       // matching, cycles, ranges
//
// Streams. Compute tasks of a rank run one after the other in the order they were added; so do the
// operations of one (rank, communicator) pair, and the sends, and the receives, of one (rank, peer)
// pair. Everything else overlaps unless a dependency says otherwise. Dependencies join tasks of the
// same rank only; ranks meet in collectives (the n-th call of each member on a communicator is the
// same collective) and in send/recv (the n-th send from a to b with a tag meets the n-th recv).

#ifndef HEDDLE_COLLECTIVES_TASK_GRAPH_H
#define HEDDLE_COLLECTIVES_TASK_GRAPH_H

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace heddle
{

using Rank = uint32_t;
using TaskId = uint32_t; ///< dense over the whole graph
using CommId = uint32_t;

enum class TaskKind : uint8_t
{
    Compute,
    Collective,
    Send,
    Recv,
};

enum class CollectiveKind : uint8_t
{
    AllReduce,
    AllGather,
    ReduceScatter,
    AllToAll,
    Broadcast,
};

/// What a compute task's time is booked to beyond the nominal kernel.
enum class ComputeClass : uint8_t
{
    Kernel,
    Optimizer,
    HostOverhead, ///< launch gaps and other host work
};

struct Task
{
    TaskKind kind;
    CollectiveKind collective; ///< Collective only
    ComputeClass computeClass; ///< Compute only
    bool pipeline; ///< Send/Recv of pipeline parallelism: waiting on it is a pipeline bubble
    Rank rank;
    uint32_t label;    ///< index into TaskGraph::labels: what a profile shows ("moe-dispatch")
    CommId comm;       ///< Collective only
    Rank peer;         ///< Send/Recv: the other rank; Broadcast: the root (global rank)
    uint32_t tag;      ///< Send/Recv only
    uint32_t firstDep; ///< into TaskGraph::dependencies
    uint32_t depCount;
    uint32_t
        sequence;   ///< Collective: the how-manieth on its communicator for this rank (set by Add)
    uint64_t bytes; ///< see CollectiveSpec; Send/Recv: message bytes
    double flops;   ///< Compute: floating-point operations
    double memoryBytes;  ///< Compute: HBM traffic
    double fixedSeconds; ///< Compute: if > 0 the nominal time, instead of the roofline
    uint32_t sizes; ///< AllToAll with uneven sizes: index into TaskGraph::sizeRows, else kNoSizes
};

inline constexpr uint32_t kNoSizes = ~0U;

struct Communicator
{
    std::string name;
    std::vector<Rank> ranks; ///< global ranks in communicator order
};

struct ComputeSpec
{
    std::string label;
    double flops = 0;
    double memoryBytes = 0;
    double fixedSeconds = 0;
    ComputeClass computeClass = ComputeClass::Kernel;
};

/// Sizes as NCCL counts them: AllReduce and Broadcast the vector per rank; AllGather and
/// ReduceScatter the full array (N × shard); AllToAll the total a rank sends, itself included.
struct CollectiveSpec
{
    std::string label;
    CollectiveKind kind = CollectiveKind::AllReduce;
    uint64_t bytes = 0;
    Rank root = 0;                        ///< Broadcast only; a global rank
    std::vector<uint64_t> bytesPerPeer{}; ///< AllToAll: bytes to each member, when uneven
};

class TaskGraph
{
  public:
    explicit TaskGraph(Rank ranks);

    CommId AddCommunicator(const std::string& name, std::vector<Rank> ranks);
    TaskId AddCompute(Rank rank, const ComputeSpec& spec, const std::vector<TaskId>& deps = {});
    TaskId AddCollective(Rank rank,
                         CommId comm,
                         const CollectiveSpec& spec,
                         const std::vector<TaskId>& deps = {});
    TaskId AddSend(Rank rank,
                   Rank to,
                   uint64_t bytes,
                   uint32_t tag,
                   const std::string& label,
                   const std::vector<TaskId>& deps = {},
                   bool pipeline = false);
    TaskId AddRecv(Rank rank,
                   Rank from,
                   uint64_t bytes,
                   uint32_t tag,
                   const std::string& label,
                   const std::vector<TaskId>& deps = {},
                   bool pipeline = false);

    /// Replaces the nominal time of a compute task; > 0. For what-if worlds.
    void SetComputeTime(TaskId id, double seconds)
    {
        m_tasks[id].fixedSeconds = seconds;
    }

    /// Throws InputError: a cycle (through collectives and send/recv matching too), unmatched
    /// collectives or sends, differing sizes, unknown ranks, zero-byte communication. Send and recv
    /// are taken as a rendezvous, as in NCCL: a send may have to wait for its receive to be posted,
    /// so a graph that works only because some sends are buffered counts as a cycle.
    /// Unknown ranks, communicators and members are already refused by the Add functions.
    void Validate() const;

    Rank ranks() const
    {
        return m_ranks;
    }

    const std::vector<Task>& tasks() const
    {
        return m_tasks;
    }

    const std::vector<Communicator>& communicators() const
    {
        return m_comms;
    }

    const std::vector<std::string>& labels() const
    {
        return m_labels;
    }

    /// The tasks of a rank in program order.
    const std::vector<TaskId>& program(Rank rank) const
    {
        return m_programs[rank];
    }

    const TaskId* depsBegin(const Task& t) const
    {
        return m_dependencies.data() + t.firstDep;
    }

    const TaskId* depsEnd(const Task& t) const
    {
        return depsBegin(t) + t.depCount;
    }

    const std::vector<std::vector<uint64_t>>& sizeRows() const
    {
        return m_sizeRows;
    }

    /// Index of `rank` in the communicator; throws InputError when it is no member.
    uint32_t MemberIndex(CommId comm, Rank rank) const;

    /// Content digest (for manifests and "frozen graph" checks). Depends on each rank's program,
    /// not on how the programs were interleaved while adding.
    uint64_t Digest() const;

  private:
    TaskId Add(Task task, const std::string& label, const std::vector<TaskId>& deps);
    uint32_t LabelIndex(const std::string& label);
    void CheckRank(Rank rank, const std::string& what) const;

    Rank m_ranks;
    std::vector<Task> m_tasks;
    std::vector<Communicator> m_comms;
    std::vector<std::string> m_labels;
    std::vector<TaskId> m_dependencies;
    std::vector<std::vector<TaskId>> m_programs;
    std::vector<std::vector<uint64_t>> m_sizeRows;
    std::vector<std::vector<uint32_t>> m_callCounts; ///< [comm][member] collectives so far
    std::vector<std::vector<std::pair<Rank, uint32_t>>> m_members; ///< [comm] (rank, index), sorted
    std::map<std::string, uint32_t> m_labelIndex;
};

} // namespace heddle

#endif

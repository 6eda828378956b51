// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-plan.h
// ---------------------
// What is known before a job runs and does not change: partitions of ranks, successors of tasks
// (streams included), who meets whom in collectives and send/recv, and the connections.
//
// A connection is (group, from, to, channel, traffic class). As in NCCL, each communicator has
// connections and queue pairs of its own, and all-to-all (which may go through relays) others than
// rings; all send/recv tasks form one more group. Connections must exist before the run, so every
// distinct call is expanded once here.

#ifndef HEDDLE_TRAINING_PLAN_H
#define HEDDLE_TRAINING_PLAN_H

#include "ns3/collectives-schedule.h"
#include "ns3/training-job.h"
#include "ns3/training-scale-out.h"

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

namespace heddle::training
{

struct Connection
{
    uint32_t group; ///< Plan::GroupOf
    Rank from;
    Rank to;
    uint16_t channel;
    uint8_t trafficClass;
    bool scaleUp;
    Rank relay;          ///< whose NIC sends (PXN); `from` when direct
    uint32_t fromMember; ///< of the communicator
    uint32_t toMember;
    QpId firstQp;      ///< index into Plan::queuePairs; queuePairsPerConnection of them
    Tick grantLatency; ///< one way back, ps
};

/// One collective call over all its members, or one send with its receive.
struct Meeting
{
    CommId comm; ///< kNone for point-to-point
    uint32_t sequence;
    uint32_t firstTask; ///< into Plan::meetingTasks, by member (sender, receiver)
    uint32_t members;
    std::vector<const std::vector<uint64_t>*> rows; ///< uneven all-to-all
};

class Plan
{
  public:
    /// `scaleOut` null with infinite scale-out. Without `connected` nothing is expanded and there
    /// are no connections. Throws InputError.
    Plan(const TaskGraph& graph,
         const Expander& expander,
         ScaleOut* scaleOut,
         const JobConfig& config,
         uint32_t partitions,
         bool connected = true);

    uint32_t PartitionOf(Rank rank) const
    {
        return m_partitionOf[rank];
    }

    uint32_t prerequisites(TaskId task) const
    {
        return m_prerequisites[task];
    }

    const TaskId* successorsBegin(TaskId task) const
    {
        return m_successors.data() + m_firstSuccessor[task];
    }

    const TaskId* successorsEnd(TaskId task) const
    {
        return m_successors.data() + m_firstSuccessor[task + 1];
    }

    /// Position of a task in its rank's program.
    uint32_t programIndex(TaskId task) const
    {
        return m_programIndex[task];
    }

    /// The receiver's task of what `task` sends over `connection`.
    TaskId ReceiverTask(TaskId task, const Connection& connection) const;

    void Expand(TaskId task, Expansion& out) const;

    /// Index of the connection over which `task` performs `op`. Precondition: it exists.
    uint32_t FindConnection(TaskId task, const ChunkOp& op) const;

    uint8_t ClassOf(TaskId task) const
    {
        return m_classOf.empty() ? kConfiguredClass : m_classOf[task];
    }

    const std::vector<Connection>& connections() const
    {
        return m_connections;
    }

    QpId QueuePair(const Connection& connection, uint32_t chunk) const
    {
        return m_queuePairs[connection.firstQp + chunk % m_qpsPerConnection];
    }

    uint32_t queuePairs() const ///< one more than the largest QpId in use
    {
        return m_qpEnd;
    }

    const std::vector<Meeting>& meetings() const
    {
        return m_meetings;
    }

    uint32_t meetingOf(TaskId task) const ///< kNone for compute
    {
        return m_meetingOf[task];
    }

    const TaskId* meetingTasks(const Meeting& meeting) const
    {
        return m_meetingTasks.data() + meeting.firstTask;
    }

    /// Of connections, see above.
    uint32_t GroupOf(const Task& task) const;

    /// The call that `task` is part of; its rows are those of `meeting`.
    CollectiveCall CallOf(const Task& task, const Meeting& meeting) const
    {
        return {task.collective,
                &m_graph.communicators()[task.comm],
                task.bytes,
                task.peer,
                task.sequence,
                meeting.rows.empty() ? nullptr : &meeting.rows};
    }

  private:
    void PlacePartitions(const JobConfig& config, uint32_t partitions);
    void LinkTasks();
    void MatchCollectives();
    void MatchTransfers();
    void FindConnections();
    void CollectConnections(TaskId task, std::vector<Connection>& out) const;
    void ConnectQueuePairs(ScaleOut* scaleOut, const JobConfig& config);

    const TaskGraph& m_graph;
    const Expander& m_expander;
    std::vector<uint8_t> m_classOf; ///< by task, see JobConfig
    std::vector<uint32_t> m_partitionOf;
    std::vector<uint32_t> m_prerequisites;
    std::vector<uint32_t> m_firstSuccessor;
    std::vector<TaskId> m_successors;
    std::vector<uint32_t> m_programIndex;
    std::vector<Meeting> m_meetings;
    std::vector<TaskId> m_meetingTasks;
    std::vector<uint32_t> m_meetingOf; ///< by task
    std::vector<uint32_t> m_memberOf;  ///< by task: member of the communicator
    std::vector<std::vector<std::pair<Rank, uint32_t>>> m_members; ///< by communicator, sorted
    std::vector<Connection> m_connections;   ///< sorted by (from, group, to, channel, class)
    std::vector<uint32_t> m_firstConnection; ///< by rank
    std::vector<QpId> m_queuePairs;
    uint32_t m_qpsPerConnection;
    uint32_t m_qpEnd = 0;
};

} // namespace heddle::training

#endif

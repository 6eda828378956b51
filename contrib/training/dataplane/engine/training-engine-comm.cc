// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/base-errors.h"
#include "ns3/training-engine.h"
#include "ns3/training-fused.h"

#include <algorithm>
#include <array>

namespace heddle::training
{

namespace
{

/// The connections of one task that were looked up last: chunks for the same peer recur.
class KnownConnections
{
  public:
    /// kNone: not known yet.
    uint32_t& Of(const ChunkOp& op)
    {
        Entry& entry = m_entries[(2 * op.peer + 7 * op.channel + static_cast<uint32_t>(op.kind)) %
                                 m_entries.size()];
        if (entry.peer != op.peer || entry.channel != op.channel || entry.kind != op.kind)
        {
            entry = {op.peer, kNone, op.channel, op.kind};
        }
        return entry.connection;
    }

  private:
    struct Entry
    {
        Rank peer = kNone;
        uint32_t connection = kNone;
        uint16_t channel = 0;
        ChunkOp::Kind kind = ChunkOp::Kind::Send;
    };

    std::array<Entry, 128> m_entries{};
};

} // namespace

void
Engine::StartCommunication(Partition& part, TaskId id, ActivityRef released)
{
    const Rank rank = m_graph.tasks()[id].rank;
    ChangeActive(part, rank, 1);
    CommRun* run = m_fused ? nullptr : RunOf(part, id);
    if (m_base == 0)
    {
        m_fused ? m_fused->Arrive(part, id, released) : Begin(part, *run, released);
        return;
    }
    const ActivityRef software = AddSoftware(part, rank, m_base, released);
    part.Schedule(m_base, m_onBaseLatency, id, software.bits(), NextKey(rank));
}

void
Engine::OnBaseLatency(Partition& part, const Event& event)
{
    const ActivityRef software = ActivityRef::FromBits(event.arg);
    if (m_fused)
    {
        m_fused->Arrive(part, event.entity, software);
    }
    else
    {
        Begin(part, *m_tasks[event.entity].run, software);
    }
    Drain(part);
}

/// The task's run; made when it starts or when something arrives early.
CommRun*
Engine::RunOf(Partition& part, TaskId id)
{
    TaskState& task = m_tasks[id];
    if (task.run != nullptr)
    {
        return task.run;
    }
    HEDDLE_CHECK(task.end < 0, "data for a finished collective");
    Context& context = ContextOf(part);
    if (context.freeRuns.empty())
    {
        context.runs.push_back(std::make_unique<CommRun>());
        context.freeRuns.push_back(context.runs.back().get());
    }
    task.run = context.freeRuns.back();
    context.freeRuns.pop_back();
    task.run->task = id;
    task.run->begun = false;
    task.run->scaleOut = false;
    task.run->early.clear();
    return task.run;
}

/// The member expands its share and everything without dependencies starts.
void
Engine::Begin(Partition& part, CommRun& run, ActivityRef released)
{
    m_plan.Expand(run.task, run.expansion);
    BuildOps(run);
    BuildQueues(run);
    run.begun = true;
    run.left = static_cast<uint32_t>(run.ops.size());
    for (const CommRun::Early& e : run.early)
    {
        Arrive(part, e.connection, run.task, e.chunk, e.activity);
    }
    run.draining = true;
    for (ChunkQueue& queue : run.queues)
    {
        if (!queue.send)
        {
            PostReceives(part, run, queue, released);
        }
    }
    for (uint32_t op = 0; op < run.ops.size(); ++op)
    {
        if (run.ops[op].depsLeft == 0 && run.expansion.ops[op].kind == ChunkOp::Kind::Send)
        {
            MakeReady(part, run, op, released);
        }
    }
    run.draining = false;
    if (run.ops.empty())
    {
        // A communicator of one: nothing to do.
        const TaskId task = run.task;
        Release(part, run);
        ChangeActive(part, m_graph.tasks()[task].rank, -1);
        FinishTask(part, task, released);
        return;
    }
    DrainRun(part, run);
}

/// Dependency counts and, inverted, successors.
void
Engine::BuildOps(CommRun& run)
{
    const Expansion& e = run.expansion;
    run.ops.assign(e.ops.size(), OpState{});
    run.firstSuccessor.assign(e.ops.size() + 2, 0);
    const auto forEachDep = [&e](auto visit)
    {
        for (uint32_t op = 0; op < e.ops.size(); ++op)
        {
            for (uint32_t i = 0; i < e.ops[op].depCount; ++i)
            {
                visit(op, e.deps[e.ops[op].firstDep + i]);
            }
        }
    };
    forEachDep(
        [&](uint32_t op, uint32_t dep)
        {
            ++run.ops[op].depsLeft;
            ++run.firstSuccessor[dep + 2];
        });
    for (size_t i = 2; i < run.firstSuccessor.size(); ++i)
    {
        run.firstSuccessor[i] += run.firstSuccessor[i - 1];
    }
    run.successors.resize(run.firstSuccessor.back());
    forEachDep([&](uint32_t op, uint32_t dep)
               { run.successors[run.firstSuccessor[dep + 1]++] = op; });
}

/// Groups the operations by connection and direction, in order.
void
Engine::BuildQueues(CommRun& run)
{
    const auto& ops = run.expansion.ops;
    KnownConnections known;
    run.queues.clear();
    run.order.resize(ops.size());
    for (uint32_t op = 0; op < ops.size(); ++op)
    {
        const bool send = ops[op].kind == ChunkOp::Kind::Send;
        uint32_t& connection = known.Of(ops[op]);
        connection = connection == kNone ? m_plan.FindConnection(run.task, ops[op]) : connection;
        run.scaleOut = run.scaleOut || !ops[op].scaleUp;
        Connectivity& sender = m_senders[connection];
        Reception& receiver = m_receivers[connection];
        CommRun*& owner = send ? sender.sender : receiver.receiver;
        uint32_t& queue = send ? sender.senderQueue : receiver.receiverQueue;
        if (owner != &run)
        {
            HEDDLE_CHECK(owner == nullptr, "two collectives on one connection at once");
            owner = &run;
            queue = static_cast<uint32_t>(run.queues.size());
            run.queues.push_back({connection, send, 0, 0, 0, 0, 0});
        }
        run.ops[op].queue = queue;
        ++run.queues[queue].count;
    }
    uint32_t first = 0;
    for (ChunkQueue& q : run.queues)
    {
        q.first = first;
        first += q.count;
        q.next = 0;
    }
    std::vector<uint32_t>& fill = run.fill;
    fill.assign(run.queues.size(), 0);
    for (uint32_t op = 0; op < ops.size(); ++op)
    {
        const uint32_t q = run.ops[op].queue;
        run.order[run.queues[q].first + fill[q]++] = op;
    }
    m_tasks[run.task].scaleOut = run.scaleOut;
}

void
Engine::MakeReady(Partition& part, CommRun& run, uint32_t op, ActivityRef ref)
{
    const ChunkOp& chunk = run.expansion.ops[op];
    ChunkQueue& queue = run.queues[run.ops[op].queue];
    if (chunk.kind == ChunkOp::Kind::Recv)
    {
        PostReceives(part, run, queue, ref);
        return;
    }
    const Tick step = chunk.scaleUp ? m_stepUp : m_stepOut;
    if (step > 0)
    {
        const Rank rank = m_graph.tasks()[run.task].rank;
        run.ops[op].arrived = AddSoftware(part, rank, step, ref);
        part.Schedule(step, m_onStepLatency, run.task, op, NextKey(rank));
        return;
    }
    run.ops[op].ready = true;
    SendReady(part, run, queue, ref);
}

void
Engine::OnStepLatency(Partition& part, const Event& event)
{
    CommRun& run = *m_tasks[event.entity].run;
    OpState& op = run.ops[event.arg];
    op.ready = true;
    SendReady(part, run, run.queues[op.queue], op.arrived);
    Drain(part);
}

/// Hands over what is ready, in turn and granted. `ref` is what happened last, hence binding.
void
Engine::SendReady(Partition& part, CommRun& run, ChunkQueue& queue, ActivityRef ref)
{
    Connectivity& connection = m_senders[queue.connection];
    while (queue.next < queue.count && (m_slots == 0 || connection.posted != connection.granted))
    {
        const uint32_t op = run.order[queue.first + queue.next];
        if (!run.ops[op].ready)
        {
            return;
        }
        ++connection.posted;
        SendChunk(part, run, op, queue.next++, ref);
    }
}

/// Posts the Recvs whose dependencies are done, in order; some may have arrived before.
void
Engine::PostReceives(Partition& part, CommRun& run, ChunkQueue& queue, ActivityRef ref)
{
    while (queue.next < queue.count)
    {
        const uint32_t op = run.order[queue.first + queue.next];
        if (run.ops[op].depsLeft > 0)
        {
            break;
        }
        run.ops[op].ready = true;
        ++queue.next;
        if (run.ops[op].here)
        {
            CompleteOp(part, run, op, ref);
        }
    }
    Grant(part, run, queue, ref);
}

void
Engine::Grant(Partition& part, CommRun& run, ChunkQueue& queue, ActivityRef ref)
{
    while (queue.done < queue.count && run.ops[run.order[queue.first + queue.done]].done)
    {
        ++queue.done;
    }
    if (m_slots == 0)
    {
        return;
    }
    const uint32_t allowed = std::min(queue.next, queue.done + m_slots);
    if (allowed <= queue.granted)
    {
        return;
    }
    const auto grants = static_cast<uint16_t>(allowed - queue.granted);
    queue.granted = allowed;
    const Connection& c = m_plan.connections()[queue.connection];
    const RootAccount account =
        c.scaleUp ? RootAccount::ScaleUpLatency : RootAccount::ScaleOutLatency;
    const ActivityRef flight = ContextOf(part).store->Add(SpanActivity{part.now(),
                                                                       part.now() + c.grantLatency,
                                                                       c.grantLatency,
                                                                       ref,
                                                                       kNone,
                                                                       account,
                                                                       account,
                                                                       IsPipeline(run.task)});
    part.Post(m_plan.PartitionOf(c.from),
              {part.now() + c.grantLatency,
               NextKey(c.to),
               flight.bits(),
               queue.connection,
               m_onGrant,
               grants});
}

void
Engine::OnGrant(Partition& part, const Event& event)
{
    Connectivity& connection = m_senders[event.entity];
    connection.granted += event.aux;
    if (connection.sender != nullptr)
    {
        SendReady(part,
                  *connection.sender,
                  connection.sender->queues[connection.senderQueue],
                  ActivityRef::FromBits(event.arg));
        Drain(part);
    }
}

/// A chunk has arrived for `task`, which may not have started here yet.
void
Engine::Arrive(Partition& part, uint32_t connection, TaskId task, uint32_t chunk, ActivityRef ref)
{
    CommRun& run = *RunOf(part, task);
    if (!run.begun)
    {
        run.early.push_back({connection, chunk, ref});
        return;
    }
    HEDDLE_CHECK(m_receivers[connection].receiver == &run, "chunk for another collective");
    ChunkQueue& queue = run.queues[m_receivers[connection].receiverQueue];
    HEDDLE_CHECK(chunk < queue.count, "more chunks than receives");
    const uint32_t op = run.order[queue.first + chunk];
    OpState& state = run.ops[op];
    HEDDLE_CHECK(!state.here, "a chunk arrived twice");
    state.here = true;
    state.arrived = ref;
    if (state.ready)
    {
        const bool outermost = !run.draining;
        run.draining = true;
        CompleteOp(part, run, op, ref);
        Grant(part, run, queue, ref);
        run.draining = !outermost;
        DrainRun(part, run);
    }
}

void
Engine::CompleteOp(Partition& part, CommRun& run, uint32_t op, ActivityRef ref)
{
    HEDDLE_CHECK(!run.ops[op].done, "an operation completed twice");
    run.ops[op].done = true;
    --run.left;
    run.completed.emplace_back(op, ref);
    DrainRun(part, run);
}

void
Engine::DrainRun(Partition& part, CommRun& run)
{
    if (run.draining)
    {
        return;
    }
    run.draining = true;
    ActivityRef last;
    bool any = false;
    while (!run.completed.empty())
    {
        const auto [op, ref] = run.completed.back();
        run.completed.pop_back();
        last = ref;
        any = true;
        for (uint32_t i = run.firstSuccessor[op]; i < run.firstSuccessor[op + 1]; ++i)
        {
            const uint32_t next = run.successors[i];
            if (--run.ops[next].depsLeft == 0)
            {
                MakeReady(part, run, next, ref);
            }
        }
    }
    run.draining = false;
    if (any && run.left == 0)
    {
        const TaskId task = run.task;
        Release(part, run);
        ChangeActive(part, m_graph.tasks()[task].rank, -1);
        FinishTask(part, task, last);
    }
}

/// Forgets the expansion.
void
Engine::Release(Partition& part, CommRun& run)
{
    for (const ChunkQueue& queue : run.queues)
    {
        if (queue.send)
        {
            m_senders[queue.connection].sender = nullptr;
        }
        else
        {
            m_receivers[queue.connection].receiver = nullptr;
        }
    }
    m_tasks[run.task].run = nullptr;
    ContextOf(part).freeRuns.push_back(&run);
}

} // namespace heddle::training

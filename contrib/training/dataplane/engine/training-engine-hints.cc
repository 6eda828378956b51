// SPDX-License-Identifier: GPL-2.0-only
//
// What events of the job will touch, fetched into the cache before they happen. Only where the
// network below does so too (Foresight), that is without packets and in one partition.
#include "ns3/base-prepare.h"
#include "ns3/training-engine.h"

namespace heddle::training
{

void
Engine::SetHints()
{
    if (!m_core.prepares() || m_core.partitions() > 1)
    {
        return;
    }
    m_core.SetPrepare(m_onStepLatency, nullptr, &ForEachEvent<Engine, &Engine::ForeseeStep>);
    m_core.SetPrepare(m_onGrant,
                      &ForEachEvent<Engine, &Engine::ForeseeConnection>,
                      &ForEachEvent<Engine, &Engine::ForeseeGrant>);
    m_core.SetPrepare(m_onTransferDone, nullptr, &ForEachEvent<Engine, &Engine::ForeseeTransfer>);
}

void
Engine::Foresee(uint64_t cookie) const
{
    FetchToWrite(reinterpret_cast<const MessageActivity*>(cookie));
}

/// An operation that completes.
void
Engine::ForeseeOp(TaskId task, uint32_t op) const
{
    const CommRun* run = m_tasks[task].run;
    if (run != nullptr && run->begun && op < run->ops.size())
    {
        __builtin_prefetch(&run->ops[op], 1);
        __builtin_prefetch(&run->firstSuccessor[op]);
        asm volatile(""); // see FetchToWrite()
    }
}

void
Engine::ForeseeArrival(uint32_t connection, TaskId task, uint32_t chunk) const
{
    const CommRun* run = m_tasks[task].run;
    const Reception& reception = m_receivers[connection];
    if (run != nullptr && run->begun && reception.receiver == run)
    {
        const ChunkQueue& queue = run->queues[reception.receiverQueue];
        ForeseeOp(task, run->order[queue.first + chunk]);
    }
}

void
Engine::ForeseeDelivery(uint64_t cookie) const
{
    const auto& record = *reinterpret_cast<const MessageActivity*>(cookie);
    ForeseeArrival(record.connection, record.recvTask, record.chunk);
}

void
Engine::ForeseeAcknowledgement(uint64_t cookie) const
{
    const auto& record = *reinterpret_cast<const MessageActivity*>(cookie);
    if (record.sendOp != kNone)
    {
        ForeseeOp(record.sendTask, record.sendOp);
    }
}

void
Engine::ForeseeStep(const Event& event) const
{
    ForeseeOp(event.entity, static_cast<uint32_t>(event.arg));
}

void
Engine::ForeseeConnection(const Event& event) const
{
    __builtin_prefetch(&m_senders[event.entity], 1);
    __builtin_prefetch(&m_plan.connections()[event.entity]);
    asm volatile(""); // see FetchToWrite()
}

void
Engine::ForeseeGrant(const Event& event) const
{
    const Connectivity& connection = m_senders[event.entity];
    if (connection.sender == nullptr)
    {
        return;
    }
    const CommRun& run = *connection.sender;
    const ChunkQueue& queue = run.queues[connection.senderQueue];
    if (queue.next < queue.count)
    {
        const uint32_t op = run.order[queue.first + queue.next];
        __builtin_prefetch(&run.ops[op], 1);
        __builtin_prefetch(&run.expansion.ops[op]);
        asm volatile(""); // see FetchToWrite()
    }
}

/// Its record has been fetched with the event.
void
Engine::ForeseeTransfer(const Event& event) const
{
    const auto& transfer = *reinterpret_cast<const Transfer*>(event.arg);
    ForeseeOp(transfer.sendTask, transfer.sendOp);
}

} // namespace heddle::training

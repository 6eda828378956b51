// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/base-errors.h"
#include "ns3/training-engine.h"

#include <algorithm>
#include <numeric>

namespace heddle::training
{

bool
Engine::IsPipeline(TaskId task) const
{
    const Task& t = m_graph.tasks()[task];
    return t.kind != TaskKind::Collective && t.pipeline;
}

void
Engine::SendChunk(Partition& part, CommRun& run, uint32_t op, uint32_t chunk, ActivityRef ref)
{
    const ChunkOp& send = run.expansion.ops[op];
    const uint32_t index = run.queues[run.ops[op].queue].connection;
    const Connection& c = m_plan.connections()[index];
    const uint64_t bytes = std::max<uint64_t>(1, send.bytes);
    Transfer t{index, chunk, run.task, op, bytes, part.now(), 0, ref, false, false, nullptr};
    if (!c.scaleUp)
    {
        ++ContextOf(part).scaleOutMessages;
        ContextOf(part).scaleOutBytes += bytes;
    }
    t.toRelay = c.relay != c.from;
    const bool direct = !c.scaleUp && !t.toRelay;
    if (direct && m_scaleOut != nullptr)
    {
        PostMessage(part, t, ref, false);
        return;
    }
    t.instant = direct || m_config.ideal.infiniteScaleUp;
    Transfer* transfer = NewTransfer(ContextOf(part));
    *transfer = t;
    PostScaleUp(part, transfer);
}

void
Engine::PostMessage(Partition& part, const Transfer& t, ActivityRef ref, bool relayed)
{
    const Connection& c = m_plan.connections()[t.connection];
    const QpId qp = m_plan.QueuePair(c, t.chunk);
    MessageActivity record{};
    record.pred = ref;
    record.previous = m_lastOnQp[qp];
    record.posted = part.now();
    record.bytes = t.bytes;
    record.receiverPartition = m_plan.PartitionOf(c.to);
    record.qp = qp;
    record.connection = t.connection;
    record.chunk = t.chunk;
    record.sendTask = t.sendTask;
    record.recvTask = m_plan.ReceiverTask(t.sendTask, c);
    record.sendOp = relayed ? kNone : t.sendOp;
    record.pipeline = IsPipeline(t.sendTask);
    MessageActivity* stored = ContextOf(part).store->Add(record);
    m_lastOnQp[qp] = stored;
    m_scaleOut->Post(part, qp, t.bytes, reinterpret_cast<uint64_t>(stored));
}

void
Engine::OnDelivered(Partition& part, const Delivery& delivery)
{
    auto& record = *reinterpret_cast<MessageActivity*>(delivery.cookie);
    const MessageTiming& timing = delivery.timing;
    const auto& state = timing.state;
    const Tick total = timing.finished - timing.started;
    HEDDLE_CHECK(timing.finished == part.now(), "delivery is not now");
    HEDDLE_CHECK(*std::min_element(state.begin(), state.end()) >= 0, "negative message state");
    HEDDLE_CHECK(std::accumulate(state.begin(), state.end(), Tick{0}) == total,
                 "message states do not sum to its time");
    HEDDLE_CHECK(delivery.behindPrevious ? record.previous != nullptr
                                         : timing.started == record.posted,
                 "a message that waited for nothing started late");
    record.started = timing.started;
    record.finished = timing.finished;
    record.behindPrevious = delivery.behindPrevious;
    record.ideal = state[static_cast<size_t>(MessageState::Ideal)];
    if (record.ideal != total)
    {
        record.excess =
            static_cast<uint32_t>(ContextOf(part).store->excesses.Append({state, timing.culprit}));
    }
    Arrive(part, record.connection, record.recvTask, record.chunk, record.self);
    Drain(part);
}

void
Engine::OnAcknowledged(Partition& part, QpId, uint64_t cookie)
{
    auto& record = *reinterpret_cast<MessageActivity*>(cookie);
    record.acknowledged = part.now();
    if (record.sendOp != kNone)
    {
        CompleteOp(part,
                   *m_tasks[record.sendTask].run,
                   record.sendOp,
                   record.self.As(ActivityKind::Ack));
        Drain(part);
    }
}

Transfer*
Engine::NewTransfer(Context& context)
{
    if (context.freeTransfers == nullptr)
    {
        constexpr size_t kBlock = 256;
        context.transferBlocks.emplace_back(new Transfer[kBlock]);
        for (size_t i = 0; i < kBlock; ++i)
        {
            Transfer* t = &context.transferBlocks.back()[i];
            t->nextFree = context.freeTransfers;
            context.freeTransfers = t;
        }
    }
    Transfer* transfer = context.freeTransfers;
    context.freeTransfers = transfer->nextFree;
    return transfer;
}

void
Engine::PostScaleUp(Partition& part, Transfer* transfer)
{
    const Connection& c = m_plan.connections()[transfer->connection];
    const uint64_t key = NextKey(c.from);
    const auto arg = reinterpret_cast<uint64_t>(transfer);
    if (c.scaleUp || transfer->toRelay)
    {
        ContextOf(part).scaleUpBytes += transfer->bytes;
    }
    if (transfer->instant)
    {
        part.Schedule(0, m_onTransferDone, c.from, arg, key);
        return;
    }
    const Tick serialisation = m_config.scaleUp.portRate.TransmitTime(transfer->bytes);
    transfer->ideal = m_config.scaleUp.latency + serialisation;
    const Tick start = std::max(part.now(), m_egressFree[c.from]);
    m_egressFree[c.from] = start + serialisation;
    if (start == part.now())
    {
        EnterIngress(part, transfer);
        return;
    }
    part.Schedule(start - part.now(), m_onEgress, c.from, arg, key);
}

void
Engine::OnEgress(Partition& part, const Event& event)
{
    EnterIngress(part, reinterpret_cast<Transfer*>(event.arg));
}

/// The first byte leaves the egress port: the order here is the order at the ingress port.
void
Engine::EnterIngress(Partition& part, Transfer* transfer)
{
    const Connection& c = m_plan.connections()[transfer->connection];
    Tick& free = m_ingressFree[transfer->toRelay ? c.relay : c.to];
    const Tick serialisation = transfer->ideal - m_config.scaleUp.latency;
    free = std::max(part.now() + m_config.scaleUp.latency, free) + serialisation;
    part.Schedule(free - part.now(),
                  m_onTransferDone,
                  c.from,
                  reinterpret_cast<uint64_t>(transfer),
                  NextKey(c.from));
}

void
Engine::OnTransferDone(Partition& part, const Event& event)
{
    auto* transfer = reinterpret_cast<Transfer*>(event.arg);
    const Transfer t = *transfer;
    Context& context = ContextOf(part);
    transfer->nextFree = context.freeTransfers;
    context.freeTransfers = transfer;
    const Connection& c = m_plan.connections()[t.connection];
    ActivityRef ref = t.pred;
    // An instant transfer takes no time, but the ledger must see that it crosses pipeline stages.
    if (!t.instant || IsPipeline(t.sendTask))
    {
        ref = context.store->Add(SpanActivity{t.posted,
                                              part.now(),
                                              t.ideal,
                                              t.pred,
                                              kNone,
                                              RootAccount::ScaleUpLatency,
                                              RootAccount::ScaleUpEndpoint,
                                              IsPipeline(t.sendTask)});
    }
    CommRun* sender = m_tasks[t.sendTask].run;
    if (t.toRelay && m_scaleOut != nullptr)
    {
        PostMessage(part, t, ref, true);
    }
    else
    {
        Arrive(part, t.connection, m_plan.ReceiverTask(t.sendTask, c), t.chunk, ref);
    }
    CompleteOp(part, *sender, t.sendOp, ref);
    Drain(part);
}

} // namespace heddle::training

// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/training-activity-reader.h"

#include "ns3/base-errors.h"

#include <algorithm>

namespace heddle::training
{

namespace
{

RootAccount
AccountOf(MessageState state)
{
    switch (state)
    {
    case MessageState::Ideal:
        return RootAccount::ScaleOutLatency;
    case MessageState::Down:
        return RootAccount::ScaleOutFailure;
    case MessageState::LossRecovery:
        return RootAccount::ScaleOutLossRecovery;
    case MessageState::Paused:
    case MessageState::Paced:
    case MessageState::FabricQueue:
        return RootAccount::ScaleOutCongestion;
    case MessageState::OwnPort:
    case MessageState::LastHop:
        return RootAccount::ScaleOutEndpoint;
    }
    return RootAccount::ScaleOutLatency;
}

/// Endpoint time has no culprit: nobody is to blame.
uint32_t
PlaceOf(MessageState state, PortId culprit)
{
    return AccountOf(state) == RootAccount::ScaleOutEndpoint ? kNone : culprit;
}

} // namespace

ActivityReader::ActivityReader(const ActivityStores& stores, const ScaleOut* scaleOut)
    : m_stores(stores), m_scaleOut(scaleOut)
{
}

ActivityView
ActivityReader::Describe(ActivityRef activity) const
{
    ActivityView view{};
    const ActivityStore& store = *m_stores[activity.partition()];
    switch (activity.kind())
    {
    case ActivityKind::Span:
        DescribeSpan(store.spans[activity.index()], view);
        break;
    case ActivityKind::Kernel:
        DescribeKernel(store.kernels[activity.index()], view);
        break;
    case ActivityKind::Fused:
        DescribeFused(store.fused[activity.index()], view);
        break;
    case ActivityKind::Message:
        DescribeMessage(store.messages[activity.index()], view);
        break;
    case ActivityKind::Ack:
        DescribeAck(store.messages[activity.index()], view);
        break;
    case ActivityKind::Emission:
        DescribeEmission(store.messages[activity.index()], view);
        break;
    case ActivityKind::None:
        HEDDLE_CHECK(false, "no such activity");
    }
    Tick sum = 0;
    for (unsigned i = 0; i < view.count; ++i)
    {
        sum += view.segments[i].length;
    }
    HEDDLE_CHECK(sum == view.end - view.start, "segments do not fill their activity");
    return view;
}

void
ActivityReader::DescribeSpan(const SpanActivity& span, ActivityView& view) const
{
    view.start = span.start;
    view.end = span.end;
    view.pred = span.pred;
    view.pipeline = span.pipeline;
    const Tick ideal = std::min(span.ideal, span.end - span.start);
    view.Add(span.account, span.place, ideal);
    view.Add(span.excess, span.place, span.end - span.start - ideal);
}

void
ActivityReader::DescribeKernel(const KernelActivity& kernel, ActivityView& view) const
{
    view.start = kernel.runStart;
    view.end = kernel.end;
    view.pred = kernel.runPred;
    view.kernel = &kernel;
    Tick rest = kernel.end - kernel.runStart;
    const auto take = [&rest](Tick wanted)
    {
        const Tick taken = std::clamp<Tick>(wanted, 0, rest);
        rest -= taken;
        return taken;
    };
    const Tick jitter = take(kernel.jitter);
    const Tick interference = take(kernel.interference);
    const Tick software = take(kernel.software);
    view.Add(RootAccount::Imbalance, kernel.rank, rest);
    view.Add(RootAccount::Software, kernel.rank, software);
    view.Add(RootAccount::Interference, kernel.rank, interference);
    view.Add(RootAccount::Jitter, kernel.rank, jitter);
}

void
ActivityReader::DescribeFused(const FusedActivity& fused, ActivityView& view) const
{
    view.start = fused.start;
    view.end = fused.end;
    view.pred = fused.pred;
    view.pipeline = fused.pipeline;
    const RootAccount accounts[FusedActivity::kParts] = {RootAccount::Software,
                                                         RootAccount::ScaleUpLatency,
                                                         RootAccount::ScaleOutLatency,
                                                         RootAccount::ScaleUpEndpoint,
                                                         RootAccount::ScaleOutEndpoint,
                                                         RootAccount::ScaleOutFailure,
                                                         RootAccount::ScaleOutLossRecovery,
                                                         RootAccount::ScaleOutCongestion};
    for (size_t part = 0; part < FusedActivity::kParts; ++part)
    {
        const bool congestion = part == FusedActivity::Congestion;
        view.Add(accounts[part], congestion ? fused.culprit : kNone, fused.parts[part]);
    }
}

const MessageExcess*
ActivityReader::Excess(const MessageActivity& message) const
{
    return message.excess == kNone ? nullptr
                                   : &m_stores[message.receiverPartition]->excesses[message.excess];
}

void
ActivityReader::DescribeMessage(const MessageActivity& message, ActivityView& view) const
{
    HEDDLE_CHECK(message.finished >= message.started, "message without delivery");
    view.start = message.started;
    view.end = message.finished;
    view.pipeline = message.pipeline;
    view.pred = message.behindPrevious ? message.self.As(ActivityKind::Emission) : message.pred;
    view.Add(RootAccount::ScaleOutLatency, kNone, message.ideal);
    if (const MessageExcess* excess = Excess(message))
    {
        for (size_t s = 1; s < kMessageStates; ++s)
        {
            const auto state = static_cast<MessageState>(s);
            view.Add(AccountOf(state), PlaceOf(state, excess->culprit), excess->state[s]);
        }
    }
}

void
ActivityReader::DescribeAck(const MessageActivity& message, ActivityView& view) const
{
    view.pred = message.self;
    view.end = message.acknowledged;
    view.start = std::min(message.finished, message.acknowledged);
    // With a receive latency the acknowledgement may overtake the completion it answers.
    view.mayBeCut = message.acknowledged < message.finished;
    // Acknowledgements are shorter than what they answer and go before it: beyond its unloaded time
    // one was lost, and the sender timed out.
    const Tick time = view.end - view.start;
    const Tick latency = std::min(time, message.ideal);
    view.Add(RootAccount::ScaleOutLatency, kNone, latency);
    view.Add(RootAccount::ScaleOutLossRecovery, kNone, time - latency);
}

void
ActivityReader::DescribeEmission(const MessageActivity& message, ActivityView& view) const
{
    HEDDLE_CHECK(message.previous != nullptr, "behind no message");
    const MessageActivity& previous = *message.previous;
    view.start = previous.started;
    view.end = message.started;
    view.pipeline = previous.pipeline;
    view.pred = previous.behindPrevious ? previous.self.As(ActivityKind::Emission) : previous.pred;
    Tick rest = view.end - view.start;
    const Tick ownBytes =
        m_scaleOut->IdealTime(previous.qp, previous.bytes) - m_scaleOut->IdealTime(previous.qp, 1);
    const Tick serialisation = std::min(rest, ownBytes);
    view.Add(RootAccount::ScaleOutEndpoint, kNone, serialisation);
    rest -= serialisation;
    const MessageExcess* excess = Excess(previous);
    // What happens at the sender; LastHop and FabricQueue come after the emission.
    for (MessageState state : {MessageState::Down,
                               MessageState::LossRecovery,
                               MessageState::Paused,
                               MessageState::Paced,
                               MessageState::OwnPort})
    {
        const Tick part = excess ? std::min(rest, excess->state[static_cast<size_t>(state)]) : 0;
        view.Add(AccountOf(state), excess ? PlaceOf(state, excess->culprit) : kNone, part);
        rest -= part;
    }
    view.Add(RootAccount::ScaleOutEndpoint, kNone, rest);
}

Chain::Chain(const ActivityReader& reader, ActivityRef activity, Tick time)
    : m_reader(reader), m_activity(activity), m_time(time)
{
    Enter(false);
}

void
Chain::Enter(bool mayBeCut)
{
    if (atStart())
    {
        return;
    }
    m_view = m_reader.Describe(m_activity);
    HEDDLE_CHECK(m_view.end == m_time ||
                     (mayBeCut && m_view.start <= m_time && m_time < m_view.end),
                 "start of an activity is not the end of its binding predecessor");
}

void
Chain::Step()
{
    m_time = std::min(m_time, m_view.start);
    m_activity = m_view.pred;
    Enter(m_view.mayBeCut);
}

} // namespace heddle::training

// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/training-walk.h"

#include "ns3/base-errors.h"

#include <algorithm>

namespace heddle
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

RootWalk::RootWalk(const ActivityStores& stores, const ScaleOut* scaleOut)
    : m_stores(stores), m_scaleOut(scaleOut)
{
}

void
RootWalk::Book(const Wait& wait, const Sink& sink) const
{
    Walk(wait, true, sink);
}

void
RootWalk::BookWithoutCompute(const Wait& wait, const Sink& sink) const
{
    Walk(wait, false, sink);
}

void
RootWalk::Walk(const Wait& wait, bool compute, const Sink& sink) const
{
    Tick t = wait.end;
    Tick advance = wait.ownAdvance;
    bool pipeline = false;
    bool mayBeCut = false;
    ActivityRef activity = wait.released;
    while (t > wait.start)
    {
        HEDDLE_CHECK(activity.kind() != ActivityKind::None, "binding chain ends within a wait");
        View view{};
        Describe(activity, view);
        HEDDLE_CHECK(view.end == t || (mayBeCut && view.start <= t && t < view.end),
                     "start of an activity is not the end of its binding predecessor");
        pipeline = pipeline || view.pipeline;
        Tick segmentEnd = view.end;
        for (unsigned i = view.count; i-- > 0;)
        {
            const Segment& s = view.segments[i];
            const Tick from = std::max(segmentEnd - s.length, wait.start);
            Tick booked = std::min(segmentEnd, t) - from;
            segmentEnd -= s.length;
            if (booked <= 0 || (s.nominal && !compute))
            {
                continue;
            }
            if (s.nominal && advance > 0)
            {
                const Tick own = std::min(advance, booked);
                sink(RootAccount::Jitter, wait.waiter, own);
                advance -= own;
                booked -= own;
            }
            if (booked > 0)
            {
                sink(s.nominal && pipeline ? RootAccount::PipelineBubble : s.account,
                     s.place,
                     booked);
            }
        }
        HEDDLE_CHECK(segmentEnd == view.start, "segments do not fill their activity");
        t = std::min(t, view.start);
        mayBeCut = view.mayBeCut;
        activity = view.pred;
    }
}

Tick
RootWalk::EndOf(ActivityRef activity) const
{
    View view{};
    Describe(activity, view);
    return view.end;
}

void
RootWalk::Describe(ActivityRef activity, View& view) const
{
    const ActivityStore& store = *m_stores[activity.partition()];
    switch (activity.kind())
    {
    case ActivityKind::Span:
        DescribeSpan(store.spans[activity.index()], view);
        return;
    case ActivityKind::Kernel:
        DescribeKernel(store.kernels[activity.index()], view);
        return;
    case ActivityKind::Message:
        DescribeMessage(store.messages[activity.index()], view);
        return;
    case ActivityKind::Ack:
        DescribeAck(store.messages[activity.index()], view);
        return;
    case ActivityKind::Emission:
        DescribeEmission(store.messages[activity.index()], view);
        return;
    case ActivityKind::None:
        break;
    }
    HEDDLE_CHECK(false, "no such activity");
}

void
RootWalk::DescribeSpan(const SpanRecord& span, View& view) const
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
RootWalk::DescribeKernel(const KernelRecord& kernel, View& view) const
{
    view.start = kernel.runStart;
    view.end = kernel.end;
    view.pred = kernel.runPred;
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
    view.Add(RootAccount::Imbalance, kernel.rank, rest, true);
    view.Add(RootAccount::Software, kernel.rank, software);
    view.Add(RootAccount::Interference, kernel.rank, interference);
    view.Add(RootAccount::Jitter, kernel.rank, jitter);
}

const MessageExcess*
RootWalk::Excess(const MessageRecord& message) const
{
    return message.excess == kNone ? nullptr
                                   : &m_stores[message.receiverPartition]->excesses[message.excess];
}

void
RootWalk::DescribeMessage(const MessageRecord& message, View& view) const
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
RootWalk::DescribeAck(const MessageRecord& message, View& view) const
{
    view.pred = message.self;
    view.end = message.acknowledged;
    view.start = std::min(message.finished, message.acknowledged);
    // With a receive latency the acknowledgement may overtake the completion it answers.
    view.mayBeCut = message.acknowledged < message.finished;
    view.Add(RootAccount::ScaleOutLatency, kNone, view.end - view.start);
}

void
RootWalk::DescribeEmission(const MessageRecord& message, View& view) const
{
    HEDDLE_CHECK(message.previous != nullptr, "behind no message");
    const MessageRecord& previous = *message.previous;
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

} // namespace heddle

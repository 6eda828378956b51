// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/training-walk.h"

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

RootWalk::RootWalk(const ActivityStores& stores, const ScaleOut* scaleOut)
    : m_stores(stores), m_scaleOut(scaleOut)
{
}

RunWork
WorkOf(const KernelActivity& kernel)
{
    const Tick excess = kernel.jitter + kernel.interference + kernel.software;
    return {kernel.end - kernel.runStart - excess,
            kernel.software,
            kernel.interference,
            kernel.jitter};
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
RootWalk::Walk(const Wait& wait, bool nominal, const Sink& sink) const
{
    Remainder left{};
    left.wait = wait.end - wait.start;
    left.matched[static_cast<size_t>(RootAccount::Imbalance)] = wait.own.nominal;
    left.matched[static_cast<size_t>(RootAccount::Software)] = wait.own.software;
    left.matched[static_cast<size_t>(RootAccount::Interference)] = wait.own.interference;
    left.matched[static_cast<size_t>(RootAccount::Jitter)] = std::max<Tick>(0, wait.own.jitter);
    left.ownAdvance = std::max<Tick>(0, -wait.own.jitter);
    left.waiter = wait.waiter;
    left.nominal = nominal;
    const Tick ownRun =
        wait.own.nominal + wait.own.software + wait.own.interference + wait.own.jitter;
    const Tick horizon = wait.start - ownRun;
    Tick t = wait.end;
    bool mayBeCut = false;
    ActivityRef activity = wait.released;
    while (left.wait > 0)
    {
        if (t <= horizon)
        {
            // All else is compared; a run of host overhead only has no nominal work to book it at.
            BookSegment({RootAccount::Jitter, left.waiter, 0}, left.ownAdvance, left, sink);
            left.ownAdvance = 0;
        }
        HEDDLE_CHECK(left.wait == 0 || (activity.kind() != ActivityKind::None && t > horizon),
                     "the binding chain does not explain the wait");
        if (left.wait == 0)
        {
            return;
        }
        View view{};
        Describe(activity, view);
        HEDDLE_CHECK(view.end == t || (mayBeCut && view.start <= t && t < view.end),
                     "start of an activity is not the end of its binding predecessor");
        left.pipeline = left.pipeline || view.pipeline;
        Tick end = view.end;
        for (unsigned i = view.count; i-- > 0;)
        {
            const Segment& segment = view.segments[i];
            const Tick begin = end - segment.length;
            const Tick overlap = std::min(end, t) - std::max(begin, horizon);
            if (overlap > 0)
            {
                (this->*(view.compute ? &RootWalk::BookCompute
                                      : &RootWalk::BookSegment))(segment, overlap, left, sink);
            }
            end = begin;
        }
        HEDDLE_CHECK(end == view.start, "segments do not fill their activity");
        t = std::min(t, view.start);
        mayBeCut = view.mayBeCut;
        activity = view.pred;
    }
}

void
RootWalk::BookSegment(const Segment& segment, Tick overlap, Remainder& left, const Sink& sink) const
{
    const Tick booked = std::min(overlap, left.wait);
    left.wait -= booked;
    if (booked > 0)
    {
        sink(segment.account, segment.place, booked);
    }
}

/// What the waiter's own run has of the same kind is passed over.
void
RootWalk::BookCompute(const Segment& segment, Tick overlap, Remainder& left, const Sink& sink) const
{
    Tick& own = left.matched[static_cast<size_t>(segment.account)];
    const Tick same = std::min(own, overlap);
    own -= same;
    Segment rest = segment;
    if (segment.account == RootAccount::Imbalance)
    {
        const Segment advance{RootAccount::Jitter, left.waiter, 0};
        const Tick early = std::min(left.ownAdvance, left.wait);
        left.ownAdvance -= early;
        BookSegment(advance, early, left, sink);
        if (left.pipeline)
        {
            rest.account = RootAccount::PipelineBubble;
        }
        if (!left.nominal)
        {
            left.wait -= std::min(left.wait, overlap - same);
            return;
        }
    }
    BookSegment(rest, overlap - same, left, sink);
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
RootWalk::DescribeSpan(const SpanActivity& span, View& view) const
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
RootWalk::DescribeKernel(const KernelActivity& kernel, View& view) const
{
    view.start = kernel.runStart;
    view.end = kernel.end;
    view.pred = kernel.runPred;
    view.compute = true;
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

const MessageExcess*
RootWalk::Excess(const MessageActivity& message) const
{
    return message.excess == kNone ? nullptr
                                   : &m_stores[message.receiverPartition]->excesses[message.excess];
}

void
RootWalk::DescribeMessage(const MessageActivity& message, View& view) const
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
RootWalk::DescribeAck(const MessageActivity& message, View& view) const
{
    view.pred = message.self;
    view.end = message.acknowledged;
    view.start = std::min(message.finished, message.acknowledged);
    // With a receive latency the acknowledgement may overtake the completion it answers.
    view.mayBeCut = message.acknowledged < message.finished;
    view.Add(RootAccount::ScaleOutLatency, kNone, view.end - view.start);
}

void
RootWalk::DescribeEmission(const MessageActivity& message, View& view) const
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

} // namespace heddle::training

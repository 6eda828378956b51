// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/training-walk.h"

#include "ns3/base-errors.h"

#include <algorithm>

namespace heddle::training
{

namespace
{

/// Nominal compute in totals and limits, PipelineBubble or not.
constexpr auto kNominal = static_cast<size_t>(RootAccount::Imbalance);
constexpr auto kJitter = static_cast<size_t>(RootAccount::Jitter);

/// Both chains are about to pass the same activity, or have none left.
bool
Meet(const Chain& a, const Chain& b)
{
    return a.time() == b.time() && a.activity().bits() == b.activity().bits();
}

/// Which of two chains to step so that they cannot miss each other: the one that is later; at the
/// same time the one whose activity takes none.
Chain&
Next(Chain& a, Chain& b)
{
    if (a.time() != b.time())
    {
        return a.time() > b.time() ? a : b;
    }
    const bool aIsInstant = !a.atStart() && a.view().start == a.time();
    return b.atStart() || aIsInstant ? a : b;
}

} // namespace

RootWalk::RootWalk(const ActivityStores& stores, const ScaleOut* scaleOut)
    : m_reader(stores, scaleOut)
{
}

void
RootWalk::Book(const Wait& wait, const Sink& sink)
{
    Chain chain(m_reader, wait.released, wait.end);
    TakeWait(chain, wait.start);
    Totals unlimited;
    unlimited.fill(kForever);
    if (m_compute && wait.lastKernel.kind() != ActivityKind::None)
    {
        Compare(chain, wait);
        for (Segment& segment : m_segments)
        {
            if (wait.stepEnd && m_pipeline && segment.account == RootAccount::Imbalance)
            {
                segment.account = RootAccount::PipelineBubble;
            }
        }
        Totals excess;
        for (size_t a = 0; a < kRootAccounts; ++a)
        {
            excess[a] = std::max<Tick>(0, m_chain[a] - m_own[a]);
        }
        BookUpTo(excess, sink);
        // More jitter than the chain shows: the waiter's own was negative.
        Segment advance{RootAccount::Jitter, wait.waiter, excess[kJitter]};
        BookOne(advance, std::min(advance.length, m_left), sink);
    }
    BookUpTo(unlimited, sink);
    HEDDLE_CHECK(m_left == 0, "the binding chain does not explain the wait");
}

void
RootWalk::BookCriticalPath(Tick start, Tick end, ActivityRef last, const Sink& sink)
{
    Chain chain(m_reader, last, end);
    TakeWait(chain, start);
    Totals limits;
    limits.fill(kForever);
    limits[kNominal] = 0;
    BookUpTo(limits, sink);
}

void
RootWalk::TakeWait(Chain& chain, Tick start)
{
    m_segments.clear();
    m_chain.fill(0);
    m_own.fill(0);
    m_left = chain.time() - start;
    m_compute = false;
    m_pipeline = false;
    while (chain.time() > start)
    {
        HEDDLE_CHECK(!chain.atStart(), "the binding chain does not explain the wait");
        Take(chain);
        chain.Step();
    }
}

/// Follows both chains back to where they meet.
void
RootWalk::Compare(Chain& chain, const Wait& wait)
{
    Chain own(m_reader, wait.lastKernel, wait.start);
    for (size_t steps = kReach + 4 * m_segments.size(); steps > 0 && !Meet(chain, own); --steps)
    {
        Chain& next = Next(chain, own);
        if (next.atStart())
        {
            return;
        }
        if (&next == &chain)
        {
            Take(chain);
        }
        else
        {
            Add(own, m_own);
        }
        next.Step();
    }
}

void
RootWalk::Take(const Chain& chain)
{
    const ActivityView& view = chain.view();
    m_compute = m_compute || view.kernel != nullptr;
    m_pipeline = m_pipeline || view.pipeline;
    Tick end = view.end;
    for (unsigned i = view.count; i-- > 0;)
    {
        Segment segment = view.segments[i];
        const Tick begin = end - segment.length;
        segment.length = std::min(end, chain.time()) - begin;
        end = begin;
        if (segment.account == RootAccount::Imbalance && m_pipeline)
        {
            segment.account = RootAccount::PipelineBubble;
        }
        if (segment.length > 0)
        {
            m_segments.push_back(segment);
        }
    }
    Add(chain, m_chain);
}

void
RootWalk::Add(const Chain& chain, Totals& totals)
{
    const ActivityView& view = chain.view();
    if (view.kernel != nullptr)
    {
        const KernelActivity& run = *view.kernel;
        const Tick excess = run.jitter + run.interference + run.software;
        totals[kNominal] += run.end - run.runStart - excess;
        totals[kJitter] += run.jitter;
        totals[static_cast<size_t>(RootAccount::Interference)] += run.interference;
        totals[static_cast<size_t>(RootAccount::Software)] += run.software;
        return;
    }
    Tick end = view.end;
    for (unsigned i = view.count; i-- > 0;)
    {
        const Segment& segment = view.segments[i];
        const Tick begin = end - segment.length;
        totals[static_cast<size_t>(segment.account)] +=
            std::max<Tick>(0, std::min(end, chain.time()) - begin);
        end = begin;
    }
}

/// Books segments, latest first, each account within its limit; reduces limits.
void
RootWalk::BookUpTo(Totals& limits, const Sink& sink)
{
    for (Segment& segment : m_segments)
    {
        if (m_left == 0)
        {
            return;
        }
        const bool bubble = segment.account == RootAccount::PipelineBubble;
        Tick& limit = limits[bubble ? kNominal : static_cast<size_t>(segment.account)];
        const Tick time = std::min({segment.length, limit, m_left});
        limit -= time;
        BookOne(segment, time, sink);
    }
}

void
RootWalk::BookOne(Segment& segment, Tick time, const Sink& sink)
{
    if (time > 0)
    {
        sink(segment.account, segment.place, time);
        segment.length -= time;
        m_left -= time;
    }
}

} // namespace heddle::training

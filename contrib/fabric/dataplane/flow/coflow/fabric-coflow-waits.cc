// SPDX-License-Identifier: GPL-2.0-only
//
// Coflows whose messages go round (CoflowLoop) and meet others' at ports. NICs serve queue pairs in
// turn: a message that shares a port with M streams of longer ones takes 1 + M times as long as
// alone, and the hop's latency follows, in which the others have the port for themselves. A port
// that is offered more than it carries keeps a queue that every hop goes through: what the others'
// windows let under way, or where marks hold it.
#include "ns3/fabric-coflow-network.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

using fabric::MaxMin;

namespace
{

constexpr double kTicksPerSecond = 1e12;
/// Offered load above which a queue stands: any excess fills it in time; rounding of shares aside.
constexpr double kStanding = 1.02;
constexpr double kEndless = 1e300; ///< bits of a message of coflows that do not wait
/// Rounds in which the time of equal rings and how long they hold a port settle, and the wait at a
/// port with its load.
constexpr int kRounds = 4;

} // namespace

/// ps of a port.
double
CoflowNetwork::PortTime(const Coflow& coflow, const Resource& r, uint32_t share) const
{
    return coflow.bits * share / MaxMin::kWhole * kTicksPerSecond / static_cast<double>(r.rate);
}

/// Streams at the port; one that carries less has fewer.
double
CoflowNetwork::StreamsAt(const Coflow& coflow, uint32_t share) const
{
    return coflow.weight * std::min(1.0, static_cast<double>(share) / coflow.nicShare);
}

/// … of them those that send, on average, beside so many others.
double
CoflowNetwork::SendingAt(const Coflow& coflow,
                         const Resource& r,
                         uint32_t share,
                         double others) const
{
    const double streams = StreamsAt(coflow, share);
    if (coflow.loop.passes == 0)
    {
        return streams;
    }
    const double time = std::max(1.0, coflow.paceTime + coflow.next.nic);
    return std::min(streams, PortTime(coflow, r, share) * (1 + others) / time);
}

void
CoflowNetwork::SetPaces(const std::vector<uint32_t>& coflows)
{
    bool any = false;
    for (uint32_t id : coflows)
    {
        Coflow& coflow = m_coflows[id];
        coflow.next = {};
        any = any || coflow.loop.passes > 0;
    }
    const bool oneClass = (m_classes & (m_classes - 1)) == 0;
    const bool meet = any && oneClass && coflows.size() > 1;
    if (meet)
    {
        ShareNics(coflows);
    }
    Offer(coflows);
    if (meet)
    {
        WaitInQueues(coflows);
    }
    for (uint32_t id : coflows)
    {
        const Coflow& coflow = m_coflows[id];
        const double time = coflow.paceTime + coflow.next.total();
        const double pace = time > 0 ? coflow.bits * kTicksPerSecond / time : kUnlimited;
        m_maxMin.SetCapacity(coflow.pace,
                             static_cast<int64_t>(std::clamp<double>(pace, 1, kUnlimited)));
    }
}

/// Longer messages first: they hold a port whenever a shorter one comes. What shorter ones take
/// from longer is a matter of rates.
void
CoflowNetwork::ShareNics(const std::vector<uint32_t>& coflows)
{
    const auto message = [this](uint32_t id)
    {
        const CoflowLoop& loop = m_coflows[id].loop;
        return loop.passes > 0 ? loop.message : kEndless;
    };
    m_byMessage = coflows;
    std::sort(m_byMessage.begin(),
              m_byMessage.end(),
              [&](uint32_t a, uint32_t b)
              { return message(a) != message(b) ? message(a) > message(b) : a < b; });
    m_sending.resize(m_resources.size());
    m_streams.resize(m_resources.size());
    m_equal.resize(m_resources.size());
    m_next.resize(m_resources.size());
    for (uint32_t id : m_maxMin.collectedResources())
    {
        m_sending[id] = m_equal[id] = m_next[id] = 0;
    }
    for (size_t first = 0, last = 0; first < m_byMessage.size(); first = last)
    {
        while (last < m_byMessage.size() &&
               message(m_byMessage[last]) == message(m_byMessage[first]))
        {
            ++last;
        }
        ShareNics(first, last, message(m_byMessage[first]) < kEndless);
    }
}

/// Those of equal messages: all of them send at first; the longer each takes, the less it does.
void
CoflowNetwork::ShareNics(size_t first, size_t last, bool loops)
{
    const auto forAll = [&](auto visit)
    {
        for (size_t i = first; i < last; ++i)
        {
            Coflow& coflow = m_coflows[m_byMessage[i]];
            m_maxMin.ForEachLoad(m_byMessage[i],
                                 [&](uint32_t r, uint32_t share)
                                 {
                                     if (m_resources[r].kind == PortKind::NicOut)
                                     {
                                         visit(coflow, r, share);
                                     }
                                 });
        }
    };
    // Each has its part of what the equal ones send.
    const auto others = [this](const Coflow& coflow, uint32_t r, uint32_t share)
    { return m_sending[r] + m_equal[r] * (1 - StreamsAt(coflow, share) / m_streams[r]); };
    forAll([this](const Coflow&, uint32_t r, uint32_t) { m_streams[r] = 0; });
    forAll([this](const Coflow& coflow, uint32_t r, uint32_t share)
           { m_streams[r] += StreamsAt(coflow, share); });
    forAll([this](const Coflow&, uint32_t r, uint32_t) { m_equal[r] = m_streams[r]; });
    for (int round = 0; loops && round < kRounds; ++round)
    {
        for (size_t i = first; i < last; ++i)
        {
            m_coflows[m_byMessage[i]].open = 0;
        }
        forAll(
            [&](Coflow& coflow, uint32_t r, uint32_t share)
            {
                coflow.open += coflow.loop.passes * coflow.loop.message *
                               PortTime(coflow, m_resources[r], share) * others(coflow, r, share);
                m_next[r] = 0;
            });
        for (size_t i = first; i < last; ++i)
        {
            m_coflows[m_byMessage[i]].next.nic = m_coflows[m_byMessage[i]].open;
        }
        forAll(
            [&](const Coflow& coflow, uint32_t r, uint32_t share)
            { m_next[r] += SendingAt(coflow, m_resources[r], share, others(coflow, r, share)); });
        forAll([this](const Coflow&, uint32_t r, uint32_t) { m_equal[r] = m_next[r]; });
    }
    forAll(
        [this](const Coflow&, uint32_t r, uint32_t)
        {
            m_sending[r] += m_equal[r];
            m_equal[r] = 0;
        });
}

/// What comes to each port behind the NICs, as these share it out; bits/s.
void
CoflowNetwork::Offer(const std::vector<uint32_t>& coflows)
{
    m_offered.resize(m_resources.size());
    for (uint32_t id : m_maxMin.collectedResources())
    {
        m_offered[id] = 0;
    }
    const auto add = [this](uint32_t id, double rate, bool nics)
    {
        m_maxMin.ForEachLoad(id,
                             [&](uint32_t r, uint32_t share)
                             {
                                 if ((m_resources[r].kind == PortKind::NicOut) == nics)
                                 {
                                     m_offered[r] += rate * share / MaxMin::kWhole;
                                 }
                             });
    };
    for (uint32_t id : coflows)
    {
        Coflow& coflow = m_coflows[id];
        const double time = coflow.paceTime + coflow.next.nic;
        coflow.open = static_cast<double>(coflow.endpointRate);
        if (time > 0)
        {
            coflow.open = std::min(coflow.open, coflow.bits * kTicksPerSecond / time);
        }
        add(id, coflow.open, true);
    }
    for (uint32_t id : coflows)
    {
        double most = 1;
        m_maxMin.ForEachLoad(id,
                             [&](uint32_t r, uint32_t)
                             {
                                 const Resource& resource = m_resources[r];
                                 if (resource.kind == PortKind::NicOut)
                                 {
                                     const auto rate = static_cast<double>(resource.rate);
                                     most = std::max(most, m_offered[r] / rate);
                                 }
                             });
        m_coflows[id].open /= most;
        add(id, m_coflows[id].open, false);
    }
}

/// Of its NICs, while a message leaves them.
double
CoflowNetwork::NicShare(uint32_t id) const
{
    const Coflow& coflow = m_coflows[id];
    double alone = 0;
    m_maxMin.ForEachLoad(id,
                         [&](uint32_t r, uint32_t share)
                         {
                             const Resource& resource = m_resources[r];
                             if (resource.kind == PortKind::NicOut)
                             {
                                 alone += coflow.loop.passes * coflow.loop.message *
                                          PortTime(coflow, resource, share);
                             }
                         });
    return alone > 0 ? alone / (alone + coflow.next.nic) : 1;
}

/// Calls visit(resource, share) for the ports behind the NICs that are offered more than they
/// carry.
template <class Visit>
void
CoflowNetwork::ForEachQueue(uint32_t id, Visit visit) const
{
    m_maxMin.ForEachLoad(
        id,
        [&](uint32_t r, uint32_t share)
        {
            const Resource& resource = m_resources[r];
            const bool behindNics = resource.port != ~0U && (resource.kind == PortKind::NicIn ||
                                                             resource.kind == PortKind::Fabric);
            if (behindNics && m_offered[r] > kStanding * static_cast<double>(resource.rate))
            {
                visit(r, share);
            }
        });
}

/// What so many of its streams can have under way; bits.
double
CoflowNetwork::UnderWay(const Coflow& coflow, uint32_t share) const
{
    const double streams = StreamsAt(coflow, share);
    const double each = coflow.loop.passes > 0 ? coflow.loop.message
                                               : coflow.bits * share / MaxMin::kWhole / streams;
    return streams * std::min(m_config.windowBits, each);
}

/// The wait at which rings come as slowly as each port carries them, their other hops as they are;
/// ps. Newton's method from 0, from below.
void
CoflowNetwork::FindMostWaits(const std::vector<uint32_t>& coflows)
{
    m_mostWait.resize(m_resources.size());
    m_comes.resize(m_resources.size());
    m_slope.resize(m_resources.size());
    for (uint32_t id : m_maxMin.collectedResources())
    {
        m_mostWait[id] = 0;
    }
    for (int round = 0; round < kRounds; ++round)
    {
        for (uint32_t id : m_maxMin.collectedResources())
        {
            m_comes[id] = m_slope[id] = 0;
        }
        for (uint32_t id : coflows)
        {
            const Coflow& coflow = m_coflows[id];
            const double time = std::max(1.0, coflow.paceTime + coflow.next.nic);
            double hops = 0;
            ForEachQueue(id,
                         [&](uint32_t, uint32_t share)
                         { hops += coflow.loop.passes * coflow.bits * share / MaxMin::kWhole; });
            ForEachQueue(id,
                         [&](uint32_t r, uint32_t share)
                         {
                             const double slower = 1 + hops * m_mostWait[r] / time;
                             const double rate = coflow.open * share / MaxMin::kWhole / slower;
                             m_comes[r] += rate;
                             m_slope[r] += rate / slower * hops / time;
                         });
        }
        for (uint32_t id : m_maxMin.collectedResources())
        {
            const double excess = m_comes[id] - static_cast<double>(m_resources[id].rate);
            if (m_comes[id] > 0)
            {
                m_mostWait[id] += m_slope[id] > 0 ? excess / m_slope[id] : kEndless;
            }
        }
    }
}

void
CoflowNetwork::WaitInQueues(const std::vector<uint32_t>& coflows)
{
    FindMostWaits(coflows);
    m_underWay.resize(m_resources.size());
    for (uint32_t id : m_maxMin.collectedResources())
    {
        m_underWay[id] = 0;
    }
    for (uint32_t id : coflows)
    {
        ForEachQueue(id,
                     [&](uint32_t r, uint32_t share)
                     { m_underWay[r] += UnderWay(m_coflows[id], share); });
    }
    for (uint32_t id : coflows)
    {
        Coflow& coflow = m_coflows[id];
        if (coflow.loop.passes == 0)
        {
            continue;
        }
        const double time = std::max(1.0, coflow.paceTime + coflow.next.nic);
        const double arrives = NicShare(id);
        ForEachQueue(id,
                     [&](uint32_t r, uint32_t share)
                     {
                         const Resource& resource = m_resources[r];
                         const auto rate = static_cast<double>(resource.rate);
                         const double others =
                             std::min(m_config.markBits,
                                      std::max(0.0, m_underWay[r] - UnderWay(coflow, share)));
                         // It fills at the rate of the excess.
                         const double fill = others * kTicksPerSecond / (m_offered[r] - rate);
                         const double mean =
                             fill < time ? 1 - fill / (2 * time) : time / (2 * fill);
                         const double queue = mean * others * kTicksPerSecond / rate;
                         // What leaves is what came before this message: it adds to the queue, as
                         // far as that is longer than its sender takes for it.
                         const double own = coflow.loop.message * kTicksPerSecond / rate;
                         const double wait =
                             std::min(m_mostWait[r], queue + std::min(own, queue * arrives));
                         const double waits =
                             coflow.loop.passes * coflow.bits * share / MaxMin::kWhole * wait;
                         if (resource.kind == PortKind::NicIn)
                         {
                             coflow.next.nic += waits;
                             return;
                         }
                         coflow.next.fabric += waits;
                         if (waits > coflow.next.most)
                         {
                             coflow.next.most = waits;
                             coflow.next.port = resource.port;
                         }
                     });
    }
}

} // namespace heddle

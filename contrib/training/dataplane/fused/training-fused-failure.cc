// SPDX-License-Identifier: GPL-2.0-only
//
// Links that fail while collectives are under way: new paths, and the last packets of queue pairs,
// which nothing follows. Which of them is lost is a draw of the packets; a collective waits for the
// retransmission time-out where that is more likely than not for at least one of its queue pairs.
#include "ns3/fabric-silent-tail.h"
#include "ns3/training-fused.h"

#include <algorithm>
#include <cmath>

namespace heddle::training
{

namespace
{

const double kLikely = std::log(2.0); ///< expected number of events of which one is likely
constexpr double kCertain = 40;       ///< … of one with probability 1
constexpr int kSamples = 8;           ///< of the time in which queue pairs end

/// Events with this probability, as many independent rare ones.
double
Expected(double probability)
{
    return probability < 1 ? std::min(kCertain, -std::log1p(-probability)) : kCertain;
}

} // namespace

bool
FusedComms::UnderWay(uint32_t shape) const
{
    const State& state = m_states[m_shapes[shape].meeting];
    return state.shape == shape && state.done.kind() == ActivityKind::None;
}

void
FusedComms::OnFailure(Partition& part, uint32_t link)
{
    const Tick now = part.now();
    m_outages.erase(std::remove_if(m_outages.begin(),
                                   m_outages.end(),
                                   [now](const Outage& old) { return old.until <= now; }),
                    m_outages.end());
    m_outages.push_back({link, now, now + m_routes->topology().rerouteDelay});
    for (uint32_t s = 0; s < m_shapes.size(); ++s)
    {
        if (m_shapes[s].meeting != kNone && UnderWay(s))
        {
            Watched(part, m_shapes[s].meeting, m_outages.back());
            LoseTail(part, m_shapes[s].meeting, m_outages.back(), true);
        }
    }
}

/// The meeting's phases, held against the dead link; of one that began behind the outage, none.
const std::vector<FusedPhase>&
FusedComms::Watched(const Partition& part, uint32_t index, Outage& outage)
{
    const auto [entry, isNew] = outage.phases.try_emplace(m_states[index].shape);
    if (isNew && part.now() < outage.until)
    {
        m_routes->Watch(outage.link);
        entry->second = MakeShape(index).phases;
        m_routes->Watch(kNone);
    }
    return entry->second;
}

/// Of the latest phase whose last bit has left. `inFlight`: before the link failed.
void
FusedComms::LoseTail(const Partition& part, uint32_t index, Outage& outage, bool inFlight)
{
    State& state = m_states[index];
    if (state.drained.phase == kNone)
    {
        return;
    }
    const CoflowNetwork::Config config = m_routes->networkConfig();
    const Tick crossing = m_routes->CrossingLag();
    const Tick answering = m_routes->AnswerLag();
    const auto from = static_cast<double>(outage.from);
    const auto until = static_cast<double>(outage.until);
    const auto end = static_cast<double>(state.drained.at);
    const auto took = static_cast<double>(state.drained.at - state.drained.began);
    if (state.drained.at + answering < outage.from)
    {
        return;
    }
    const std::vector<FusedPhase>& phases = Watched(part, index, outage);
    if (state.drained.phase >= phases.size())
    {
        return;
    }
    const FusedPhase& phase = phases[state.drained.phase];
    const double packets = std::max(1.0, std::ceil(phase.loop.message / config.packetBits));
    const double spread = phase.together ? 0 : took / phase.perQueuePair;
    const double between = (phase.together ? took / phase.perQueuePair : phase.message) / packets;
    const auto inTime = [&](double at) { return at >= from && at <= until; };
    double silent = 0;     // expected: receivers that miss something
    double unanswered = 0; // … senders that hear nothing
    double lost = 0;       // … packets that others follow
    double heard = 0;      // … that: probabilities
    double ends = 0;       // … when they ended, sum
    for (const FlowRoutes::Exposed& e : phase.exposed)
    {
        double misses = 0; // probabilities, mean over the time in which they end
        double deaf = 0;
        for (int sample = 0; sample < kSamples; ++sample)
        {
            const double left = end - spread * (sample + 0.5) / kSamples;
            const double there = left + static_cast<double>(crossing);
            const double answered = left + static_cast<double>(answering);
            const double span = std::clamp(there - from, 0.0, config.repairTime);
            const double last = std::clamp(std::ceil(span / between), 1.0, packets);
            const auto tail = [&](double loss, double at)
            {
                const double rounds = std::ceil((until - at) / config.repairTime);
                return fabric::SilentTail(loss,
                                          static_cast<uint32_t>(last),
                                          static_cast<uint32_t>(rounds)) /
                       kSamples;
            };
            if (e.data > 0 && inTime(there))
            {
                misses += tail(e.data, there);
                lost += e.count * e.data * last / kSamples;
            }
            double hears = 0; // nothing
            if (e.answers > 0 && inTime(answered))
            {
                hears = e.data == 0 ? e.answers / kSamples
                                    : tail(1 - (1 - e.data) * (1 - e.answers), answered);
            }
            else if (e.data > 0 && inTime(there))
            {
                hears = tail(e.data, there);
            }
            deaf += hears;
            ends += e.count * hears * left;
        }
        silent += e.count * Expected(misses);
        unanswered += e.count * Expected(deaf);
        heard += e.count * deaf;
    }
    const double tail = phase.tail.total();
    const auto timeout = static_cast<double>(config.retransmissionTimeout);
    const bool receiving = state.phase == state.drained.phase;
    if (receiving && silent > kLikely)
    {
        state.received = std::max<Tick>(state.received, std::llround(end + timeout + tail));
    }
    else if (receiving && inFlight && lost > kLikely)
    {
        // As CoflowNetwork::LossDelay(): the unluckiest is lost again and again.
        double repairs = 0;
        const double most = std::ceil((until - from) / config.repairTime);
        const double again =
            std::max_element(phase.exposed.begin(),
                             phase.exposed.end(),
                             [](const auto& a, const auto& b) { return a.data < b.data; })
                ->data;
        for (double open = lost; open > kLikely && repairs < most; open *= again)
        {
            ++repairs;
        }
        state.received =
            std::max<Tick>(state.received, std::llround(end + tail + repairs * config.repairTime));
    }
    if (unanswered > kLikely)
    {
        const double at = ends / heard + timeout + phase.acknowledged.total();
        state.acknowledged = std::max<Tick>(state.acknowledged, std::llround(at));
    }
}

/// Paths have changed.
void
FusedComms::OnRoutes(Partition& part)
{
    for (uint32_t s = 0; s < m_shapes.size(); ++s)
    {
        Known& shape = m_shapes[s];
        shape.stale = true;
        if (!UnderWay(s))
        {
            continue;
        }
        const State& state = m_states[shape.meeting];
        const FusedShape& now = MakeShape(shape.meeting);
        for (size_t p = state.phase; p < shape.phases.size(); ++p)
        {
            const uint32_t coflow = shape.phases[p].coflow;
            const bool reached = now.phases[p].reached;
            if (coflow != kNone && (reached || m_network.active(coflow)))
            {
                m_network.Reload(part,
                                 coflow,
                                 reached ? now.phases[p].loads : decltype(FusedPhase::loads){});
            }
        }
    }
}

} // namespace heddle::training

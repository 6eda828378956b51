// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/rdma-lost-tail.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <vector>

namespace heddle
{

namespace
{

constexpr unsigned kMostDoublings = 5;

/// A sender with selective repeat, its receiver, and the link between them. Times are ps after the
/// last packet's first transmission.
class TailRun
{
  public:
    TailRun(const TailOutage& outage, const RandomStream& random, uint32_t packets)
        : m_outage(outage),
          m_random(random),
          m_packets(packets),
          m_missing(packets),
          m_open(packets)
    {
    }

    LostTail Run()
    {
        const auto count = static_cast<uint32_t>(m_packets.size());
        for (uint32_t p = 0; p < count; ++p)
        {
            Transmit(p, -m_outage.spacing * (count - 1 - p));
        }
        while (m_open > 0 && m_timeouts <= kMostTailTimeouts)
        {
            const double due = Due();
            if (!m_events.empty() && m_events.begin()->first <= due)
            {
                const auto [now, event] = *m_events.begin();
                m_events.erase(m_events.begin());
                event.acknowledges ? OnAcknowledged(event) : OnReceived(event, now);
                continue;
            }
            const bool expired = due >= m_flight.front().sentAt + Timeout();
            m_timeouts += expired ? 1 : 0;
            m_backoff += expired ? 1 : 0;
            // A retry budget has one timer for all of them.
            const size_t lost = expired && !m_outage.doubles ? m_flight.size() : 1;
            for (size_t n = 0; n < lost; ++n)
            {
                Resend(due);
            }
        }
        m_late.received = m_complete ? m_late.received : m_lastSent;
        m_late.answered = m_open == 0 ? m_late.answered : m_lastSent;
        return m_late;
    }

  private:
    struct Packet
    {
        bool received = false;
        bool heard = false; ///< the sender knows
    };

    struct Transmission
    {
        uint32_t packet;
        double sentAt;
    };

    struct Event
    {
        bool acknowledges;
        uint32_t packet; ///< that arrives, or has
        uint32_t next;   ///< of an acknowledgement: the first that is missing
        double sentAt;
    };

    double Timeout() const
    {
        const unsigned doublings = m_outage.doubles ? std::min(m_backoff, kMostDoublings) : 0;
        return std::ldexp(static_cast<double>(m_outage.timeout), static_cast<int>(doublings));
    }

    /// When the oldest transmission that nobody has heard of counts as lost.
    double Due()
    {
        while (m_packets[m_flight.front().packet].heard)
        {
            m_flight.pop_front();
        }
        const double sentAt = m_flight.front().sentAt;
        const double timeout = sentAt + Timeout();
        return m_newestHeard > sentAt ? std::min(timeout, sentAt + m_outage.repair) : timeout;
    }

    bool IsLost(double probability, Tick at, double shift)
    {
        const double there = static_cast<double>(at) + shift;
        const bool dead = there >= static_cast<double>(m_outage.from) &&
                          there <= static_cast<double>(m_outage.until);
        return dead && probability > 0 && m_random.Uniform(m_draws++) < probability;
    }

    void Transmit(uint32_t packet, double at)
    {
        m_lastSent = at;
        m_flight.push_back({packet, at});
        if (!IsLost(m_outage.data, m_outage.crossing, at))
        {
            const double wait =
                m_outage.wait > 0 ? -m_outage.wait * std::log(m_random.Uniform(m_draws++)) : 0;
            m_events.insert({at + m_outage.trip / 2 + wait, {false, packet, 0, at}});
        }
    }

    /// The oldest.
    void Resend(double now)
    {
        const uint32_t packet = m_flight.front().packet;
        m_flight.pop_front();
        if (!m_packets[packet].heard)
        {
            Transmit(packet, std::max(now, m_lastSent + m_outage.spacing));
        }
    }

    void OnReceived(const Event& event, double now)
    {
        Packet& packet = m_packets[event.packet];
        m_missing -= packet.received ? 0 : 1;
        packet.received = true;
        while (m_next < m_packets.size() && m_packets[m_next].received)
        {
            ++m_next;
        }
        if (m_missing == 0 && !m_complete)
        {
            m_complete = true;
            m_late.received = std::max(0.0, event.sentAt);
        }
        const double back = now - m_outage.trip / 2;
        if (!IsLost(m_outage.answers, m_outage.answering, back))
        {
            m_events.insert({now + m_outage.trip / 2, {true, event.packet, m_next, event.sentAt}});
        }
    }

    void OnAcknowledged(const Event& event)
    {
        const uint32_t before = m_open;
        Hear(event.packet);
        for (uint32_t p = 0; p < event.next; ++p)
        {
            Hear(p);
        }
        m_backoff = m_open < before ? 0 : m_backoff;
        m_newestHeard = std::max(m_newestHeard, event.sentAt);
        if (m_open == 0)
        {
            m_late.answered = std::max({0.0, event.sentAt, m_late.received});
        }
    }

    void Hear(uint32_t packet)
    {
        m_open -= m_packets[packet].heard ? 0 : 1;
        m_packets[packet].heard = true;
    }

    const TailOutage& m_outage;
    const RandomStream& m_random;
    std::vector<Packet> m_packets;
    std::deque<Transmission> m_flight; ///< the latest of each packet, in order of time
    std::multimap<double, Event> m_events;
    uint32_t m_missing;  ///< at the receiver
    uint32_t m_next = 0; ///< … the first
    uint32_t m_open;     ///< that the sender has not heard of
    double m_lastSent = 0;
    double m_newestHeard = -1e18;
    bool m_complete = false;
    uint32_t m_timeouts = 0;
    unsigned m_backoff = 0;
    uint64_t m_draws = 0;
    LostTail m_late;
};

} // namespace

LostTail
DrawLostTail(const TailOutage& outage, const RandomStream& random)
{
    const auto dead = static_cast<double>(std::max<Tick>(0, outage.answering - outage.from));
    const double window = std::min(outage.repair, dead);
    const double behind =
        outage.spacing > 0 ? std::ceil(window / outage.spacing) : kMostTailPackets;
    const double count =
        std::min({static_cast<double>(outage.packets), behind, double{kMostTailPackets}});
    return TailRun(outage, random, static_cast<uint32_t>(std::max(1.0, count))).Run();
}

} // namespace heddle

// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/rdma-controlled-port.h"

#include "ns3/base-hash.h"
#include "ns3/base-random.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace heddle
{

namespace
{

constexpr double kTicksPerSecond = 1e12;
constexpr double kBitsPerByte = 8;
constexpr int kMostStreams = 64;
constexpr int kMostDraws = 8;            ///< of few streams, mean of the times
constexpr Tick kStep = 2 * kMicrosecond; ///< well below the periods of controls
constexpr Tick kMostTime = 2 * kMillisecond;
/// Similar: within this part of each other.
constexpr double kSimilar = 0.02;

struct Stream
{
    CongestionState state;
    double left = 0;      ///< bits to send
    double hazard = 0;    ///< of a mark, since the last
    double threshold = 0; ///< … at which the next comes
    Tick lastCnp = std::numeric_limits<Tick>::min() / 2;
    Tick cnp = kForever; ///< arrives then
    uint64_t marks = 0;
};

int
Grade(double value)
{
    return value > 0 ? static_cast<int>(std::lround(std::log(value) / std::log1p(kSimilar))) : 0;
}

double
OfGrade(int grade)
{
    return std::exp(grade * std::log1p(kSimilar));
}

} // namespace

ControlledPort::ControlledPort(const CongestionControl& control, const Config& config)
    : m_control(control), m_config(config)
{
}

double
ControlledPort::Efficiency(const Demand& demand)
{
    const int streams = Grade(demand.streams);
    const int excess = Grade(demand.offered / demand.rate);
    const int bits = Grade(demand.bits);
    const auto [entry, isNew] = m_known.try_emplace({demand.rate, streams, excess, bits}, 1.0);
    if (!isNew)
    {
        return entry->second;
    }
    // Of the grade, not of who came first.
    const Demand graded{demand.rate,
                        OfGrade(streams),
                        demand.rate * OfGrade(excess),
                        OfGrade(bits)};
    const int draws =
        std::clamp(kMostStreams / static_cast<int>(std::lround(graded.streams) + 1), 1, kMostDraws);
    double sum = 0;
    for (int draw = 0; draw < draws; ++draw)
    {
        sum += 1 / Simulate(graded, draw);
    }
    entry->second = draws / sum;
    return entry->second;
}

double
ControlledPort::Simulate(const Demand& demand, uint32_t draw) const
{
    const int count = std::clamp(static_cast<int>(std::lround(demand.streams)), 1, kMostStreams);
    const double part = count / std::max(1.0, demand.streams); // of the port
    const double rate = demand.rate * part;
    const double fair = demand.offered * part / count; // a stream's part of its NIC
    const double kmin = m_config.kmin * part;
    const double kmax = m_config.kmax * part;
    const RandomStream random(draw, "controlled-port", count);
    const void* parameters = m_control.parameters.get();
    std::vector<Stream> streams(count);
    for (int s = 0; s < count; ++s)
    {
        Stream& stream = streams[s];
        stream.state.lineRate = m_config.lineRate;
        stream.state.rate = m_config.lineRate;
        stream.left = demand.bits * part / count;
        stream.threshold = -std::log(random.Uniform(s));
        if (m_control.ops->start != nullptr)
        {
            m_control.ops->start(parameters, stream.state);
        }
    }
    const double step = static_cast<double>(kStep) / kTicksPerSecond;
    double queue = 0;
    double cap = fair; // each may send, as its NIC shares out what others leave
    double carried = 0;
    double half = 0; // carried in the first half of kMostTime
    Tick now = 0;
    for (; now < kMostTime; now += kStep)
    {
        double inflow = 0;
        int sending = 0;
        for (Stream& stream : streams)
        {
            const double most = std::min({stream.state.rate, cap, m_config.lineRate});
            const double bits = std::min(stream.left, most * step);
            sending += stream.left > 0 ? 1 : 0;
            stream.left -= bits;
            inflow += bits;
            if (bits > 0 && stream.state.rate < stream.state.lineRate &&
                m_control.ops->onSend != nullptr)
            {
                m_control.ops->onSend(parameters,
                                      stream.state,
                                      now,
                                      static_cast<uint32_t>(bits / kBitsPerByte));
            }
        }
        const double out = std::min(queue + inflow, rate * step);
        queue += inflow - out;
        carried += out;
        half = now < kMostTime / 2 ? carried : half;
        if (sending == 0 && queue <= 0)
        {
            // What is left of the last step was not needed.
            const double idle = 1 - out / (rate * step);
            const double took = static_cast<double>(now + kStep) / kTicksPerSecond - idle * step;
            return std::min(1.0, demand.bits * part / rate / took);
        }
        const double mean = sending > 0 ? inflow / step / sending : 0;
        cap = mean > 0 ? std::clamp(cap * fair / mean, fair, m_config.lineRate) : fair;
        const double over = queue - kmin;
        const double p = over <= 0 ? 0 : queue >= kmax ? 1 : m_config.pmax * over / (kmax - kmin);
        const double each = out / m_config.packetBits / count; // packets that leave
        const double gap = static_cast<double>(m_control.notification.minimumGap);
        for (int s = 0; s < count; ++s)
        {
            Stream& stream = streams[s];
            stream.hazard += p < 1 ? -each * std::log1p(-p) : each * 40;
            if (stream.hazard >= stream.threshold)
            {
                ++stream.marks;
                stream.hazard = 0;
                stream.threshold =
                    -std::log(random.Uniform(HashCombine(static_cast<uint64_t>(s), stream.marks)));
                const Tick at = now + m_config.notification;
                if (static_cast<double>(at - stream.lastCnp) >= gap && stream.cnp == kForever)
                {
                    stream.lastCnp = at;
                    stream.cnp = at;
                }
            }
            if (stream.cnp <= now)
            {
                stream.cnp = kForever;
                m_control.ops->onCnp(parameters, stream.state, now);
            }
            if (stream.state.timer <= now)
            {
                stream.state.timer = kForever;
                m_control.ops->onTimer(parameters, stream.state, now);
            }
        }
    }
    const double later =
        (carried - half) / (rate * static_cast<double>(kMostTime) / 2) * kTicksPerSecond;
    const double rest = demand.bits * part - carried;
    const double took =
        static_cast<double>(kMostTime) / kTicksPerSecond + rest / (rate * std::max(0.01, later));
    return std::min(1.0, demand.bits * part / rate / took);
}

} // namespace heddle

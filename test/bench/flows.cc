// SPDX-License-Identifier: GPL-2.0-only
#include "flows.h"

#include "ns3/base-errors.h"

#include <array>
#include <numeric>
#include <utility>

namespace heddle::bench
{

namespace
{

/// CPython's random.Random(seed): MT19937 (Matsumoto and Nishimura, 1998) with init_by_array, of
/// which std::mt19937 offers only the other initialisation.
class PythonRandom
{
  public:
    explicit PythonRandom(uint32_t seed)
    {
        m_state[0] = 19650218U;
        for (uint32_t i = 1; i < kWords; ++i)
        {
            m_state[i] = 1812433253U * (m_state[i - 1] ^ (m_state[i - 1] >> 30)) + i;
        }
        uint32_t i = 1;
        auto advance = [&]
        {
            if (++i >= kWords)
            {
                m_state[0] = m_state[kWords - 1];
                i = 1;
            }
        };
        auto mixed = [&] { return m_state[i - 1] ^ (m_state[i - 1] >> 30); };
        for (uint32_t n = 0; n < kWords; ++n)
        {
            m_state[i] = (m_state[i] ^ (mixed() * 1664525U)) + seed;
            advance();
        }
        for (uint32_t n = 1; n < kWords; ++n)
        {
            m_state[i] = (m_state[i] ^ (mixed() * 1566083941U)) - i;
            advance();
        }
        m_state[0] = 0x80000000U;
    }

    /// random._randbelow(n): draws of as many bits as n has, until one is below n.
    uint32_t Below(uint32_t n)
    {
        const int bits = 32 - __builtin_clz(n);
        for (;;)
        {
            const uint32_t draw = Next() >> (32 - bits);
            if (draw < n)
            {
                return draw;
            }
        }
    }

    void Shuffle(std::vector<uint32_t>& items)
    {
        for (auto i = static_cast<uint32_t>(items.size() - 1); i > 0; --i)
        {
            std::swap(items[i], items[Below(i + 1)]);
        }
    }

  private:
    static constexpr uint32_t kWords = 624;

    uint32_t Next()
    {
        if (m_index == kWords)
        {
            for (uint32_t i = 0; i < kWords; ++i)
            {
                const uint32_t y =
                    (m_state[i] & 0x80000000U) | (m_state[(i + 1) % kWords] & 0x7fffffffU);
                m_state[i] = m_state[(i + 397) % kWords] ^ (y >> 1) ^ ((y & 1) ? 0x9908b0dfU : 0);
            }
            m_index = 0;
        }
        uint32_t y = m_state[m_index++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680U;
        y ^= (y << 15) & 0xefc60000U;
        return y ^ (y >> 18);
    }

    std::array<uint32_t, kWords> m_state;
    uint32_t m_index = kWords;
};

} // namespace

FlowSet
Permutation(uint32_t hosts, uint64_t bytes, uint32_t seed)
{
    HEDDLE_CHECK(seed > 0 && hosts > 1, "a permutation needs a seed and two hosts");
    std::vector<uint32_t> from(hosts);
    std::iota(from.begin(), from.end(), 0);
    std::vector<uint32_t> to = from;
    PythonRandom random(seed);
    random.Shuffle(from);
    random.Shuffle(to);
    FlowSet set;
    set.hosts = hosts;
    for (uint32_t i = 0; i < hosts; ++i)
    {
        if (from[i] == to[i]) // no host sends to itself
        {
            std::swap(to[i], to[(i + 1) % hosts]);
        }
    }
    for (uint32_t i = 0; i < hosts; ++i)
    {
        set.flows.push_back({from[i], to[i], bytes});
    }
    return set;
}

FlowSet
RingAllReduce(uint32_t hosts, uint64_t chunkBytes)
{
    FlowSet set;
    set.hosts = hosts;
    for (uint32_t owner = 0; owner < hosts; ++owner)
    {
        for (uint32_t step = 0; step + 1 < 2 * hosts; ++step)
        {
            const NicId from = (owner + step) % hosts;
            Flow flow{from, (from + 1) % hosts, chunkBytes, step == 0 ? 0 : kForever};
            if (step + 2 < 2 * hosts)
            {
                flow.onReceived = static_cast<uint32_t>(set.triggers.size());
                const auto next = static_cast<uint32_t>(set.flows.size() + 1);
                set.triggers.push_back({Trigger::Kind::OneShot, 0, {next}});
            }
            set.flows.push_back(flow);
        }
    }
    return set;
}

FlowSet
AllToAll(uint32_t hosts, uint64_t bytes, uint32_t parallel)
{
    FlowSet set;
    set.hosts = hosts;
    for (NicId from = 0; from < hosts; ++from)
    {
        Trigger next{Trigger::Kind::MultiShot, 0, {}};
        for (uint32_t distance = 1; distance < hosts; ++distance)
        {
            Flow flow{from, (from + distance) % hosts, bytes, 0};
            flow.onSent = from; // one trigger per host
            if (distance > parallel)
            {
                flow.start = kForever;
                next.targets.push_back(static_cast<uint32_t>(set.flows.size()));
            }
            set.flows.push_back(flow);
        }
        set.triggers.push_back(std::move(next));
    }
    return set;
}

uint32_t
FatTreeRadix(uint32_t hosts)
{
    for (uint32_t k = 2; uint64_t{k} * k * k / 4 <= hosts; k += 2)
    {
        if (k * k * k / 4 == hosts)
        {
            return k;
        }
    }
    throw InputError("no classic 3-tier fat-tree has " + std::to_string(hosts) +
                     " hosts; k = 4, 8, 16, 32 have 16, 128, 1024, 8192");
}

uint32_t
PathLinks(uint32_t k, NicId from, NicId to)
{
    const uint32_t half = k / 2;
    if (from / half == to / half)
    {
        return 2;
    }
    return from / (half * half) == to / (half * half) ? 4 : 6;
}

uint64_t
DataHops(const FlowSet& set, uint32_t k, uint32_t payloadBytes)
{
    uint64_t hops = 0;
    for (const Flow& flow : set.flows)
    {
        hops += (flow.bytes + payloadBytes - 1) / payloadBytes * PathLinks(k, flow.from, flow.to);
    }
    return hops;
}

} // namespace heddle::bench

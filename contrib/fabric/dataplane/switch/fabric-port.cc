// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-port.h"

#include <limits>

namespace heddle::fabric
{

uint32_t
PsPerByte(BitRate rate)
{
    constexpr uint64_t kPicosecondsPerByte = 8'000'000'000'000ULL; // at 1 b/s
    const uint64_t whole = kPicosecondsPerByte / rate.bps();
    const bool exact = kPicosecondsPerByte % rate.bps() == 0;
    return exact && whole <= std::numeric_limits<uint32_t>::max() ? static_cast<uint32_t>(whole)
                                                                  : 0;
}

Scheduler::Scheduler(const SwitchConfig& config)
{
    for (unsigned c = 0; c < kClasses; ++c)
    {
        m_strict |= static_cast<uint8_t>((config.classes[c].strict ? 1U : 0U) << c);
        m_quantum[c] = int64_t{config.classes[c].weight} * config.mtuWireBytes;
    }
}

unsigned
Scheduler::PickByDeficit(Port& port, PortId id, ClassQueues& queues, uint8_t eligible) const
{
    const auto poor = [&](unsigned c)
    { return queues.At(id, c).head->wireBytes > queues.At(id, c).deficit; };
    unsigned c = port.dwrrClass;
    while ((eligible >> c & 1U) == 0 || poor(c))
    {
        do
        {
            c = (c + 1) % kClasses;
        } while ((eligible >> c & 1U) == 0);
        queues.At(id, c).deficit += m_quantum[c];
    }
    port.dwrrClass = static_cast<uint8_t>(c);
    queues.At(id, c).deficit -= queues.At(id, c).head->wireBytes;
    return c;
}

} // namespace heddle::fabric

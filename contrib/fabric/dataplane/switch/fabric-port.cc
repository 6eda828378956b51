// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-port.h"

namespace heddle::fabric
{

Scheduler::Scheduler(const SwitchConfig& config)
{
    for (unsigned c = 0; c < kClasses; ++c)
    {
        m_strict |= static_cast<uint8_t>((config.classes[c].strict ? 1U : 0U) << c);
        m_quantum[c] = int64_t{config.classes[c].weight} * config.mtuWireBytes;
    }
}

unsigned
Scheduler::PickByDeficit(Port& port, uint8_t eligible) const
{
    ClassQueue* queues = port.queues;
    unsigned c = port.dwrrClass;
    while ((eligible >> c & 1U) == 0 || queues[c].head->wireBytes > queues[c].deficit)
    {
        do
        {
            c = (c + 1) % kClasses;
        } while ((eligible >> c & 1U) == 0);
        queues[c].deficit += m_quantum[c];
    }
    port.dwrrClass = static_cast<uint8_t>(c);
    queues[c].deficit -= queues[c].head->wireBytes;
    return c;
}

} // namespace heddle::fabric

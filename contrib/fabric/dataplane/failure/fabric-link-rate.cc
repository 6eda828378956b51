// SPDX-License-Identifier: GPL-2.0-only
//
// A link that loses or regains lanes. Deviations: PFC headroom stays that of the full rate, which
// is enough; the ramp between lane counts is instantaneous (real links may retrain: take the link
// down for that time).
#include "ns3/base-errors.h"
#include "ns3/fabric-network-impl.h"

namespace heddle
{

void
Network::SetLinkRate(uint32_t link, BitRate rate)
{
    HEDDLE_CHECK(m_impl->core.alone(), "links change while nothing else runs");
    HEDDLE_CHECK(link < m_impl->linkUp.size() && rate.bps() > 0, "no such link, or no rate");
    m_impl->nicCapacity.SetRate(link, rate, m_impl->PartOf(2 * link).now());
    for (PortId id : {2 * link, 2 * link + 1})
    {
        m_impl->SetPortRate(id, rate);
    }
}

void
Network::Impl::SetPortRate(PortId id, BitRate rate)
{
    fabric::Port& port = ports[id];
    const uint32_t before = port.psPerByte;
    port.psPerByte = fabric::PsPerByte(rate);
    port.unusual = cut[id / 2] || IsUnusual(port);
    // The busy time of whole rates follows from the bytes: keep what has been.
    details[id].busy += (Tick{before} - Tick{port.psPerByte}) * static_cast<Tick>(port.txBytes);
    details[id].rate = rate;
    const Topology::Link& link = topology.links[id / 2];
    const Topology::Node& from = id % 2 == 0 ? link.a : link.b;
    if (!from.isSwitch && nics[from.index].client != nullptr)
    {
        nics[from.index].client->OnRateChange(from.index, rate);
    }
    waitsForTails = cutThrough && !ideal;
}

} // namespace heddle

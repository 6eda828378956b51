// SPDX-License-Identifier: GPL-2.0-only
//
// File: message-network.h
// -----------------------
// What the levels by messages share: a network, a transport over it, links that change.

#ifndef HEDDLE_SCENARIOS_MESSAGE_NETWORK_H
#define HEDDLE_SCENARIOS_MESSAGE_NETWORK_H

#include "run/fidelity/fidelity.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace heddle
{

/// `Net` and `Carrier` as Network and Transport, or FlowNetwork and FlowTransport.
template <class Net, class Carrier>
class MessageNetwork : public ScaleOutNetwork
{
  public:
    /// `settings`: of the network, behind the core and the topology.
    template <class Settings>
    MessageNetwork(EventCore& core,
                   const Topology& topology,
                   const Settings& settings,
                   const TransportConfig& config)
        : m_network(core, topology, settings),
          m_transport(core, m_network, config),
          m_scaleOut(m_transport)
    {
    }

    ScaleOut* scaleOut() override
    {
        return &m_scaleOut;
    }

    void CutLink(uint32_t link) override
    {
        m_network.CutLink(link);
    }

    void SetLinkShare(uint32_t link, double share) override
    {
        m_network.SetLinkUp(link, share > 0);
        if (share > 0)
        {
            const auto built = static_cast<double>(m_network.topology().links[link].rate.bps());
            m_network.SetLinkRate(link,
                                  BitRate(static_cast<uint64_t>(std::llround(built * share))));
        }
    }

    std::string Failure() const override
    {
        const std::optional<TransportFailure> failure = m_transport.failure();
        return failure ? failure->Text() : "";
    }

  protected:
    Net& network()
    {
        return m_network;
    }

    TransportCounters counters() const
    {
        return m_transport.counters();
    }

  private:
    Net m_network;
    Carrier m_transport;
    ScaleOutOver<Carrier> m_scaleOut;
};

} // namespace heddle

#endif

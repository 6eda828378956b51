// SPDX-License-Identifier: GPL-2.0-only
//
// Packet level: every packet crosses every queue.
#include "run/fidelity/fidelity.h"

#include "ns3/base-errors.h"
#include "ns3/base-registry.h"

#include <cmath>
#include <numeric>
#include <optional>

namespace heddle
{

namespace
{

void
FillCounters(const NetworkCounters& n, const TransportCounters& t, v1::Counters& out)
{
    const auto dropped = [&](DropReason reason) { return n.dropped[static_cast<size_t>(reason)]; };
    out.set_packets_injected(n.injected);
    out.set_packets_delivered(n.delivered);
    out.set_dropped_buffer_full(dropped(DropReason::BufferFull));
    out.set_dropped_link_down(dropped(DropReason::LinkDown));
    out.set_dropped_random_loss(dropped(DropReason::RandomLoss));
    out.set_dropped_no_route(dropped(DropReason::NoRoute));
    out.set_packet_hops(n.dataHops);
    out.set_ecn_marks(n.ecnMarks);
    out.set_pause_frames(n.pauseFrames);
    out.set_link_replays(n.replays);
    out.set_messages(t.messages);
    out.set_data_packets(t.dataPackets);
    out.set_retransmits(t.retransmits);
    out.set_timeouts(t.timeouts);
    out.set_acks(t.acks);
    out.set_nacks(t.nacks);
    out.set_cnps(t.cnps);
    out.set_out_of_order(t.outOfOrder);
    out.set_port_moves(t.portMoves);
}

class PacketNetwork : public ScaleOutNetwork
{
  public:
    PacketNetwork(EventCore& core,
                  const Topology& topology,
                  const Partitioning& parts,
                  const TransportConfig& config)
        : m_network(core, topology, parts),
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
            const BitRate built = m_network.topology().links[link].rate;
            m_network.SetLinkRate(
                link,
                BitRate(static_cast<uint64_t>(std::llround(built.bps() * share))));
        }
    }

    std::string Failure() const override
    {
        const std::optional<TransportFailure> failure = m_transport.failure();
        return failure ? failure->Text() : "";
    }

    NetworkReport Report() override
    {
        const NetworkCounters counters = m_network.counters();
        const uint64_t dropped =
            std::accumulate(counters.dropped.begin(), counters.dropped.end(), uint64_t{0});
        HEDDLE_CHECK(counters.injected == counters.delivered + dropped + m_network.inFlight(),
                     "packets are not conserved");
        NetworkReport report;
        FillCounters(counters, m_transport.counters(), report.counters);
        report.counters.set_packets_in_flight(m_network.inFlight());
        for (PortId port = 0; port < 2 * m_network.topology().links.size(); ++port)
        {
            report.ports.push_back(m_network.portCounters(port));
        }
        return report;
    }

  private:
    Network m_network;
    Transport m_transport;
    TransportScaleOut m_scaleOut;
};

std::unique_ptr<ScaleOutNetwork>
Make(EventCore& core,
     const Topology& topology,
     const Partitioning& parts,
     const TransportConfig& transport)
{
    return std::make_unique<PacketNetwork>(core, topology, parts, transport);
}

const Registration<FidelityLevel> kPacket{
    {"fidelity",
     "packet",
     "Every packet crosses every queue: transports, congestion control, PFC, buffers, losses. The "
     "truth that the other levels are measured against.",
     {}},
    {&Make, nullptr, false}};

} // namespace

} // namespace heddle

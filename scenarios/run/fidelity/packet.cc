// SPDX-License-Identifier: GPL-2.0-only
//
// Packet level: every packet crosses every queue.
#include "run/fidelity/message-network.h"

#include "ns3/base-errors.h"
#include "ns3/base-registry.h"

#include <numeric>

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

class PacketNetwork : public MessageNetwork<Network, Transport>
{
  public:
    using MessageNetwork::MessageNetwork;

    NetworkReport Report() override
    {
        const NetworkCounters sent = network().counters();
        const uint64_t dropped =
            std::accumulate(sent.dropped.begin(), sent.dropped.end(), uint64_t{0});
        HEDDLE_CHECK(sent.injected == sent.delivered + dropped + network().inFlight(),
                     "packets are not conserved");
        NetworkReport report;
        FillCounters(sent, counters(), report.counters);
        report.counters.set_packets_in_flight(network().inFlight());
        for (PortId port = 0; port < 2 * network().topology().links.size(); ++port)
        {
            report.ports.push_back(network().portCounters(port));
        }
        return report;
    }
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

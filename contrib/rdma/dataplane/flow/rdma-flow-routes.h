// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-flow-routes.h
// ------------------------
// What bytes between NICs mean for the ports of a fabric, for coupled flows
// (fabric-coflow-network.h): headers and acknowledgements included, on the paths that the packets
// of each queue pair would take.
//
//   FlowRoutes routes(core, topology, config);
//   routes.AddPorts(network);                       // as ports 0 … of the network
//   routes.Add(from, to, channel, bytes, messages); // … for every connection of a collective
//   routes.Take(loads);                             // all of them together, by port
//
// A balancer that hashes flows pins each queue pair to one path, another spreads its bytes over all
// equal-cost paths (fabric-flow-paths.h). Acknowledgements load the ports of the other direction:
// one for every ackEveryPackets, or for every packet where few flows that spread enter a NIC.

#ifndef HEDDLE_RDMA_FLOW_ROUTES_H
#define HEDDLE_RDMA_FLOW_ROUTES_H

#include "ns3/fabric-coflow-network.h"
#include "ns3/fabric-flow-paths.h"
#include "ns3/rdma-transport.h"

#include <functional>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

namespace heddle
{

class FlowRoutes
{
  public:
    /// `topology` must outlive it. Throws InputError.
    FlowRoutes(EventCore& core, const Topology& topology, const TransportConfig& config);

    /// What the transport asks of the network.
    CoflowNetwork::Config networkConfig() const;

    /// The network is empty: PortId = port.
    void AddPorts(CoflowNetwork& network) const;

    /// Paths depend on the channel.
    bool pinned() const
    {
        return m_paths.pinned();
    }

    /// `bytes` in `messages` messages of the queue pair (from, to, channel). Throws InputError when
    /// there is no path on the intact fabric.
    void Add(NicId from, NicId to, uint32_t channel, uint64_t bytes, uint64_t messages);

    /// Of what was added since the last Take(): time of the port between switches that is loaded
    /// most on a queue pair's path over that of its NIC's port; at least 1.
    /// Nothing is added after it.
    double Crowding(NicId from, NicId to, uint32_t channel);

    /// The ports between switches of a queue pair that is pinned to one path and was added, with
    /// the time of its bits on each over that on its NIC's port. None where packets spread.
    std::vector<std::pair<PortId, double>> PortsBetween(NicId from,
                                                        NicId to,
                                                        uint32_t channel) const;

    /// Of what the latest Take() returned, all sent at once: how much later than from an even queue
    /// its last sprayed packet comes; ps. Nothing where ports between switches are full: there
    /// Load::uneven has it.
    double LastPacketLate() const
    {
        return m_late;
    }

    /// The same of one message of those from leaf to leaf, in the mean of `steps` that follow each
    /// other; before Take(), like Crowding().
    double MessageLate(NicId from, NicId to, double steps);

    /// Queue pairs with a dead link among their paths.
    struct Exposed
    {
        double data = 0;    ///< probability that a packet comes to it, [0, 1]
        double answers = 0; ///< … that an acknowledgement does
        double count = 0;   ///< queue pairs
    };

    /// What is added from now on is held against this link; kNone: against none.
    void Watch(uint32_t link)
    {
        m_watched = link;
    }

    /// Of what was added since the last call while a link was watched.
    std::vector<Exposed> TakeExposed();

    /// From a packet's leaving its NIC, sendLatency included, to the middle of its way, and to its
    /// acknowledgement's; ps.
    Tick CrossingLag() const;
    Tick AnswerLag() const;

    /// The loads of what was added since the last call, appended. False: some of it has no path
    /// now.
    bool Take(std::vector<CoflowNetwork::Load>& loads);

    /// From Post() of a message of this size to its delivery, but for its bytes at line rate; ps.
    Tick Latency(NicId from, NicId to, uint64_t bytes);
    /// One acknowledgement without load; ps.
    Tick AckLatency(NicId from, NicId to);
    /// Of the bytes at the rate of the slower NIC; ps.
    double SerialisationTime(NicId from, NicId to, uint64_t bytes) const;
    /// Of so many bytes in so many messages, headers included; bits.
    double WireBits(uint64_t bytes, uint64_t messages) const;

    Tick receiveLatency() const
    {
        return m_config.receiveLatency;
    }

    const Topology& topology() const
    {
        return m_topology;
    }

    /// Called when paths have changed.
    void SetListener(std::function<void(Partition&)> listener)
    {
        m_listener = std::move(listener);
    }

    /// Called when a link fails, before paths change.
    void SetFailureListener(std::function<void(Partition&, uint32_t link)> listener)
    {
        m_failureListener = std::move(listener);
    }

    /// The link has this share of the rate it was built with; 0: it is down, and forwarding tables
    /// follow after Topology::rerouteDelay. Ports of `network` are those of AddPorts().
    void SetLinkShare(Partition& part, CoflowNetwork& network, uint32_t link, double share);

  private:
    static uint64_t PairKey(uint32_t a, uint32_t b, uint32_t c)
    {
        return (uint64_t{a} << 40) ^ (uint64_t{b} << 16) ^ c;
    }

    NicId FarNic() const;
    Tick FarRoundTrip() const;
    // rdma-flow-draws.cc
    bool Swallows(PortId port) const;
    double CrossingShare(NicId from, NicId to, uint32_t entropy);
    void Expose(NicId from, NicId to, uint32_t channel);
    uint32_t Siblings(uint32_t link) const;
    void OnReroute(Partition& part, const Event& event);
    void AddBits(PortId port, double bits);
    void Spread();
    bool Reordered() const;
    bool FromLeaf(PortId port) const;
    void MakeUneven(std::vector<CoflowNetwork::Load>& loads, size_t first);

    const Topology& m_topology;
    const TransportConfig m_config;
    EventCore& m_core;
    std::function<void(Partition&)> m_listener;
    std::function<void(Partition&, uint32_t)> m_failureListener;
    uint32_t m_watched = kNone;                            ///< link
    std::map<std::pair<double, double>, double> m_exposed; ///< queue pairs
    std::vector<bool> m_up;                                ///< by link
    uint32_t m_entity;
    uint32_t m_sequence = 0;
    HandlerId m_onReroute;
    bool m_addressEveryPacket;
    double m_ackShare;
    double m_reorderedAckShare;
    fabric::FlowPaths m_paths;
    std::vector<fabric::FlowPaths::StageId> m_stages; ///< scratch
    std::vector<double> m_bits;                       ///< by port, of what was added
    std::vector<PortId> m_loaded;                     ///< with bits
    std::vector<double> m_variance;                   ///< by port, of these; bits²
    double m_packetBits;                              ///< of a full packet
    double m_late = 0;                                ///< ps
    std::vector<uint32_t> m_into;                     ///< by NIC: queue pairs added
    std::vector<NicId> m_receivers;                   ///< with some
    bool m_blocked = false;
    bool m_spread = false; ///< since the last Take()

    struct Between ///< spread: bits between two leaves
    {
        NicId from;
        NicId to;
        double bits;
        double most;      ///< time of the most loaded port on the way; < 0: not known yet
        double late = -1; ///< of a message, ps; < 0: not known yet
    };

    std::unordered_map<uint64_t, Between> m_between;
    struct Interior ///< pinned: the ports between switches of a queue pair
    {
        std::vector<PortId> ports;
        bool reached = true;
    };

    std::unordered_map<uint64_t, Interior> m_interior; ///< by (from, to, channel)
    std::unordered_map<uint64_t, Tick> m_latency; ///< by (leaf, leaf, bytes of the first packet)
};

} // namespace heddle

#endif

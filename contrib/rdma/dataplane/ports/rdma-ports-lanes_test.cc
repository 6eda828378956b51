// SPDX-License-Identifier: GPL-2.0-only
//
// NICs of several ports under ECMP: the flow level against packets. Each port's part of a queue
// pair has a path of its own, drawn as the packets' is, and a queue wherever those collide.
#include "ns3/rdma-ports-test-world.h"

#include <cmath>
#include <cstdio>

namespace heddle::test
{
namespace
{

constexpr uint32_t kHosts = 4;
constexpr uint32_t kRails = 4;
constexpr NicId kHalf = kHosts * kRails / 2;

/// Two groups of two hosts.
Topology
Build(const std::string& name, const std::map<std::string, std::string>& parameters)
{
    ClusterShape shape;
    shape.hosts = kHosts;
    shape.acceleratorsPerHost = kRails;
    shape.nicRate = ParseRate("400Gbps");
    shape.delayByTier = {500 * kNanosecond, 500 * kNanosecond, 500 * kNanosecond};
    shape.switchConfig.forwardingLatency = 500 * kNanosecond;
    shape.switchConfig.mtuWireBytes = DataWireBytes(4096, true);
    shape.switchConfig.bufferBytes = 64'000'000;
    shape.switchConfig.loadBalancer = "ecmp";
    shape.switchConfig.classes[3].lossless = true;
    shape.switchConfig.classes[6].strict = true;
    return BuildTopology(name, shape, parameters);
}

template <class AWorld>
double
LastDelivery(const AWorld& world)
{
    Tick last = 0;
    for (const auto& [cookie, delivery] : world.byCookie)
    {
        last = std::max(last, delivery.timing.finished);
    }
    return ToSeconds(last);
}

struct Pair
{
    Pair(const Topology& topology, const std::string& choice)
        : packets(topology, Patient(choice)), flows(topology, Patient(choice))
    {
    }

    /// Queues are no losses.
    static TransportConfig Patient(const std::string& choice)
    {
        TransportConfig config = Ports(choice);
        config.retransmissionTimeout = 4 * kMillisecond;
        return config;
    }

    void Post(NicId from, NicId to, uint64_t bytes)
    {
        packets.Post(from, to, bytes);
        flows.Post(from, to, bytes);
    }

    /// Relative difference of the last deliveries.
    double Run()
    {
        packets.Run();
        flows.Run();
        EXPECT_EQ("", packets.Faults());
        EXPECT_EQ("", flows.Faults());
        const double truth = LastDelivery(packets);
        const double model = LastDelivery(flows);
        std::printf("  last delivery: packets %.1f us, flows %.1f us (%+.2f %%)\n",
                    1e6 * truth,
                    1e6 * model,
                    100 * (model / truth - 1));
        return model / truth - 1;
    }

    AnyWorld packets;
    AnyFlowWorld flows;
};

const std::map<std::string, std::map<std::string, std::string>> kTopologies{
    {"dual-tor", {{"hosts_per_group", "2"}}},
    {"multi-plane", {{"planes", "4"}, {"hosts_per_leaf", "2"}}}};

bool
LeavesNic(const Topology& topology, PortId port)
{
    const Topology::Link& link = topology.links[port / 2];
    return port % 2 == 0 ? !link.a.isSwitch : !link.b.isSwitch;
}

/// One way, so that no acknowledgements go where data do. Packets of one queue pair over
/// ports whose queues differ come so much out of order that some are sent once more.
TEST(PortLanes, LinksCarryWhatPacketsCarry)
{
    constexpr uint64_t kBytes = 1'048'576;
    for (const auto& [name, parameters] : kTopologies)
    {
        for (const std::string choice : {"spray", "hash"})
        {
            const Topology topology = Build(name, parameters);
            Pair pair(topology, choice);
            for (NicId from = 0; from < kHalf; ++from)
            {
                for (NicId to = kHalf; to < 2 * kHalf; ++to)
                {
                    pair.Post(from, to, kBytes);
                }
            }
            std::printf("%s, %s\n", name.c_str(), choice.c_str());
            EXPECT_NEAR(pair.Run(), 0, 0.02);
            const std::vector<double> model = pair.flows.net.PortBytes();
            double worst = 0;
            double most = 0;
            double excess = 0; // of packets, over NICs' ports
            for (PortId port = 0; port < model.size(); ++port)
            {
                if (model[port] == 0)
                {
                    continue;
                }
                const auto truth = static_cast<double>(pair.packets.net.portCounters(port).txBytes);
                worst = std::max(worst, std::abs(truth / model[port] - 1));
                most = std::max(most, truth);
                excess += LeavesNic(topology, port) ? truth - model[port] : 0;
            }
            const auto resent = static_cast<double>(pair.packets.transport.counters().retransmits) *
                                DataWireBytes(4096, true);
            std::printf("  the fullest %.2f MB; packets' bytes are %.0f more at NICs, expected "
                        "%.0f resent ones; at any port they differ by %.2f %%, expected < %.2f\n",
                        most / 1e6,
                        excess,
                        resent,
                        100 * worst,
                        resent > 0 ? 3.0 : 0.01);
            EXPECT_NEAR(excess, resent, 1);
            EXPECT_LT(worst, resent > 0 ? 0.03 : 0.0001);
        }
    }
}

/// All to all, with a port of a NIC lost from the start too: its peers then send it all by one of
/// their ports, and to the others by both.
TEST(PortLanes, AllToAllTakesAsLongAsPackets)
{
    constexpr uint64_t kBytes = 1'048'576;
    for (const auto& [name, parameters] : kTopologies)
    {
        for (const bool lost : {false, true})
        {
            Topology topology = Build(name, parameters);
            if (lost)
            {
                for (Topology::Link& link : topology.links)
                {
                    const bool ofNic = !link.a.isSwitch || !link.b.isSwitch;
                    const uint32_t nic = link.a.isSwitch ? link.b.index : link.a.index;
                    link.up = !ofNic || nic != 1;
                }
            }
            Pair pair(topology, "spray");
            for (NicId from = 0; from < 2 * kHalf; ++from)
            {
                for (NicId to = 0; to < 2 * kHalf; ++to)
                {
                    if (from / kRails != to / kRails)
                    {
                        pair.Post(from, to, kBytes);
                    }
                }
            }
            std::printf("%s%s\n", name.c_str(), lost ? ", a port lost" : "");
            EXPECT_NEAR(pair.Run(), 0, 0.02);
        }
    }
}

} // namespace
} // namespace heddle::test

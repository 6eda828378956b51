// SPDX-License-Identifier: GPL-2.0-only
//
// Traffic classes at the flow level: closed forms, and the same streams packet by packet.
#include "ns3/fabric-flow-network.h"
#include "ns3/fabric-test-world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace heddle
{
namespace
{

using test::Shape;

constexpr uint32_t kMtu = 4178;
constexpr uint64_t kPackets = 4000;
constexpr double kBits = 8.0 * kMtu * kPackets;

struct Stream
{
    NicId from;
    NicId to;
    uint8_t trafficClass;
    uint64_t packets = kPackets;
};

/// When each stream's last bit is through, less the way, s.
class Flows : public FlowClient
{
  public:
    Flows(const Topology& topology, const std::vector<Stream>& streams, bool byArrival)
        : m_network(m_core, topology, Config(byArrival)), m_ended(streams.size(), 0)
    {
        m_network.SetClient(this);
        for (const Stream& stream : streams)
        {
            m_network.SetClass(m_network.Connect(stream.from, stream.to, 0), stream.trafficClass);
        }
        m_core.ScheduleAlone(
            0,
            m_core.Key(m_core.NewEntities(), 0),
            [&]
            {
                for (uint32_t id = 0; id < streams.size(); ++id)
                {
                    m_network.Start(m_core.part(0), id, streams[id].packets * kMtu * 8);
                }
            });
        m_core.RunUntil(kForever);
    }

    uint64_t OnDrained(Partition&, uint32_t) override
    {
        return 0;
    }

    void OnThrough(Partition& part, uint32_t flow, const FlowWaits& waits) override
    {
        m_ended[flow] = ToSeconds(part.now() - waits.travelled);
    }

    const std::vector<double>& ended() const
    {
        return m_ended;
    }

  private:
    static FlowNetworkConfig Config(bool byArrival)
    {
        FlowNetworkConfig config;
        config.restPerFlow = 0;
        config.shareByArrival = byArrival;
        return config;
    }

    EventCore m_core{{.seed = 1}};
    FlowNetwork m_network;
    std::vector<double> m_ended;
};

/// The same packet by packet: when each stream's last one arrives, less the way, s.
std::vector<double>
Packets(const Topology& topology, const std::vector<Stream>& streams)
{
    test::World world(topology);
    for (const Stream& stream : streams)
    {
        world.Send(stream.from, {stream.to, kMtu, stream.packets, stream.trafficClass});
    }
    world.Run();
    std::vector<double> ended;
    for (const Stream& stream : streams)
    {
        Tick last = 0;
        for (const test::Arrival& arrival : world.arrivals)
        {
            const bool mine = arrival.packet.source == stream.from &&
                              arrival.packet.trafficClass == stream.trafficClass;
            last = mine ? std::max(last, arrival.time) : last;
        }
        const Tick way = world.net.UnloadedLatency(stream.from, stream.to, kMtu);
        ended.push_back(ToSeconds(last - way));
    }
    return ended;
}

/// Both levels end the streams after `expected` times what one needs alone.
void
ExpectEnds(const ClusterShape& shape,
           const std::vector<Stream>& streams,
           const std::vector<double>& expected)
{
    const Topology topology = BuildTopology("single-switch", shape, {});
    const double alone = kBits / static_cast<double>(topology.links[0].rate.bps());
    const std::vector<double> packets = Packets(topology, streams);
    for (const bool byArrival : {false, true})
    {
        const std::vector<double> flows = Flows(topology, streams, byArrival).ended();
        for (size_t i = 0; i < streams.size(); ++i)
        {
            EXPECT_NEAR(flows[i] / alone, expected[i], 1e-6 * expected[i]) << "stream " << i;
            EXPECT_NEAR(packets[i] / alone, expected[i], 0.005 * expected[i])
                << "stream " << i << ", packets";
        }
    }
}

TEST(FlowClasses, AStrictOneGoesFirst)
{
    ClusterShape shape = Shape(3);
    shape.switchConfig.classes[5].strict = true;
    ExpectEnds(shape, {{0, 2, 5}, {1, 2, 0}}, {1, 2});
}

TEST(FlowClasses, ABitPerSecondThatStrictOnesLeaveEndsNobody)
{
    // Thirds of the port are rounded down.
    ClusterShape shape = Shape(5);
    shape.switchConfig.classes[5].strict = true;
    ExpectEnds(shape, {{0, 4, 5}, {1, 4, 5}, {2, 4, 5}, {3, 4, 0}}, {3, 3, 3, 4});
}

TEST(FlowClasses, OfTwoStrictOnesTheHigher)
{
    ClusterShape shape = Shape(4);
    shape.switchConfig.classes[4].strict = true;
    shape.switchConfig.classes[5].strict = true;
    ExpectEnds(shape, {{0, 3, 4}, {1, 3, 0}, {2, 3, 5}}, {2, 3, 1});
}

TEST(FlowClasses, WeightsSplitAPort)
{
    // Three quarters against one; then the rest alone.
    ClusterShape shape = Shape(3);
    shape.switchConfig.classes[1].weight = 3;
    ExpectEnds(shape, {{0, 2, 0}, {1, 2, 1}}, {2, 4.0 / 3});
}

TEST(FlowClasses, AClassSharesItsWeight)
{
    // One flow of class 1 has half the port, three of class 0 a sixth each.
    ExpectEnds(Shape(5), {{0, 4, 0}, {1, 4, 0}, {2, 4, 0}, {3, 4, 1}}, {4, 4, 4, 2});
}

TEST(FlowClasses, AStrictOneLeavesWhatItCannotUse)
{
    // Two strict streams of one NIC: half its rate each. One of them leaves half of NIC 2's port to
    // the other class; then nothing hinders that.
    ClusterShape shape = Shape(4);
    shape.switchConfig.classes[5].strict = true;
    const Topology topology = BuildTopology("single-switch", shape, {});
    const double alone = kBits / static_cast<double>(topology.links[0].rate.bps());
    const std::vector<double> ended =
        Flows(topology, {{0, 2, 5}, {0, 3, 5}, {1, 2, 0}}, false).ended();
    EXPECT_NEAR(ended[0] / alone, 2, 1e-6);
    EXPECT_NEAR(ended[1] / alone, 2, 1e-6);
    EXPECT_NEAR(ended[2] / alone, 2, 1e-6);
}

} // namespace
} // namespace heddle

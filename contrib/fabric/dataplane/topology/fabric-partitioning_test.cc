// SPDX-License-Identifier: GPL-2.0-only
// What a cut must respect, on every topology; and the packet level over cuts, against one
// partition on one thread.
#include "ns3/base-hash.h"
#include "ns3/base-random.h"
#include "ns3/fabric-network.h"
#include "ns3/fabric-partitioning.h"
#include "ns3/fabric-test-world.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <ostream>
#include <set>

namespace heddle
{
namespace
{

struct Case
{
    std::string topology;
    std::map<std::string, std::string> parameters;
    uint32_t hosts;
    uint32_t perHost;
    std::string balancer = "ecmp";
    bool ideal = false;
};

std::ostream&
operator<<(std::ostream& out, const Case& c)
{
    return out << c.topology << (c.ideal ? ", ideal, " : ", ") << c.hosts << " x " << c.perHost
               << ", " << c.balancer;
}

const Case kCases[] = {
    {"fat-tree-2", {{"hosts_per_leaf", "4"}}, 32, 1, "adaptive"},
    {"fat-tree-3", {{"k", "4"}}, 16, 1, "spray"},
    {"fat-tree-3", {{"k", "4"}}, 16, 1, "ecmp"},
    {"rail-optimised", {{"hosts_per_group", "4"}}, 8, 4, "adaptive"},
    {"rail-only", {}, 8, 4, "ecmp"},
    {"single-switch", {}, 16, 1, "ecmp"},
    {"rail-optimised", {{"hosts_per_group", "4"}}, 8, 4, "ecmp", true},
};

Topology
Build(const Case& c)
{
    ClusterShape shape = test::Shape(c.hosts, c.perHost);
    shape.switchConfig.loadBalancer = c.balancer;
    shape.switchConfig.bufferBytes = 400'000;
    shape.switchConfig.headroomBytes = 14'000;
    shape.switchConfig.alpha = 0.06;
    shape.switchConfig.classes[3].lossless = true;
    Topology topology = BuildTopology(c.topology, shape, c.parameters);
    topology.rerouteDelay = 3 * kMicrosecond;
    if (c.ideal)
    {
        return IdealFabric(topology);
    }
    for (size_t l = 0; l < topology.links.size(); l += 5)
    {
        topology.links[l].loss = FrameLoss::FromProbability(0.01);
    }
    return topology;
}

std::vector<uint32_t>
HostOfNic(const Case& c)
{
    std::vector<uint32_t> host;
    for (NicId nic = 0; nic < c.hosts * c.perHost; ++nic)
    {
        host.push_back(nic / c.perHost);
    }
    return host;
}

class Cuts : public ::testing::TestWithParam<Case>
{
};

TEST_P(Cuts, KeepHostsWholeAndLeaveNoPartitionEmpty)
{
    const Topology topology = Build(GetParam());
    const std::vector<uint32_t> host = HostOfNic(GetParam());
    for (const uint32_t most : {2, 3, 8})
    {
        const Partitioning parts = PartitionTopology(topology, host, most);
        ASSERT_GT(parts.count, 1U) << parts.whyOne;
        EXPECT_LE(parts.count, most);
        std::map<uint32_t, uint32_t> partOfHost;
        std::vector<uint32_t> nics(parts.count, 0);
        for (NicId nic = 0; nic < topology.nics; ++nic)
        {
            EXPECT_EQ(partOfHost.emplace(host[nic], parts.ofNic[nic]).first->second,
                      parts.ofNic[nic])
                << "host " << host[nic] << " is cut";
            ++nics.at(parts.ofNic[nic]);
        }
        for (const uint32_t n : nics)
        {
            EXPECT_NEAR(n, double(topology.nics) / parts.count, GetParam().perHost + 0.5)
                << "NICs of a partition out of " << parts.count;
        }
        EXPECT_GT(parts.lookahead, 0);
    }
}

TEST_P(Cuts, OneForOneOrForOneGroup)
{
    const Topology topology = Build(GetParam());
    EXPECT_EQ(PartitionTopology(topology, {}, 1).count, 1U);
    EXPECT_NE(PartitionTopology(topology, {}, 1).whyOne, "");
    const std::vector<uint32_t> one(topology.nics, 7);
    const Partitioning whole = PartitionTopology(topology, one, 8);
    for (NicId nic = 1; nic < topology.nics && whole.count > 1; ++nic)
    {
        EXPECT_EQ(whole.ofNic[nic], whole.ofNic[0]);
    }
    EXPECT_EQ(whole.whyOne.empty(), whole.count > 1);
}

INSTANTIATE_TEST_SUITE_P(Topologies, Cuts, ::testing::ValuesIn(kCases));

TEST(Partitioning, CutsTheLongestLinks)
{
    ClusterShape shape = test::Shape(32);
    shape.delayByTier = {20 * kNanosecond, 500 * kNanosecond};
    const Topology topology = BuildTopology("fat-tree-2", shape, {{"hosts_per_leaf", "4"}});
    const Partitioning parts = PartitionTopology(topology, {}, 8);
    EXPECT_EQ(parts.count, 8U);
    for (const Topology::Link& link : topology.links)
    {
        if (link.tier == 0)
        {
            EXPECT_EQ(parts.Of(link.a), parts.Of(link.b)) << "a NIC without its leaf";
        }
    }
    // 500 ns + 500 ns of switch + 64 B at 400 Gb/s; to a NIC nothing is cut.
    EXPECT_EQ(parts.lookahead, 1000 * kNanosecond + 1280);
}

/// Every NIC sends to random others, as fast as the network takes it. State per NIC.
class Traffic : public NicClient
{
  public:
    Traffic(const Case& c, uint32_t most, uint32_t threads)
        : m_topology(Build(c)),
          m_parts(PartitionTopology(m_topology, HostOfNic(c), most)),
          core({.seed = 5,
                .partitions = m_parts.count,
                .threads = threads,
                .lookaheads = m_parts.lookaheads,
                .worthSharing = 20}),
          net(core, m_topology, m_parts),
          m_nics(m_topology.nics)
    {
        const HandlerId start = core.AddHandler<Traffic, &Traffic::OnStart>(this);
        const uint32_t entity = core.NewEntities();
        for (NicId nic = 0; nic < m_topology.nics; ++nic)
        {
            net.Attach(nic, this);
            core.part(net.PartitionOf(nic)).Insert({0, core.Key(entity, nic), 0, nic, start, 0});
        }
        if (c.ideal)
        {
            return;
        }
        // One that a path needs, one that has others, both at times of many events.
        const auto links = static_cast<uint32_t>(m_topology.links.size());
        for (const uint32_t link : {1U, links - 1})
        {
            core.ScheduleAlone(4 * kMicrosecond + link,
                               core.Key(entity, 1000 + link),
                               [this, link] { net.SetLinkUp(link, false); });
            core.ScheduleAlone(9 * kMicrosecond + link,
                               core.Key(entity, 2000 + link),
                               [this, link] { net.SetLinkUp(link, true); });
        }
    }

    uint64_t Digest() const
    {
        uint64_t digest = 0;
        for (const Nic& nic : m_nics)
        {
            digest = HashCombine(digest, nic.digest);
        }
        for (PortId port = 0; port < 2 * m_topology.links.size(); ++port)
        {
            const PortCounters& p = net.portCounters(port);
            for (const uint64_t value : {p.txPackets,
                                         p.txBytes,
                                         static_cast<uint64_t>(p.busy),
                                         static_cast<uint64_t>(p.paused),
                                         static_cast<uint64_t>(p.queueWait),
                                         p.maxQueueBytes,
                                         p.drops})
            {
                digest = HashCombine(digest, value);
            }
        }
        return digest;
    }

    void OnReceive(Partition& part, NicId nic, Packet* packet) override
    {
        uint64_t& digest = m_nics[nic].digest;
        digest = HashCombine(digest, static_cast<uint64_t>(part.now()));
        digest = HashCombine(digest, uint64_t{packet->source} << 32 | packet->sequence);
        digest = HashCombine(digest, uint64_t{packet->queueWait} << 32 | packet->worstPort);
        net.Free(part, packet);
    }

    void OnPortReady(Partition& part, NicId nic) override
    {
        Nic& self = m_nics[nic];
        const RandomStream random(core.seed(), "traffic", nic);
        while (self.sent < 150 && net.CanSend(part, nic, 3))
        {
            Packet* packet = net.Alloc(part);
            packet->source = nic;
            packet->destination = Destination(random, nic, self.sent);
            packet->wireBytes = static_cast<uint16_t>(84 + random.Below(1000 + self.sent, 4000));
            packet->trafficClass = 3;
            packet->entropy = packet->destination;
            packet->sequence = self.sent++;
            net.Send(part, nic, packet);
        }
        if (self.sent < 150)
        {
            net.WakeWhenReady(part, nic);
        }
    }

  private:
    struct alignas(64) Nic
    {
        uint64_t digest = 0;
        uint32_t sent = 0;
    };

    void OnStart(Partition& part, const Event& event)
    {
        OnPortReady(part, event.entity);
    }

    /// Half of all goes to the first NICs, so that queues fill and PFC acts.
    NicId Destination(const RandomStream& random, NicId nic, uint32_t sent) const
    {
        const uint32_t range = sent % 2 == 0 ? std::min(8U, m_topology.nics) : m_topology.nics;
        for (uint32_t draw = 0;; ++draw)
        {
            const NicId to = random.Below(sent + 10'000 * (1 + draw), range);
            if (to != nic && net.Reachable(nic, to))
            {
                return to;
            }
            if (draw > 100)
            {
                return nic >= 4 ? nic - 4 : nic + 4; // rail-only: the next of its rail
            }
        }
    }

    Topology m_topology;
    Partitioning m_parts;

  public:
    EventCore core;
    Network net;

  private:
    std::vector<Nic> m_nics;
};

class Threads : public ::testing::TestWithParam<Case>
{
};

TEST_P(Threads, GiveWhatOnePartitionGives)
{
    Traffic alone(GetParam(), 1, 1);
    alone.core.RunUntil(kForever);
    const NetworkCounters expected = alone.net.counters();
    if (!GetParam().ideal)
    {
        EXPECT_GT(expected.pauseFrames, 0U) << "the test should exercise PFC";
        EXPECT_GT(std::accumulate(expected.dropped.begin(), expected.dropped.end(), uint64_t{0}),
                  0U);
    }
    for (const auto& [most, threads] :
         {std::pair{2U, 2U}, {5U, 3U}, {16U, 2U}, {16U, 8U}, {8U, 1U}})
    {
        Traffic cut(GetParam(), most, threads);
        EXPECT_GT(cut.core.partitions(), 1U);
        cut.core.RunUntil(kForever);
        const NetworkCounters counters = cut.net.counters();
        EXPECT_EQ(cut.Digest(), alone.Digest()) << most << " partitions, " << threads << " threads";
        EXPECT_EQ(counters.injected, expected.injected);
        EXPECT_EQ(counters.delivered, expected.delivered);
        EXPECT_EQ(counters.pauseFrames, expected.pauseFrames);
        EXPECT_EQ(counters.dropped, expected.dropped);
        EXPECT_EQ(
            counters.injected,
            counters.delivered + cut.net.inFlight() +
                std::accumulate(counters.dropped.begin(), counters.dropped.end(), uint64_t{0}))
            << "packets are not conserved";
        EXPECT_EQ(cut.core.eventCount(), alone.core.eventCount());
    }
}

INSTANTIATE_TEST_SUITE_P(Topologies, Threads, ::testing::ValuesIn(kCases));

} // namespace
} // namespace heddle

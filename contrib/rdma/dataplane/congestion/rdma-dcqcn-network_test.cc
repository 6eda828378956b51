// SPDX-License-Identifier: GPL-2.0-only
//
// DCQCN in small networks: queues, shares, fixed point, scope of the CNP limit.
#include "ns3/rdma-test-world.h"

#include <cmath>
#include <gtest/gtest.h>

namespace heddle::test
{
namespace
{

struct IncastResult
{
    std::vector<double> shares; ///< of the bytes that arrived in the second half
    double meanQueue;           ///< bytes at the last hop in the second half (Little's law)
    double goodput;             ///< payload over the line's share for payload
    uint64_t marks;
    TransportCounters counters;
};

/// Endless streams from `senders` NICs to one: a delivery posts the next message, 16 are under way.
IncastResult
RunIncast(uint32_t senders,
          const std::string& control,
          Tick duration,
          uint32_t mtu,
          const Cluster& given)
{
    Cluster cluster = given;
    cluster.nics = senders + 1;
    cluster.ecn = true;
    TransportConfig config = GoBackN();
    config.congestionControl = control;
    config.mtuPayloadBytes = mtu;
    World world(cluster, config);
    std::map<NicId, uint64_t> bytes;
    const uint64_t message = 16 * 4096;
    world.onDelivered = [&](Partition& part, const Delivery& d)
    {
        bytes[d.from] += d.bytes;
        world.transport.Post(part, d.qp, message, d.cookie);
    };
    for (NicId from = 1; from <= senders; ++from)
    {
        const QpId qp = world.transport.Connect(from, 0, 0);
        for (int i = 0; i < 16; ++i)
        {
            world.transport.Post(world.core.part(0), qp, message, from);
        }
    }
    world.Run(duration / 2);
    const PortId lastHop = world.topology.PortFrom(0, false);
    const Tick waitedBefore = world.net.portCounters(lastHop).queueWait;
    bytes.clear();
    world.Run(duration);

    IncastResult result;
    double total = 0;
    for (const auto& [from, b] : bytes)
    {
        total += static_cast<double>(b);
    }
    for (const auto& [from, b] : bytes)
    {
        result.shares.push_back(static_cast<double>(b) / total);
    }
    const Tick waited = world.net.portCounters(lastHop).queueWait - waitedBefore;
    const double seconds = ToSeconds(duration / 2);
    result.meanQueue = ToSeconds(waited) / seconds * (mtu + 82);
    const double line = static_cast<double>(ParseRate(cluster.rate).bps());
    result.goodput = total * 8 / seconds / (line * mtu / (mtu + 82));
    result.marks = world.net.counters().ecnMarks;
    result.counters = world.transport.counters();
    return result;
}

TEST(DcqcnNetwork, IncastKeepsTheQueueBoundedAndSharesFair)
{
    Cluster cluster;
    cluster.kmin = 150'000;
    cluster.kmax = 1'500'000;
    cluster.pmax = 1;
    const IncastResult with = RunIncast(8, "dcqcn", 80 * kMillisecond, 4096, cluster);
    EXPECT_GT(with.counters.cnps, 100U);
    EXPECT_GT(with.goodput, 0.95) << "the link is kept busy";
    EXPECT_LT(with.meanQueue, 1'500'000);
    ASSERT_EQ(with.shares.size(), 8U);
    for (double share : with.shares)
    {
        EXPECT_NEAR(share, 1.0 / 8, 0.1 / 8);
    }
    RecordProperty("mean_queue_bytes", std::to_string(with.meanQueue));
    // Without control, nearly all that is posted stands in the queue: 8 · 16 · 64 KiB.
    const IncastResult without = RunIncast(8, "none", 4 * kMillisecond, 4096, cluster);
    EXPECT_EQ(without.counters.cnps, 0U);
    EXPECT_EQ(without.marks, 0U) << "packets are not ECN-capable";
    EXPECT_GT(without.meanQueue, 0.9 * 8 * 16 * 65536);
}

/// Expected change of one queue pair's rate from one CNP to the next, when packets are marked with
/// probability `p`: a renewal model of the paper's rules. Gaps are the CNP timer plus an
/// exponential wait for the next mark. Unlike the fluid model of validation A7 it knows that no CNP
/// can follow within the timer, which at these parameters raises q* by about a third.
double
RateDrift(double p, double rate, double packetBits)
{
    const double cnpTimer = 50e-6;
    const double period = 55e-6; // of alpha and of the time stage
    const double additive = 40e6;
    const double marks = p * rate / packetBits; // per second
    auto survives = [&](int k) {                // no CNP for k periods
        const double t = k * period;
        return t <= cnpTimer ? 1.0 : std::exp(-marks * (t - cnpTimer));
    };
    double periods = 0;
    for (int k = 1; k < 3000; ++k)
    {
        periods += survives(k);
    }
    const double alpha = 1 / (1 + periods); // of g: (1 − g)^n ≈ 1 − n g
    double expected = 0;
    double target = rate;
    double current = rate * (1 - alpha / 2);
    for (int n = 0; n < 3000; ++n)
    {
        expected += (survives(n) - survives(n + 1)) * current;
        target += n >= 5 ? additive : 0; // F = 5
        current = (current + target) / 2;
    }
    return expected - rate;
}

double
FixedPointQueue(uint32_t senders, const Cluster& cluster, uint32_t wireBytes)
{
    const double rate = static_cast<double>(ParseRate(cluster.rate).bps()) / senders;
    double low = 1e-5;
    double high = cluster.pmax;
    for (int i = 0; i < 60; ++i)
    {
        const double p = (low + high) / 2;
        (RateDrift(p, rate, wireBytes * 8.0) > 0 ? low : high) = p;
    }
    return static_cast<double>(cluster.kmin) +
           low / cluster.pmax * static_cast<double>(cluster.kmax - cluster.kmin);
}

// Validation A7's set-up (40 Gb/s, 1 KB packets): mean queue and shares.
TEST(DcqcnNetwork, PaperVariantSettlesAtItsFixedPoint)
{
    Cluster cluster;
    cluster.rate = "40Gbps";
    cluster.kmin = 5'000;
    cluster.kmax = 200'000;
    cluster.pmax = 0.01;
    for (uint32_t senders : {2, 4, 8})
    {
        const IncastResult r = RunIncast(senders, "dcqcn-paper", 200 * kMillisecond, 1024, cluster);
        const double queue = FixedPointQueue(senders, cluster, 1024 + 82);
        EXPECT_NEAR(r.meanQueue, queue, 0.15 * queue) << senders << " senders";
        EXPECT_GT(r.goodput, 0.99) << senders << " senders";
        ASSERT_EQ(r.shares.size(), senders);
        for (double share : r.shares)
        {
            EXPECT_NEAR(share, 1.0 / senders, 0.1 / senders) << senders << " senders";
        }
        RecordProperty("queue_" + std::to_string(senders), std::to_string(r.meanQueue));
    }
}

TEST(DcqcnNetwork, PortScopeSendsFewerCnps)
{
    auto cnps = [](const std::string& scope)
    {
        Cluster cluster;
        cluster.nics = 9;
        TransportConfig config = GoBackN();
        config.congestionControl = "dcqcn";
        config.congestionControlParameters = {{"cnp_scope", scope}, {"cnp_interval", "4us"}};
        World world(Marking(cluster, 20'000, 100'000, 1), config);
        for (NicId from = 1; from <= 8; ++from)
        {
            world.Post(from, 0, 1000 * 4096);
        }
        world.Run();
        EXPECT_EQ(world.Faults(), "");
        return std::pair(world.transport.counters().cnps, world.LastFinish());
    };
    const auto perQp = cnps("queue-pair");
    const auto perSource = cnps("source");
    const auto perPort = cnps("port");
    EXPECT_EQ(perQp, perSource) << "one queue pair per source: the same";
    const auto limit = static_cast<uint64_t>(perPort.second / (4 * kMicrosecond)) + 1;
    EXPECT_LE(perPort.first, limit);
    EXPECT_GT(perQp.first, 2 * perPort.first);
}

/// Nobody sees the rate of a queue pair that has nothing to send: it recovers without an event, and
/// has recovered when the next message comes.
TEST(DcqcnNetwork, IdleQueuePairsRecoverWithoutEvents)
{
    constexpr uint64_t kMessage = 200 * 4096;
    const auto timeAfter = [](Tick idle)
    {
        Cluster cluster;
        cluster.nics = 9;
        TransportConfig config = GoBackN();
        config.congestionControl = "dcqcn";
        World world(Marking(cluster, 20'000, 100'000, 1), config);
        for (NicId from = 1; from <= 8; ++from)
        {
            world.Post(from, 0, 1000 * 4096);
        }
        world.Run();
        EXPECT_GT(world.transport.counters().cnps, 0U);
        const uint64_t events = world.core.part(0).eventCount();
        const uint64_t last = world.Post(1, 0, kMessage, world.core.part(0).now() + idle);
        world.Run();
        EXPECT_LT(world.core.part(0).eventCount(), events + 200 * 8) << ToSeconds(idle) << " s";
        const Delivery& d = world.byCookie[last];
        const Tick ideal = world.transport.IdealTime(d.qp, kMessage);
        return std::pair(d.timing.finished - d.timing.posted, ideal);
    };
    const auto soon = timeAfter(kMicrosecond);
    const auto later = timeAfter(kMillisecond);
    const auto settled = timeAfter(kSecond);
    EXPECT_GT(soon.first, 2 * soon.second) << "at an eighth of the rate, or so";
    EXPECT_LT(later.first, soon.first);
    EXPECT_GT(later.first, later.second);
    EXPECT_EQ(settled.first, settled.second) << "at line rate";
}

} // namespace
} // namespace heddle::test

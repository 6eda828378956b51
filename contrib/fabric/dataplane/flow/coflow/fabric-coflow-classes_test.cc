// SPDX-License-Identifier: GPL-2.0-only
//
// Coflows of several traffic classes: closed forms, conservation, times that sum.
#include "ns3/fabric-coflow-network.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>

namespace heddle
{
namespace
{

using Kind = CoflowNetwork::PortKind;
constexpr int64_t kGbps = 1'000'000'000;

class World : public CoflowClient
{
  public:
    explicit World(const fabric::ClassConfigs& classes)
        : network(core, CoflowNetwork::Config{.classes = classes})
    {
        network.SetClient(this);
    }

    uint32_t Add(const std::vector<CoflowNetwork::Load>& loads, unsigned inClass, uint32_t weight)
    {
        const uint32_t coflow = network.Add(loads, weight);
        network.SetClass(coflow, inClass);
        return coflow;
    }

    void StartAt(Tick at, uint32_t coflow)
    {
        core.ScheduleAlone(at,
                           core.Key(m_entity, m_sequence++),
                           [this, coflow]
                           {
                               m_started[coflow] = core.part(0).now();
                               network.Start(core.part(0), coflow, 0);
                           });
    }

    void OnDrained(Partition& part, uint32_t coflow, const CoflowTimes& times) override
    {
        const Tick span = part.now() - m_started.at(coflow);
        took[coflow] = ToSeconds(span) * 1e3;
        const double sum = std::accumulate(times.time.begin(), times.time.end(), 0.0);
        EXPECT_NEAR(sum, static_cast<double>(span), 1) << "coflow " << coflow;
        lost[coflow] = times.time[CoflowTimes::Fabric] / 1e9;
    }

    EventCore core{{}};
    CoflowNetwork network;
    std::map<uint32_t, double> took; ///< ms
    std::map<uint32_t, double> lost; ///< of it to the fabric; ms

  private:
    uint32_t m_entity = core.NewEntities();
    uint32_t m_sequence = 0;
    std::map<uint32_t, Tick> m_started;
};

fabric::ClassConfigs
Classes(uint32_t weightOf1)
{
    fabric::ClassConfigs classes{};
    classes[1].weight = weightOf1;
    classes[5].strict = true;
    return classes;
}

TEST(CoflowClasses, AStrictOneTakesAsLongAsAlone)
{
    World w(Classes(1));
    const uint32_t port = w.network.AddPort(100 * kGbps, Kind::Fabric);
    const uint32_t nic = w.network.AddPort(100 * kGbps, Kind::NicOut);
    const uint32_t bulk = w.Add({{port, 400e6}, {nic, 400e6}}, 0, 100);
    const uint32_t small = w.Add({{port, 50e6}}, 5, 1);
    w.StartAt(0, bulk);
    w.StartAt(kMillisecond, small);
    w.core.RunUntil(kForever);
    EXPECT_NEAR(w.took[small], 0.5, 1e-6);
    EXPECT_NEAR(w.took[bulk], 4.5, 1e-6) << "the port is never idle";
    EXPECT_NEAR(w.lost[bulk], 0.5, 1e-6) << "behind the other class";
}

TEST(CoflowClasses, WeightedOnesShareByTheirWeightsWhateverTheirStreams)
{
    World w(Classes(3));
    const uint32_t port = w.network.AddPort(100 * kGbps, Kind::NicOut);
    // Three quarters of the port against one; in class 0 two to one, by their streams.
    const uint32_t high = w.Add({{port, 75e6}}, 1, 1);
    const uint32_t many = w.Add({{port, 100e6 / 6}}, 0, 20);
    const uint32_t few = w.Add({{port, 100e6 / 12}}, 0, 10);
    for (const uint32_t c : {high, many, few})
    {
        w.StartAt(0, c);
    }
    w.core.RunUntil(kForever);
    EXPECT_NEAR(w.took[high], 1, 1e-6);
    EXPECT_NEAR(w.took[many], 1, 1e-6);
    EXPECT_NEAR(w.took[few], 1, 1e-6);
}

TEST(CoflowClasses, ABitPerSecondThatStrictOnesLeaveEndsNobody)
{
    // Thirds of the port are rounded down.
    World w(Classes(1));
    const uint32_t port = w.network.AddPort(100 * kGbps, Kind::Fabric);
    const uint32_t bulk = w.Add({{port, 100e6}}, 0, 1);
    std::vector<uint32_t> strict;
    for (int i = 0; i < 3; ++i)
    {
        strict.push_back(w.Add({{port, 100e6}}, 5, 1));
        w.StartAt(0, strict.back());
    }
    w.StartAt(0, bulk);
    w.core.RunUntil(kForever);
    EXPECT_NEAR(w.took[strict[0]], 3, 1e-6);
    EXPECT_NEAR(w.took[bulk], 4, 1e-6);
}

TEST(CoflowClasses, OneClassAloneIsNone)
{
    World w(Classes(7));
    const uint32_t port = w.network.AddPort(100 * kGbps, Kind::Fabric);
    const uint32_t a = w.Add({{port, 100e6}}, 1, 3);
    const uint32_t b = w.Add({{port, 100e6 / 3}}, 1, 1);
    w.StartAt(0, a);
    w.StartAt(0, b);
    w.core.RunUntil(kForever);
    EXPECT_NEAR(w.took[a], 4.0 / 3, 1e-6);
    EXPECT_NEAR(w.took[b], 4.0 / 3, 1e-6);
}

} // namespace
} // namespace heddle

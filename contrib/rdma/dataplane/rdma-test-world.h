// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-test-world.h
// -----------------------
// For the tests beside this code: a cluster with a transport and a client that records completions
// and checks what must hold for every run.

#ifndef HEDDLE_RDMA_TEST_WORLD_H
#define HEDDLE_RDMA_TEST_WORLD_H

#include "ns3/base-hash.h"
#include "ns3/rdma-transport.h"

#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

namespace heddle::test
{

struct Cluster
{
    uint32_t nics = 2;
    std::string rate = "400Gbps";
    Tick linkDelay = 500 * kNanosecond;
    Tick switchLatency = 500 * kNanosecond;
    std::string topology = "single-switch";
    std::map<std::string, std::string> parameters;
    std::string loadBalancer = "ecmp";
    Forwarding forwarding = Forwarding::CutThrough;
    uint64_t bufferBytes = 0;
    bool lossless = false;
    bool ecn = false;
    uint64_t kmin = 0;
    uint64_t kmax = 0;
    double pmax = 0;
    double loss = 0;    ///< per link and packet
    bool retry = false; ///< link-level
    uint64_t seed = 1;
};

inline Topology
MakeTopology(const Cluster& c)
{
    ClusterShape shape;
    shape.hosts = c.nics;
    shape.acceleratorsPerHost = 1;
    shape.nicRate = ParseRate(c.rate);
    shape.delayByTier = {c.linkDelay, c.linkDelay, c.linkDelay};
    SwitchConfig& config = shape.switchConfig;
    config.forwarding = c.forwarding;
    config.forwardingLatency = c.switchLatency;
    config.bufferBytes = c.bufferBytes;
    config.mtuWireBytes = DataWireBytes(4096, true);
    config.loadBalancer = c.loadBalancer;
    config.classes[3].lossless = c.lossless;
    config.classes[3].ecn = c.ecn;
    config.classes[3].kminBytes = c.kmin;
    config.classes[3].kmaxBytes = c.kmax;
    config.classes[3].pmax = c.pmax;
    config.classes[6].strict = true;
    Topology topology = BuildTopology(c.topology, shape, c.parameters);
    for (auto& link : topology.links)
    {
        link.loss = FrameLoss::FromProbability(c.loss);
        link.retry = {c.retry, 1130 * kNanosecond};
    }
    return topology;
}

/// `c` with switches that mark.
inline Cluster
Marking(Cluster c, uint64_t kmin, uint64_t kmax, double pmax)
{
    c.ecn = true;
    c.kmin = kmin;
    c.kmax = kmax;
    c.pmax = pmax;
    return c;
}

/// A network, a transport on it, and what is posted when; what completes is for who derives.
template <typename NetworkType, typename TransportType>
class TestWorld : public TransportClient
{
  public:
    /// Posts a message at `at`; cookies count up from 0.
    uint64_t Post(NicId from,
                  NicId to,
                  uint64_t bytes,
                  Tick at = 0,
                  uint32_t channel = 0,
                  uint8_t trafficClass = kConfiguredClass)
    {
        const QpId qp = transport.Connect(from, to, channel, trafficClass);
        const uint64_t cookie = m_posted.size();
        m_posted.push_back({qp, bytes, 0});
        At(at,
           [this, qp, bytes, cookie](Partition& part)
           {
               m_posted[cookie].order = ++m_order;
               transport.Post(part, qp, bytes, cookie);
           });
        return cookie;
    }

    void At(Tick time, std::function<void(Partition&)> what)
    {
        m_calls.push_back(std::move(what));
        core.part(0).Insert(
            {time, core.Key(m_entity, m_sequence++), m_calls.size() - 1, 0, m_onCall, 0});
    }

    void Run(Tick until = kForever)
    {
        core.RunUntil(until);
    }

    Tick State(uint64_t cookie, MessageState state) const
    {
        return byCookie.at(cookie).timing.state[static_cast<size_t>(state)];
    }

    Topology topology;
    EventCore core;
    NetworkType net;
    TransportType transport;
    std::map<uint64_t, Delivery> byCookie;
    uint64_t digest = 0;

  protected:
    template <typename... NetworkArguments>
    TestWorld(Topology given,
              const TransportConfig& config,
              uint64_t seed,
              const NetworkArguments&... arguments)
        : topology(std::move(given)),
          core({seed}),
          net(core, topology, arguments...),
          transport(core, net, config),
          m_entity(core.NewEntities()),
          m_onCall(core.AddHandler<TestWorld, &TestWorld::OnCall>(this))
    {
        transport.SetClient(this);
    }

    struct Posted
    {
        QpId qp;
        uint64_t bytes;
        uint64_t order; ///< in which it was posted, from 1
    };

    void Note(Partition& part, const Delivery& d)
    {
        byCookie[d.cookie] = d;
        digest = HashCombine(digest, HashCombine(d.cookie, static_cast<uint64_t>(part.now())));
    }

    std::vector<Posted> m_posted; ///< by cookie

  private:
    void OnCall(Partition& part, const Event& event)
    {
        m_calls[event.arg](part);
    }

    std::vector<std::function<void(Partition&)>> m_calls;
    uint32_t m_entity;
    uint32_t m_sequence = 0;
    uint64_t m_order = 0;
    HandlerId m_onCall;
};

class World : public TestWorld<Network, Transport>
{
  public:
    World(const Cluster& cluster, const TransportConfig& config)
        : World(MakeTopology(cluster), config, cluster.seed)
    {
    }

    World(Topology given, const TransportConfig& config, uint64_t seed)
        : TestWorld(std::move(given), config, seed)
    {
    }

    void OnDelivered(Partition& part, const Delivery& d) override
    {
        deliveries.push_back(d);
        Note(part, d);
        if (onDelivered)
        {
            onDelivered(part, d);
        }
    }

    void OnAcknowledged(Partition&, QpId, uint64_t cookie) override
    {
        ++acknowledged[cookie];
    }

    /// Empty when all that must hold after a finished run does, else what does not.
    std::string Faults() const
    {
        std::string faults;
        auto expect = [&faults](const std::string& what, uint64_t want, uint64_t got)
        {
            if (want != got)
            {
                faults += what + ": expected " + std::to_string(want) + ", got " +
                          std::to_string(got) + "\n";
            }
        };
        const NetworkCounters n = net.counters();
        const TransportCounters t = transport.counters();
        const uint64_t dropped = std::accumulate(n.dropped.begin(), n.dropped.end(), uint64_t{0});
        uint64_t bytes = 0;
        for (const Posted& p : m_posted)
        {
            bytes += p.bytes;
        }
        expect("injected = delivered + dropped", n.injected, n.delivered + dropped);
        expect("in flight", 0, net.inFlight());
        expect("packets sent",
               t.dataPackets + t.retransmits + t.acks + t.nacks + t.cnps,
               n.injected);
        expect("deliveries", m_posted.size(), deliveries.size());
        expect("distinct deliveries", m_posted.size(), byCookie.size());
        expect("acknowledged", m_posted.size(), acknowledged.size());
        expect("payload bytes", bytes, t.payloadBytes);
        expect("outstanding", 0, transport.Outstanding(10).size());
        std::map<QpId, uint64_t> latest; // number of the latest Post()
        for (const Delivery& d : deliveries)
        {
            const MessageTiming& m = d.timing;
            const Tick sum = std::accumulate(m.state.begin(), m.state.end(), Tick{0});
            expect("timing sum of " + std::to_string(d.cookie),
                   static_cast<uint64_t>(m.finished - m.started),
                   static_cast<uint64_t>(sum));
            for (Tick part : m.state)
            {
                expect("negative state of " + std::to_string(d.cookie), 0, part < 0 ? 1 : 0);
            }
            expect("bytes of " + std::to_string(d.cookie), m_posted[d.cookie].bytes, d.bytes);
            expect("one acknowledgement", 1, acknowledged.count(d.cookie));
            const uint64_t order = m_posted[d.cookie].order;
            expect("order within a queue pair", 1, latest[d.qp] < order ? 1 : 0);
            latest[d.qp] = order;
        }
        return faults;
    }

    Tick Excess(uint64_t cookie) const
    {
        const MessageTiming& t = byCookie.at(cookie).timing;
        return t.finished - t.started - t.state[0];
    }

    Tick LastFinish() const
    {
        Tick last = 0;
        for (const Delivery& d : deliveries)
        {
            last = std::max(last, d.timing.finished);
        }
        return last;
    }

    std::vector<Delivery> deliveries;
    std::map<uint64_t, uint32_t> acknowledged;
    std::function<void(Partition&, const Delivery&)> onDelivered;
};

inline TransportConfig
GoBackN()
{
    TransportConfig config;
    config.reliability = "go-back-n";
    return config;
}

inline TransportConfig
SelectiveRepeat()
{
    return TransportConfig{};
}

} // namespace heddle::test

#endif

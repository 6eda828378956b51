// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-flow-test-world.h
// ----------------------------
// For tests: rdma-test-world.h's cluster at flow level.

#ifndef HEDDLE_RDMA_FLOW_TEST_WORLD_H
#define HEDDLE_RDMA_FLOW_TEST_WORLD_H

#include "ns3/base-random.h"
#include "ns3/rdma-flow-transport.h"
#include "ns3/rdma-test-world.h"

#include <cmath>

namespace heddle::test
{

class FlowWorld : public TransportClient
{
  public:
    FlowWorld(const Cluster& cluster, const TransportConfig& config)
        : FlowWorld(MakeTopology(cluster), config, cluster.seed)
    {
    }

    /// `maxMin`: rates in place of queues.
    FlowWorld(Topology given, const TransportConfig& config, uint64_t seed, bool maxMin = false)
        : topology(std::move(given)),
          core({seed}),
          net(core, topology, FlowNetworkConfigFor(config, maxMin)),
          transport(core, net, config),
          m_entity(core.NewEntities()),
          m_onCall(core.AddHandler<FlowWorld, &FlowWorld::OnCall>(this))
    {
        transport.SetClient(this);
    }

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
        m_posted.push_back(bytes);
        At(at,
           [this, qp, bytes, cookie](Partition& part) { transport.Post(part, qp, bytes, cookie); });
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

    void OnDelivered(Partition& part, const Delivery& d) override
    {
        byCookie[d.cookie] = d;
        digest = HashCombine(digest, HashCombine(d.cookie, static_cast<uint64_t>(part.now())));
    }

    void OnAcknowledged(Partition& part, QpId, uint64_t cookie) override
    {
        acknowledgedAt[cookie] = part.now();
    }

    Tick State(uint64_t cookie, MessageState state) const
    {
        return byCookie.at(cookie).timing.state[static_cast<size_t>(state)];
    }

    /// Empty when all that must hold after a finished run does.
    std::string Faults() const
    {
        std::string faults;
        if (byCookie.size() != m_posted.size() || acknowledgedAt.size() != m_posted.size())
        {
            faults += std::to_string(m_posted.size()) + " posted, " +
                      std::to_string(byCookie.size()) + " delivered, " +
                      std::to_string(acknowledgedAt.size()) + " acknowledged\n";
        }
        for (const auto& [cookie, d] : byCookie)
        {
            Tick sum = 0;
            for (Tick state : d.timing.state)
            {
                sum += state;
                faults += state < 0 ? "negative state of " + std::to_string(cookie) + "\n" : "";
            }
            if (sum != d.timing.finished - d.timing.started || d.bytes != m_posted[cookie])
            {
                faults += "timing sum or bytes of " + std::to_string(cookie) + "\n";
            }
        }
        return faults;
    }

    Topology topology;
    EventCore core;
    FlowNetwork net;
    FlowTransport transport;
    std::map<uint64_t, Delivery> byCookie;
    std::map<uint64_t, Tick> acknowledgedAt;
    uint64_t digest = 0;

  private:
    void OnCall(Partition& part, const Event& event)
    {
        m_calls[event.arg](part);
    }

    std::vector<uint64_t> m_posted;
    std::vector<std::function<void(Partition&)>> m_calls;
    uint32_t m_entity;
    uint32_t m_sequence = 0;
    HandlerId m_onCall;
};

} // namespace heddle::test

#endif

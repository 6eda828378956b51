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

class FlowWorld : public TestWorld<FlowNetwork, FlowTransport>
{
  public:
    FlowWorld(const Cluster& cluster, const TransportConfig& config)
        : FlowWorld(MakeTopology(cluster), config, cluster.seed)
    {
    }

    /// `maxMin`: rates in place of queues.
    FlowWorld(Topology given, const TransportConfig& config, uint64_t seed, bool maxMin = false)
        : TestWorld(std::move(given), config, seed, FlowNetworkConfigFor(config, maxMin))
    {
    }

    void OnDelivered(Partition& part, const Delivery& d) override
    {
        Note(part, d);
    }

    void OnAcknowledged(Partition& part, QpId, uint64_t cookie) override
    {
        acknowledgedAt[cookie] = part.now();
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
            if (sum != d.timing.finished - d.timing.started || d.bytes != m_posted[cookie].bytes)
            {
                faults += "timing sum or bytes of " + std::to_string(cookie) + "\n";
            }
        }
        return faults;
    }

    std::map<uint64_t, Tick> acknowledgedAt;
};

} // namespace heddle::test

#endif

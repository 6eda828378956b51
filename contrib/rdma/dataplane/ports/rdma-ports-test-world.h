// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-ports-test-world.h
// -----------------------------
// For the tests beside this code: clusters whose NICs have several ports, at packet and flow level.

#ifndef HEDDLE_RDMA_PORTS_TEST_WORLD_H
#define HEDDLE_RDMA_PORTS_TEST_WORLD_H

#include "ns3/rdma-flow-test-world.h"
#include "ns3/rdma-test-world.h"

#include <gtest/gtest.h>

namespace heddle::test
{

inline Cluster
Planes(uint32_t planes, uint32_t nics = 8)
{
    Cluster cluster;
    cluster.nics = nics;
    cluster.topology = "multi-plane";
    cluster.parameters = {{"planes", std::to_string(planes)}, {"hosts_per_leaf", "4"}};
    cluster.lossless = true;
    return cluster;
}

inline TransportConfig
Ports(const std::string& choice, bool failover = true)
{
    TransportConfig config = SelectiveRepeat();
    config.portChoice = choice;
    config.portFailover = failover;
    config.retransmissionTimeout = 200 * kMicrosecond;
    return config;
}

inline uint32_t
FindLink(const Topology& topology, const std::string& port)
{
    for (PortId id = 0; id < 2 * topology.links.size(); ++id)
    {
        if (PortName(topology, id) == port)
        {
            return id / 2;
        }
    }
    ADD_FAILURE() << "no " << port;
    return 0;
}

/// Two hosts of 8 NICs with 2 ports each, every NIC sending to its opposite number.
inline Topology
TwoHosts(const std::string& name)
{
    ClusterShape shape;
    shape.hosts = 2;
    shape.acceleratorsPerHost = 8;
    shape.nicRate = ParseRate("400Gbps");
    shape.delayByTier = {500 * kNanosecond};
    shape.switchConfig.forwardingLatency = 500 * kNanosecond;
    shape.switchConfig.mtuWireBytes = DataWireBytes(4096, true);
    shape.switchConfig.classes[3].lossless = true;
    shape.switchConfig.classes[6].strict = true;
    const std::map<std::string, std::string> one{{"hosts_per_group", "1"}};
    Topology topology = BuildTopology(name, shape, one);
    topology.rerouteDelay = 20 * kMicrosecond;
    return topology;
}

class AnyWorld : public World
{
  public:
    AnyWorld(Topology given, const TransportConfig& config) : World(std::move(given), config, 1)
    {
    }
};

class AnyFlowWorld : public FlowWorld
{
  public:
    AnyFlowWorld(const Topology& given, const TransportConfig& config) : FlowWorld(given, config, 1)
    {
    }
};

} // namespace heddle::test

#endif

// SPDX-License-Identifier: GPL-2.0-only
// One RDMA message across a leaf-spine fabric: build a topology, attach a transport, post, read the
// clock, and check it by hand.
#include "ns3/base-units.h"
#include "ns3/fabric-network.h"
#include "ns3/fabric-topology.h"
#include "ns3/rdma-transport.h"

#include <cstdio>

using namespace heddle;

namespace
{

struct Printer : TransportClient
{
    void OnDelivered(Partition&, const Delivery& d) override
    {
        std::printf("actual:      %lld ps\n",
                    static_cast<long long>(d.timing.finished - d.timing.posted));
    }

    void OnAcknowledged(Partition&, QpId, uint64_t) override
    {
    }
};

} // namespace

int
main()
{
    ClusterShape shape;
    shape.hosts = 4;
    shape.acceleratorsPerHost = 1;
    shape.nicRate = ParseRate("400Gbps");
    shape.delayByTier = {ParseTime("500ns"), ParseTime("500ns")};
    shape.switchConfig.forwarding = Forwarding::StoreAndForward;
    shape.switchConfig.forwardingLatency = ParseTime("500ns");
    const Topology topology =
        BuildTopology("fat-tree-2", shape, {{"hosts_per_leaf", "2"}, {"spines", "2"}});

    EventCore core({});
    Network network(core, topology);
    TransportConfig config;
    config.reliability = "go-back-n";
    Transport transport(core, network, config);
    Printer printer;
    transport.SetClient(&printer);

    // One packet from host 0 (leaf 0) to host 3 (leaf 1): 3 switches, 4 links.
    const uint32_t wire = DataWireBytes(4096, true);
    const Tick expected =
        4 * shape.nicRate.TransmitTime(wire) + 4 * ParseTime("500ns") + 3 * ParseTime("500ns");
    std::printf("expectation: %lld ps = 4 x %u B at 400 Gb/s + 4 x 500 ns + 3 x 500 ns\n",
                static_cast<long long>(expected),
                wire);
    transport.Post(core.part(0), transport.Connect(0, 3, 0), 4096, 0);
    core.RunUntil(kForever);
    return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
//
// Flow level by messages: streams of bits. Two of them: "flow-messages" with queues, marks and
// congestion control, "max-min" with ideal rates (the what-if ladder's world without queues).
#include "run/fidelity/message-network.h"

#include "ns3/base-errors.h"
#include "ns3/base-registry.h"
#include "ns3/rdma-flow-transport.h"

#include <cmath>

namespace heddle
{

namespace
{

class FlowLevelNetwork : public MessageNetwork<FlowNetwork, FlowTransport>
{
  public:
    using MessageNetwork::MessageNetwork;

    /// No packets, so no packet counters, no queues.
    NetworkReport Report() override
    {
        NetworkReport report;
        const TransportCounters counters = this->counters();
        HEDDLE_CHECK(counters.delivered == counters.messages, "messages are not conserved");
        report.counters.set_messages(counters.messages);
        report.counters.set_cnps(counters.cnps);
        const std::vector<double> bytes = network().PortBytes();
        for (PortId port = 0; port < bytes.size(); ++port)
        {
            PortCounters counter;
            counter.txBytes = static_cast<uint64_t>(std::llround(bytes[port]));
            counter.busy = network().topology().links[port / 2].rate.TransmitTime(counter.txBytes);
            report.ports.push_back(counter);
        }
        return report;
    }
};

template <bool MaxMin>
std::unique_ptr<ScaleOutNetwork>
Make(EventCore& core,
     const Topology& topology,
     const Partitioning&,
     const TransportConfig& transport)
{
    return std::make_unique<FlowLevelNetwork>(core,
                                              topology,
                                              FlowNetworkConfigFor(transport, MaxMin),
                                              transport);
}

constexpr const char* kWhyOnePartition = "rates at flow level are made for all flows at once";

const Registration<FidelityLevel> kFlow{
    {"fidelity",
     "flow-messages",
     "Messages are streams of bits on the paths that packets would take: ports queue first come, "
     "first served, windows fill, queues mark, and a congestion control that listens to marks sets "
     "the pace of each queue pair. Other controls: max-min fair rates less a calibrated loss. No "
     "PFC, frame losses or reordering. Several traffic classes: max-min rates by class, no queues. "
     "Its errors: heddle validate fidelity.",
     {}},
    {&Make<false>, kWhyOnePartition, false}};

const Registration<FidelityLevel> kMaxMin{{"fidelity",
                                           "max-min",
                                           "As flow-messages, but every rate is max-min fair at "
                                           "once: no queues, windows or congestion control at "
                                           "all. What the what-if ladder calls no-queues.",
                                           {}},
                                          {&Make<true>, kWhyOnePartition, false}};

} // namespace

} // namespace heddle

// SPDX-License-Identifier: GPL-2.0-only
//
// Flow level: every collective is one coupled flow at a max-min fair pace.
#include "run/fidelity/fidelity.h"

#include "ns3/base-errors.h"
#include "ns3/base-registry.h"

#include <cmath>

namespace heddle
{

namespace
{

class CoupledNetwork : public ScaleOutNetwork
{
  public:
    CoupledNetwork(EventCore& core, const Topology& topology, const TransportConfig& config)
        : m_core(core), m_routes(core, topology, config)
    {
    }

    FlowRoutes* routes() override
    {
        return &m_routes;
    }

    void SetCoflows(CoflowNetwork* coflows) override
    {
        m_coflows = coflows;
    }

    void CutLink(uint32_t) override
    {
        HEDDLE_CHECK(false, "fabrics with silent failures are run by messages");
    }

    void SetLinkShare(uint32_t link, double share) override
    {
        m_routes.SetLinkShare(m_core.part(0), *m_coflows, link, share);
    }

    /// No packets, so no packet counters, no queues.
    NetworkReport Report() override
    {
        NetworkReport report;
        const Topology& topology = m_routes.topology();
        const std::vector<double> bytes = m_coflows->PortBytes();
        for (PortId port = 0; port < 2 * topology.links.size(); ++port)
        {
            PortCounters counter;
            counter.txBytes = static_cast<uint64_t>(std::llround(bytes[port]));
            counter.busy = topology.links[port / 2].rate.TransmitTime(counter.txBytes);
            report.ports.push_back(counter);
        }
        return report;
    }

  private:
    EventCore& m_core;
    FlowRoutes m_routes;
    CoflowNetwork* m_coflows = nullptr;
};

std::unique_ptr<ScaleOutNetwork>
Make(EventCore& core,
     const Topology& topology,
     const Partitioning&,
     const TransportConfig& transport)
{
    return std::make_unique<CoupledNetwork>(core, topology, transport);
}

const Registration<FidelityLevel> kFlow{
    {"fidelity",
     "flow",
     "Every collective and every send is one coupled flow: what all its messages put on each port, "
     "on the paths that their packets would take, at a common max-min fair pace, plus the "
     "latencies "
     "of its algorithm. Hundreds of times faster than packets; no messages one by one, queues, "
     "PFC, "
     "frame losses or reordering. A collective's traffic class counts at its scale-up ports, too.",
     {}},
    {&Make, "rates at flow level are made for all flows at once", true}};

} // namespace

} // namespace heddle

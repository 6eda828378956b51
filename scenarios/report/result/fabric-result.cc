// SPDX-License-Identifier: GPL-2.0-only
#include "report/result/fabric-result.h"

#include "validate/fidelity-uncertainty.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace heddle
{

namespace
{

constexpr size_t kPortsShown = 8;

/// Nearest-rank percentile of sorted values.
Tick
Percentile(const std::vector<Tick>& sorted, double share)
{
    const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size())));
    return sorted[std::max<size_t>(rank, 1) - 1];
}

/// Of message times, a MessageTimes or a TrafficClassResult.
template <class Out>
void
FillTimes(std::vector<Tick> sorted, Out* out)
{
    if (sorted.empty())
    {
        return;
    }
    std::sort(sorted.begin(), sorted.end());
    out->set_p50_s(ToSeconds(Percentile(sorted, 0.50)));
    out->set_p99_s(ToSeconds(Percentile(sorted, 0.99)));
    out->set_max_s(ToSeconds(sorted.back()));
    const double sum = std::accumulate(sorted.begin(),
                                       sorted.end(),
                                       0.0,
                                       [](double s, Tick t) { return s + ToSeconds(t); });
    out->set_mean_s(sum / static_cast<double>(sorted.size()));
}

void
FillMessages(const JobResult& job, v1::MessageTimes* out)
{
    out->set_scale_out_bytes(job.scaleOutBytes);
    out->set_scale_up_bytes(job.scaleUpBytes);
    out->set_count(job.scaleOutMessages);
    FillTimes(job.messageTimes, out);
}

/// The given ones, and that of the rest.
void
FillTrafficClasses(const FabricPlan& fabric, const JobResult& job, v1::FabricResult* out)
{
    if (fabric.trafficClasses.empty())
    {
        return;
    }
    std::vector<TrafficClassPlan> classes = fabric.trafficClasses;
    const uint8_t rest = fabric.transport.dataClass;
    const auto isRest = [rest](const TrafficClassPlan& c) { return c.priority == rest; };
    if (std::none_of(classes.begin(), classes.end(), isRest))
    {
        classes.push_back({rest});
    }
    for (const TrafficClassPlan& one : classes)
    {
        v1::TrafficClassResult& result = *out->mutable_traffic_classes()->add_classes();
        result.set_priority(one.priority);
        result.set_strict(one.strict);
        result.set_weight(one.strict ? 0 : one.weight);
        for (const std::string& name : one.of)
        {
            result.add_of(name);
        }
        std::vector<Tick> times;
        for (size_t i = 0; i < job.messageClasses.size(); ++i)
        {
            if (job.messageClasses[i] == one.priority)
            {
                times.push_back(job.messageTimes[i]);
            }
        }
        result.set_messages(times.size());
        FillTimes(std::move(times), &result);
    }
}

void
FillPorts(const Topology& topology,
          const std::vector<PortCounters>& all,
          Tick stepTime,
          v1::FabricResult* out)
{
    std::vector<PortId> ports(all.size());
    std::iota(ports.begin(), ports.end(), 0);
    const auto worse = [&](PortId a, PortId b)
    {
        const PortCounters& x = all[a];
        const PortCounters& y = all[b];
        return std::tuple(x.queueWait, x.busy, b) > std::tuple(y.queueWait, y.busy, a);
    };
    std::sort(ports.begin(), ports.end(), worse);
    ports.resize(std::min(ports.size(), kPortsShown));
    for (PortId port : ports)
    {
        const PortCounters& counters = all[port];
        v1::PortSummary& summary = *out->add_worst_ports();
        summary.set_port(PortName(topology, port));
        summary.set_utilisation(stepTime > 0 ? ToSeconds(counters.busy) / ToSeconds(stepTime) : 0);
        summary.set_queue_wait_s(ToSeconds(counters.queueWait));
        summary.set_paused_s(ToSeconds(counters.paused));
        summary.set_max_queue_bytes(counters.maxQueueBytes);
        summary.set_tx_bytes(counters.txBytes);
        summary.set_drops(counters.drops);
        summary.set_link_replays(counters.replays);
        summary.set_link_replay_time_s(ToSeconds(counters.replayTime));
    }
}

} // namespace

void
FillWorld(const RungPlan& rung, const JobResult& job, v1::FabricResult* out)
{
    v1::World& world = *out->add_ladder();
    world.set_world(rung.world);
    world.set_rung(rung.rung);
    world.set_step_time_s(ToSeconds(job.stepTime));
    world.set_step_time_ps(job.stepTime);
    Tick busy = 0;
    for (const RankLedger& rank : job.ranks)
    {
        busy += rank.busy();
    }
    world.set_mean_busy_ps(job.ranks.empty() ? 0 : busy / static_cast<Tick>(job.ranks.size()));
}

void
FillOptics(const FabricPlan& fabric, v1::FabricResult* out)
{
    if (fabric.optics.empty())
    {
        return;
    }
    const OpticsAccount account = Account(fabric.optics);
    v1::Optics& optics = *out->mutable_optics();
    optics.set_power_w(account.total.power.value);
    optics.set_power_low_w(account.total.power.low);
    optics.set_power_high_w(account.total.power.high);
    optics.set_link_failures_per_month(account.total.failuresPerMonth.value);
    optics.set_cost_usd(account.total.cost.value);
    for (const AccountSum* sum :
         {&account.total.power, &account.total.failuresPerMonth, &account.total.cost})
    {
        for (const std::string& figure : sum->missing)
        {
            optics.add_missing(figure);
        }
    }
    for (const std::string& figure : account.total.assumed)
    {
        optics.add_assumed(figure);
    }
    for (size_t i = 0; i < account.tiers.size(); ++i)
    {
        const TierAccount& from = account.tiers[i];
        v1::OpticsTier& tier = *optics.add_tiers();
        tier.set_tier(from.name);
        tier.set_technology(fabric.optics[i].nearEnd.name);
        tier.set_links(from.links);
        tier.set_rate_bps(static_cast<double>(fabric.optics[i].rate.bps()));
        tier.set_power_w(from.power.value);
        tier.set_link_failures_per_month(from.failuresPerMonth.value);
        tier.set_cost_usd(from.cost.value);
        tier.set_energy_per_bit_pj(from.PicojoulesPerBit());
        tier.set_longest_m(fabric.optics[i].longestMetres);
    }
}

void
FillActual(const Plan& plan,
           const FabricPlan& fabric,
           const JobResult& job,
           const NetworkReport& network,
           v1::FabricResult* out)
{
    out->set_name(fabric.name);
    out->set_topology(fabric.topology.name);
    out->set_load_balancer(fabric.topology.switchConfig.loadBalancer);
    out->set_congestion_control(fabric.transport.congestionControl);
    out->set_accelerators(plan.cluster.ranks());
    out->set_switches(static_cast<uint32_t>(fabric.topology.switches.size()));
    out->set_links(static_cast<uint32_t>(fabric.topology.links.size()));
    out->set_step_time_s(ToSeconds(job.stepTime));
    out->set_step_time_ps(job.stepTime);
    FillLedger(job, fabric.topology, out);
    FillCollectives(plan.workload.graph, fabric.layout, job, out);
    FillMessages(job, out->mutable_messages());
    FillTrafficClasses(fabric, job, out);
    *out->mutable_counters() = network.counters;
    FillPorts(fabric.topology, network.ports, job.stepTime, out);
    FillOptics(fabric, out);
    FillFaults(fabric, job.stepTime, out);
    FillUncertainty(plan, fabric, out);
}

} // namespace heddle

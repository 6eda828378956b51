// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-spray-waits.h"

#include "ns3/base-hash.h"

#include <algorithm>
#include <cmath>

namespace heddle::fabric
{

namespace
{

constexpr double kTicksPerSecond = 1e12;
/// Part of the time for which the fluid waits beyond which no port is ever empty.
constexpr double kMostly = 0.5;
/// Part of a port that is left where queues count as endless.
constexpr double kNoSlack = 1e-3;
/// A load that differs by more than this from that since the latest look is another one.
constexpr double kOther = 0.1;
/// The port chosen last has sent for this part of a reading's age, on average, and another whole.
constexpr double kMeanReading = 1.5;

} // namespace

SprayWaits::SprayWaits(uint64_t seed, double packetBits)
    : m_normals(seed, "spray-normal", 0), m_minima(seed, "spray-minimum", 0), m_packet(packetBits)
{
}

uint32_t
SprayWaits::AddGroup(uint32_t ports, int64_t portRate)
{
    Group group{};
    group.slot = m_packet * kTicksPerSecond / static_cast<double>(portRate);
    group.capacity = portRate * ports;
    group.queues.resize(ports, 0);
    m_groups.push_back(std::move(group));
    return static_cast<uint32_t>(m_groups.size() - 1);
}

void
SprayWaits::Even(uint32_t group, Tick age, double blind)
{
    m_groups[group].age = static_cast<double>(age) / m_groups[group].slot;
    m_groups[group].blind = blind;
}

void
SprayWaits::Continue(Tick now, uint32_t id, SprayWaits& before, uint32_t other)
{
    before.Look(other, now);
    Group& group = m_groups[id];
    const Group& older = before.m_groups[other];
    const size_t ports = group.queues.size();
    group.queues = older.queues;
    group.queues.resize(ports, 0);
    group.height = older.height;
    group.looks = older.looks;
    group.looked = now;
    group.since = now;
}

uint32_t
SprayWaits::AddInput(uint32_t group, uint32_t upstream)
{
    m_groups[group].inputs.push_back({0, upstream, 0});
    return static_cast<uint32_t>(m_groups[group].inputs.size() - 1);
}

void
SprayWaits::SetPartners(uint32_t group, uint32_t other)
{
    m_groups[group].partner = other;
    m_groups[other].partner = group;
}

void
SprayWaits::Integrate(Group& group, Tick now) const
{
    const auto span = static_cast<double>(now - group.since);
    group.since = now;
    const double rho = static_cast<double>(group.inflow) / static_cast<double>(group.capacity);
    group.load += rho * span;
    group.loadSquared += rho * rho * span;
    group.alike += group.squares * span;
}

void
SprayWaits::Change(Tick now, const Step* steps, size_t count, int64_t delta)
{
    // Looks see all of the flow or none of it.
    for (size_t s = 0; s < count; ++s)
    {
        Group& group = m_groups[steps[s].group];
        Integrate(group, now);
        // Where the load changes the walk goes on from there.
        const double load =
            static_cast<double>(group.inflow + delta) / static_cast<double>(group.capacity);
        const auto span = static_cast<double>(now - group.looked);
        if (std::abs(load * span - (group.load - group.seen)) > kOther * span)
        {
            Look(steps[s].group, now);
        }
    }
    for (size_t s = 0; s < count; ++s)
    {
        Group& group = m_groups[steps[s].group];
        const auto capacity = static_cast<double>(group.capacity);
        int64_t& rate = group.inputs[steps[s].input].rate;
        const double before = static_cast<double>(rate) / capacity;
        rate += delta;
        const double after = static_cast<double>(rate) / capacity;
        group.squares += after * after - before * before;
        group.inflow += delta;
        if (group.inflow == 0)
        {
            group.squares = 0; // rounding
        }
    }
}

void
SprayWaits::SetFluid(uint32_t id, double ports, double backlog, double arrived, Tick waited)
{
    Group& group = m_groups[id];
    const bool first = group.fluidBacklog < 0;
    group.fluidBacklog = backlog / m_packet / ports;
    group.fluidWaited = waited;
    group.fluidArrived = arrived / m_packet / ports;
    if (first) // what came before is not this group's
    {
        group.fluidSeen = group.fluidArrived;
        group.fluidWaitedSeen = waited;
    }
}

double
SprayWaits::MeanWait(uint32_t id) const
{
    const Group& group = m_groups[id];
    const double load = static_cast<double>(group.inflow) / static_cast<double>(group.capacity);
    const double variance = std::max(0.0, std::min(load, load * load) - group.squares);
    return variance / (2 * std::max(kNoSlack, 1 - load));
}

/// The walks of all ports since the latest look.
void
SprayWaits::Look(uint32_t id, Tick now)
{
    Group& group = m_groups[id];
    const auto span = static_cast<double>(now - group.looked);
    if (span < group.slot)
    {
        return;
    }
    Integrate(group, now);
    const double load = group.load - group.seen;
    double acks = 0;
    if (group.partner < m_groups.size())
    {
        Group& partner = m_groups[group.partner];
        Integrate(partner, now);
        acks = group.ackShare * (partner.load - group.partnerSeen);
        group.partnerSeen = partner.load;
    }
    const double lag = Lag(group, now);
    double drift = (load + acks - span) / group.slot - (lag - group.lag);
    double share = 1;  // of what set out
    bool full = false; // for most of the time the fluid waits, too
    if (group.fluidBacklog >= 0)
    {
        // Of what set out only so much has arrived; what waits on average the fluid knows.
        const double arrived = group.fluidArrived - group.fluidSeen;
        share = load > 0 ? std::min(1.0, arrived * group.slot / load) : 0;
        const auto waited = static_cast<double>(group.fluidWaited - group.fluidWaitedSeen);
        full = group.fluidBacklog > 0 || waited > kMostly * span;
        // What comes in too much waits in the fluid.
        drift = full ? 0 : std::min(0.0, arrived - span / group.slot) - (lag - group.lag);
        group.fluidSeen = group.fluidArrived;
        group.fluidWaitedSeen = group.fluidWaited;
    }
    const double spread =
        std::min(share * load, share * share * group.loadSquared) - share * share * group.alike;
    const double variance = std::max(0.0, spread) / group.slot;
    group.looked = now;
    group.seen = group.load;
    group.loadSquared = 0;
    group.alike = 0;
    group.lag = lag;
    const uint64_t draw = HashCombine(id, group.looks++) << 8;
    if (group.age > 0 && variance > 0 && group.fluidBacklog <= group.blind)
    {
        Follow(group, draw, span / group.slot, load / span);
    }
    else
    {
        Walk(group, draw, drift, variance, full);
    }
}

/// What waits upstream on its way here; packets a port.
double
SprayWaits::Lag(Group& group, Tick now)
{
    double lag = 0;
    for (Input& input : group.inputs)
    {
        if (input.upstream == kNoGroup)
        {
            continue;
        }
        Look(input.upstream, now);
        const Group& upstream = m_groups[input.upstream];
        if (upstream.inflow > 0)
        {
            input.part = static_cast<double>(input.rate) / static_cast<double>(upstream.inflow);
        }
        double waiting = 0;
        for (const double queue : upstream.queues)
        {
            waiting += queue;
        }
        lag += waiting * input.part;
    }
    return lag / static_cast<double>(group.queues.size());
}

/// Ports that are chosen one after the other: evenly spread over what the latest one got, in an
/// order that is drawn. Of k ports that are loaded to ρ, k (1 − ρ) are empty at a reading; where
/// these are several they are chosen together, and share.
void
SprayWaits::Follow(Group& group, uint64_t draw, double span, double load) const
{
    const auto ports = static_cast<double>(group.queues.size());
    const double chosen = std::max(1.0, ports * (1 - load));
    const double most = std::max(0.0, (ports * load / chosen - kMeanReading) * group.age);
    group.height = group.height < most ? std::min(most, group.height + span / 2)
                                       : std::max(most, group.height - span);
    const auto turn = m_minima.Below(draw, static_cast<uint32_t>(group.queues.size()));
    for (size_t port = 0; port < group.queues.size(); ++port)
    {
        const auto place = static_cast<double>((port + turn) % group.queues.size());
        group.queues[port] = group.height * place / (ports - 1);
    }
}

void
SprayWaits::Walk(Group& group, uint64_t draw, double drift, double variance, bool full)
{
    const size_t ports = group.queues.size();
    group.height = 0;
    m_steps.assign(ports, 0);
    double mean = 0;
    for (size_t port = 0; variance > 0 && port < ports; ++port)
    {
        m_steps[port] = m_normals.Normal(draw + port);
        mean += m_steps[port] / static_cast<double>(ports);
    }
    // Less the mean of all, the steps have (ports - 1) / ports of the variance.
    const double scale =
        std::sqrt(variance * static_cast<double>(ports) / static_cast<double>(ports - 1));
    for (size_t port = 0; port < ports; ++port)
    {
        double& queue = group.queues[port];
        const double step = drift + scale * (m_steps[port] - mean);
        if (full)
        {
            queue = std::max(queue + step, -group.fluidBacklog);
            continue;
        }
        const double bridge = step * step - 2 * variance * std::log(m_minima.Uniform(draw + port));
        const double lowest = (step - std::sqrt(bridge)) / 2;
        queue = std::max(queue + step, step - lowest);
    }
}

double
SprayWaits::Late(Tick now,
                 const Step* steps,
                 size_t count,
                 uint64_t packets,
                 uint64_t key,
                 double ackShare)
{
    size_t paths = 0;
    for (size_t s = 0; s < count; ++s)
    {
        m_groups[steps[s].group].ackShare = ackShare;
        Look(steps[s].group, now);
        paths = std::max(paths, m_groups[steps[s].group].queues.size());
    }
    const size_t used = std::min<uint64_t>(paths, packets);
    double late = 0;
    for (size_t n = 0; n < used; ++n)
    {
        const size_t path = (key + n) % paths;
        double wait = 0;
        for (size_t s = 0; s < count; ++s)
        {
            const Group& group = m_groups[steps[s].group];
            wait += group.queues[path % group.queues.size()] * group.slot;
        }
        late = std::max(late, wait);
    }
    return late;
}

} // namespace heddle::fabric

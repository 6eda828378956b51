// SPDX-License-Identifier: GPL-2.0-only
//
// Coflows that start, drain and change their pace. As in fabric-flow-network.cc a solution made at
// T + 1 ps holds from T on: all changes of instant T are in it, whatever the order of their events.
#include "ns3/fabric-coflow-network.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

using fabric::MaxMin;

namespace
{

constexpr double kTicksPerSecond = 1e12;
/// Longer than any run. Strict classes may leave crumbs of a bit a second.
constexpr double kMostTicks = 1e18;
/// Offered load above which congestion control loses capacity, see fabric-flow-network.cc.
constexpr double kCongested = 1.5;

} // namespace

CoflowNetwork::CoflowNetwork(EventCore& core, const Config& config)
    : m_core(core),
      m_config(config),
      m_entity(core.NewEntities()),
      m_onSolve(core.AddHandler<CoflowNetwork, &CoflowNetwork::OnSolve>(this)),
      m_onFinish(core.AddHandler<CoflowNetwork, &CoflowNetwork::OnFinish>(this)),
      m_onRecovered(core.AddHandler<CoflowNetwork, &CoflowNetwork::OnRecovered>(this))
{
}

uint32_t
CoflowNetwork::AddPort(int64_t rate, PortKind kind, int64_t built)
{
    HEDDLE_CHECK(rate > 0, "a port has a rate");
    const auto port = static_cast<uint32_t>(m_portOf.size());
    m_portOf.push_back(m_maxMin.AddResource(rate));
    m_portBits.push_back(0);
    m_resources.push_back({kind, port, rate, built > 0 ? built : rate});
    return port;
}

uint32_t
CoflowNetwork::Add(const std::vector<Load>& loads,
                   uint32_t weight,
                   double messageTime,
                   const CoflowLoop& loop)
{
    const auto id = static_cast<uint32_t>(m_coflows.size());
    m_coflows.emplace_back();
    m_coflows[id].messageTime = messageTime;
    m_coflows[id].loop = loop;
    m_coflows[id].weight = weight;
    m_coflows[id].pace = m_maxMin.AddResource(kUnlimited);
    m_resources.push_back({PortKind::Fabric, ~0U, kUnlimited, kUnlimited});
    m_maxMin.AddFlow({{m_coflows[id].pace, MaxMin::kWhole}}, weight);
    SetLoads(id, loads);
    return id;
}

void
CoflowNetwork::SetClass(uint32_t id, unsigned trafficClass)
{
    Coflow& coflow = m_coflows[id];
    HEDDLE_CHECK(trafficClass < kClasses, "traffic classes are 0 to 7");
    HEDDLE_CHECK(!coflow.active, "a coflow at rest changes its class");
    coflow.trafficClass = static_cast<uint8_t>(trafficClass);
}

void
CoflowNetwork::WeighByClass(const std::vector<uint32_t>& coflows)
{
    if ((m_classes & (m_classes - 1)) == 0)
    {
        return; // one class only
    }
    m_classWeights.Weigh(
        m_maxMin,
        coflows,
        m_config.classes,
        [this](uint32_t id) -> unsigned { return m_coflows[id].trafficClass; },
        [this](uint32_t id) -> double { return m_coflows[id].weight; });
}

/// The most loaded port carries the whole rate, the others their share of it.
void
CoflowNetwork::SetLoads(uint32_t id, const std::vector<Load>& loads)
{
    Coflow& coflow = m_coflows[id];
    HEDDLE_CHECK(!loads.empty(), "a coflow loads something");
    coflow.bits = 0;
    bool uneven = false;
    for (const Load& load : loads)
    {
        coflow.bits = std::max(coflow.bits, load.bits + load.uneven);
        uneven = uneven || load.uneven > 0;
    }
    coflow.carries.clear();
    m_loads.clear();
    m_loads.push_back({coflow.pace, MaxMin::kWhole});
    double nicShare = 0;
    for (const Load& load : loads)
    {
        const auto share = static_cast<uint32_t>(
            std::lround((load.bits + load.uneven) / coflow.bits * MaxMin::kWhole));
        if (share > 0) // below 1/131072 of the most loaded port it limits nothing
        {
            m_loads.push_back({m_portOf[load.port], share});
            if (uneven)
            {
                coflow.carries.push_back(load.bits / (load.bits + load.uneven));
            }
            const bool sends = m_resources[m_portOf[load.port]].kind == PortKind::NicOut;
            nicShare = sends ? std::max<double>(nicShare, share) : nicShare;
        }
    }
    coflow.nicShare = nicShare > 0 ? nicShare : MaxMin::kWhole;
    m_maxMin.SetLoads(id, m_loads);
}

void
CoflowNetwork::Start(Partition& part, uint32_t id, double paceTime)
{
    Coflow& coflow = m_coflows[id];
    HEDDLE_CHECK(!coflow.active, "a coflow at rest starts");
    coflow.active = true;
    coflow.left = coflow.bits;
    coflow.since = part.now();
    coflow.paceTime = paceTime;
    coflow.times = {};
    coflow.culpritLead = 0;
    coflow.down = false;
    coflow.recovering = false;
    m_classes |= static_cast<uint8_t>(1U << coflow.trafficClass);
    m_maxMin.SetLevel(id, fabric::LevelOfClass(m_config.classes, coflow.trafficClass));
    Insert(part, id);
    for (const Loss& loss : m_losses)
    {
        if (!coflow.down)
        {
            SufferLoss(part, id, loss);
        }
    }
}

void
CoflowNetwork::Insert(Partition& part, uint32_t id)
{
    Coflow& coflow = m_coflows[id];
    const double pace =
        coflow.paceTime > 0 ? coflow.bits * kTicksPerSecond / coflow.paceTime : kUnlimited;
    m_maxMin.SetCapacity(
        coflow.pace,
        std::clamp<int64_t>(static_cast<int64_t>(std::min<double>(pace, kUnlimited)),
                            1,
                            kUnlimited));
    FindEndpointRate(coflow, id);
    coflow.rate = 0;
    m_maxMin.Insert(id);
    coflow.bottleneck = coflow.pace;
    bool blocked = false;
    m_maxMin.ForEachLoad(id,
                         [&](uint32_t r, uint32_t)
                         { blocked = blocked || (m_resources[r].rate == 0); });
    if (blocked)
    {
        Suspend(part, id);
        return;
    }
    Touch(part, id);
}

void
CoflowNetwork::Withdraw(Partition& part, uint32_t id)
{
    m_maxMin.Remove(id);
    Touch(part, id);
    m_coflows[id].rate = 0;
    ++m_coflows[id].generation;
}

void
CoflowNetwork::Touch(Partition& part, uint32_t id)
{
    m_maxMin.ForEachLoad(id,
                         [&](uint32_t resource, uint32_t)
                         {
                             if (!m_maxMin.idle(resource))
                             {
                                 m_touched.push_back(resource);
                             }
                         });
    RequestSolve(part);
}

void
CoflowNetwork::RequestSolve(Partition& part)
{
    if (!m_pending && !m_touched.empty())
    {
        m_pending = true;
        Schedule(part, part.now() + 1, m_onSolve, 0, 0);
    }
}

void
CoflowNetwork::Schedule(Partition& part, Tick at, HandlerId handler, uint32_t entity, uint64_t arg)
{
    part.Insert({at, m_core.Key(m_entity, m_sequence++), arg, entity, handler, 0});
}

/// Less where the NICs offer a port more than it carries, as far as congestion control loses then;
/// after Offer().
void
CoflowNetwork::SetCapacities(const std::vector<uint32_t>& coflows)
{
    if (m_config.congestedEfficiency >= 1)
    {
        return;
    }
    if (m_config.efficiency)
    {
        CountStreams(coflows);
    }
    for (uint32_t id : m_maxMin.collectedResources())
    {
        const Resource& r = m_resources[id];
        if (r.port != ~0U && r.rate > 0 &&
            (r.kind == PortKind::Fabric || r.kind == PortKind::NicIn))
        {
            const auto rate = static_cast<double>(r.rate);
            m_maxMin.SetCapacity(id, static_cast<int64_t>(rate * EfficiencyOf(id)));
        }
    }
}

/// Draws of several coflows add up as variances do; their loads have the sum.
void
CoflowNetwork::JoinUneven(const std::vector<uint32_t>& coflows)
{
    const auto uneven =
        std::count_if(coflows.begin(),
                      coflows.end(),
                      [this](uint32_t id) { return !m_coflows[id].carries.empty(); });
    m_joined.resize(m_resources.size());
    for (uint32_t id : m_maxMin.collectedResources())
    {
        const Resource& r = m_resources[id];
        if (m_joined[id].factor != 1 && r.port != ~0U && r.rate > 0 &&
            m_config.congestedEfficiency >= 1)
        {
            m_maxMin.SetCapacity(id, r.rate);
        }
        m_joined[id] = {};
    }
    if (uneven < 2)
    {
        return;
    }
    for (uint32_t id : coflows)
    {
        const Coflow& coflow = m_coflows[id];
        size_t load = 0;
        m_maxMin.ForEachLoad(id,
                             [&](uint32_t r, uint32_t share)
                             {
                                 if (m_resources[r].port == ~0U)
                                 {
                                     return;
                                 }
                                 const double all = coflow.bits * share / MaxMin::kWhole;
                                 const double bits =
                                     coflow.carries.empty() ? all : all * coflow.carries[load++];
                                 m_joined[r].all += all;
                                 m_joined[r].bits += bits;
                                 m_joined[r].squares += (all - bits) * (all - bits);
                             });
    }
    for (uint32_t id : m_maxMin.collectedResources())
    {
        Joined& joined = m_joined[id];
        if (joined.squares > 0 && m_resources[id].rate > 0)
        {
            joined.factor = joined.all / (joined.bits + std::sqrt(joined.squares));
            const auto capacity = static_cast<double>(m_maxMin.capacity(id));
            m_maxMin.SetCapacity(id, static_cast<int64_t>(capacity * joined.factor));
        }
    }
}

/// What comes to each port: streams, and bits in all.
void
CoflowNetwork::CountStreams(const std::vector<uint32_t>& coflows)
{
    m_streams.resize(m_resources.size());
    m_underWay.resize(m_resources.size());
    for (uint32_t id : m_maxMin.collectedResources())
    {
        m_streams[id] = m_underWay[id] = 0;
    }
    for (uint32_t id : coflows)
    {
        const Coflow& coflow = m_coflows[id];
        m_maxMin.ForEachLoad(id,
                             [&](uint32_t r, uint32_t share)
                             {
                                 m_streams[r] += coflow.weight * share / coflow.nicShare;
                                 m_underWay[r] += coflow.left * share / MaxMin::kWhole;
                             });
    }
}

double
CoflowNetwork::EfficiencyOf(uint32_t id) const
{
    const auto rate = static_cast<double>(m_resources[id].rate);
    if (!m_config.efficiency)
    {
        return m_offered[id] > kCongested * rate ? m_config.congestedEfficiency : 1;
    }
    if (m_offered[id] <= rate)
    {
        return 1;
    }
    return m_config.efficiency({rate, m_streams[id], m_offered[id], m_underWay[id]});
}

void
CoflowNetwork::OnSolve(Partition& part, const Event&)
{
    m_pending = false;
    const std::vector<uint32_t>& coflows = m_maxMin.Collect(m_touched);
    m_touched.clear();
    SetPaces(coflows);
    SetCapacities(coflows);
    JoinUneven(coflows);
    WeighByClass(coflows);
    m_maxMin.Solve();
    ++m_recomputations;
    const Tick asOf = part.now() - 1;
    for (uint32_t id : coflows)
    {
        Coflow& coflow = m_coflows[id];
        const int64_t rate = m_maxMin.rate(id);
        const uint32_t bottleneck = m_maxMin.bottleneck(id);
        const bool sameWaits = coflow.next.total() == coflow.waits.total();
        if (rate == coflow.rate && bottleneck == coflow.bottleneck && sameWaits)
        {
            continue;
        }
        Settle(id, asOf);
        coflow.waits = coflow.next;
        const bool same = rate == coflow.rate;
        coflow.rate = rate;
        coflow.bottleneck = bottleneck;
        if (!same)
        {
            Arm(part, id);
        }
    }
}

void
CoflowNetwork::Arm(Partition& part, uint32_t id)
{
    Coflow& coflow = m_coflows[id];
    ++coflow.generation;
    const double need = coflow.left * kTicksPerSecond / static_cast<double>(coflow.rate);
    if (coflow.rate > 0 && need < kMostTicks)
    {
        const Tick at = std::max<Tick>(part.now(), coflow.since + std::llround(need));
        Schedule(part, at, m_onFinish, id, coflow.generation);
    }
}

void
CoflowNetwork::OnFinish(Partition& part, const Event& event)
{
    Coflow& coflow = m_coflows[event.entity];
    if (event.arg != coflow.generation)
    {
        return; // its pace has changed since
    }
    Settle(event.entity, part.now());
    coflow.active = false;
    Withdraw(part, event.entity);
    const CoflowTimes times = coflow.times;
    m_client->OnDrained(part, event.entity, times);
}

} // namespace heddle

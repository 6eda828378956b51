// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-max-min.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <functional>

namespace heddle::fabric
{

namespace
{

/// Added before rounding down, so that 1/3 of 600 is 200; bits/s.
constexpr double kRounding = 1e-3;

int64_t
Part(int64_t rate, uint32_t share)
{
    return share == MaxMin::kWhole ? rate : rate * share / MaxMin::kWhole;
}

} // namespace

uint32_t
MaxMin::AddResource(int64_t capacity)
{
    Resource resource;
    resource.capacity = capacity;
    resource.spare = capacity;
    m_resources.push_back(std::move(resource));
    return static_cast<uint32_t>(m_resources.size() - 1);
}

uint32_t
MaxMin::AddFlow(const std::vector<Load>& loads, uint32_t weight)
{
    m_flows.emplace_back();
    const auto id = static_cast<uint32_t>(m_flows.size() - 1);
    m_flows[id].weight = weight;
    SetLoads(id, loads);
    return id;
}

void
MaxMin::SetLoads(uint32_t flow, const std::vector<Load>& loads)
{
    Flow& f = m_flows[flow];
    HEDDLE_CHECK(!f.inserted, "loads of a flow at rest");
    if (loads.size() > f.count) // else the old place will do
    {
        f.first = static_cast<uint32_t>(m_uses.size());
        m_uses.resize(m_uses.size() + loads.size());
    }
    f.count = static_cast<uint32_t>(loads.size());
    for (uint32_t i = 0; i < f.count; ++i)
    {
        m_uses[f.first + i] = {loads[i].resource, loads[i].share, 0};
    }
}

void
MaxMin::Insert(uint32_t flow)
{
    Flow& f = m_flows[flow];
    HEDDLE_CHECK(!f.inserted, "flow inserted twice");
    f.inserted = true;
    f.rate = 0;
    f.bottleneck = m_uses[f.first].resource;
    for (uint32_t u = f.first; u < f.first + f.count; ++u)
    {
        Resource& r = m_resources[m_uses[u].resource];
        m_uses[u].position = static_cast<uint32_t>(r.members.size());
        r.members.push_back(flow);
        r.useOf.push_back(u);
        r.demand += int64_t{f.weight} * m_uses[u].share;
    }
}

void
MaxMin::Remove(uint32_t flow)
{
    Flow& f = m_flows[flow];
    HEDDLE_CHECK(f.inserted, "flow removed twice");
    f.inserted = false;
    for (uint32_t u = f.first; u < f.first + f.count; ++u)
    {
        Resource& r = m_resources[m_uses[u].resource];
        const uint32_t position = m_uses[u].position;
        m_uses[r.useOf.back()].position = position;
        r.members[position] = r.members.back();
        r.useOf[position] = r.useOf.back();
        r.members.pop_back();
        r.useOf.pop_back();
        r.demand -= int64_t{f.weight} * m_uses[u].share;
        r.spare += Part(f.rate, m_uses[u].share);
    }
    f.rate = 0;
}

void
MaxMin::SetWeight(uint32_t flow, uint32_t weight)
{
    Flow& f = m_flows[flow];
    const int64_t more = int64_t{weight} - f.weight;
    f.weight = weight;
    for (uint32_t u = f.first; more != 0 && f.inserted && u < f.first + f.count; ++u)
    {
        m_resources[m_uses[u].resource].demand += more * m_uses[u].share;
    }
}

const std::vector<uint32_t>&
MaxMin::Collect(const std::vector<uint32_t>& seeds)
{
    ++m_round;
    m_collected.clear();
    m_affected.clear();
    const auto visit = [this](uint32_t resource)
    {
        if (m_resources[resource].seen != m_round)
        {
            m_resources[resource].seen = m_round;
            m_collected.push_back(resource);
        }
    };
    std::for_each(seeds.begin(), seeds.end(), visit);
    size_t next = 0;
    while (next < m_collected.size()) // visit() adds to it
    {
        for (uint32_t flow : m_resources[m_collected[next++]].members)
        {
            Flow& f = m_flows[flow];
            if (f.seen == m_round)
            {
                continue;
            }
            f.seen = m_round;
            f.frozen = false;
            m_affected.push_back(flow);
            for (uint32_t u = f.first; u < f.first + f.count; ++u)
            {
                visit(m_uses[u].resource);
            }
        }
    }
    return m_affected;
}

/// The rate per unit of weight at which it is full. Exact operands, one rounding.
double
MaxMin::Level(const Resource& resource)
{
    return static_cast<double>(std::max<int64_t>(0, resource.left)) * kWhole /
           static_cast<double>(resource.open);
}

void
MaxMin::Freeze(uint32_t resource, double level, uint8_t priority)
{
    const Resource& full = m_resources[resource];
    for (uint32_t flow : full.members)
    {
        Flow& f = m_flows[flow];
        if (f.frozen || f.level != priority)
        {
            continue;
        }
        f.frozen = true;
        f.rate = static_cast<int64_t>(level * f.weight + kRounding);
        f.bottleneck = resource;
        for (uint32_t u = f.first; u < f.first + f.count; ++u)
        {
            Resource& r = m_resources[m_uses[u].resource];
            r.left -= Part(f.rate, m_uses[u].share);
            r.open -= int64_t{f.weight} * m_uses[u].share;
        }
    }
}

void
MaxMin::Solve()
{
    for (uint32_t id : m_collected)
    {
        Resource& r = m_resources[id];
        r.left = r.capacity;
        r.open = r.demand;
    }
    for (uint32_t levels = m_levels; levels != 0;)
    {
        const auto priority = static_cast<uint8_t>(31 - __builtin_clz(levels));
        levels ^= 1U << priority;
        if (m_levels != 1)
        {
            Open(priority);
        }
        Fill(priority);
    }
    for (uint32_t id : m_collected)
    {
        m_resources[id].spare = m_resources[id].left;
    }
}

/// What the flows of one priority ask for.
void
MaxMin::Open(uint8_t priority)
{
    for (uint32_t id : m_collected)
    {
        m_resources[id].open = 0;
    }
    for (uint32_t flow : m_affected)
    {
        const Flow& f = m_flows[flow];
        for (uint32_t u = f.first; f.level == priority && u < f.first + f.count; ++u)
        {
            m_resources[m_uses[u].resource].open += int64_t{f.weight} * m_uses[u].share;
        }
    }
}

/// Progressive filling of what is left, by the flows of one priority.
void
MaxMin::Fill(uint8_t priority)
{
    m_heap.clear();
    for (uint32_t id : m_collected)
    {
        const Resource& r = m_resources[id];
        if (r.open > 0)
        {
            m_heap.emplace_back(Level(r), id);
        }
    }
    const std::greater<> later;
    std::make_heap(m_heap.begin(), m_heap.end(), later);
    while (!m_heap.empty())
    {
        std::pop_heap(m_heap.begin(), m_heap.end(), later);
        const auto [noted, id] = m_heap.back();
        m_heap.pop_back();
        const Resource& r = m_resources[id];
        if (r.open == 0)
        {
            continue; // all its flows are limited elsewhere
        }
        // Levels only rise while others fill up, so a noted one is a lower bound.
        const double level = Level(r);
        if (level > noted && !m_heap.empty() && level > m_heap.front().first)
        {
            m_heap.emplace_back(level, id);
            std::push_heap(m_heap.begin(), m_heap.end(), later);
            continue;
        }
        Freeze(id, level, priority);
    }
}

int64_t
MaxMin::Provisional(uint32_t flow) const
{
    const Flow& f = m_flows[flow];
    int64_t rate = INT64_MAX;
    for (uint32_t u = f.first; u < f.first + f.count; ++u)
    {
        const Resource& r = m_resources[m_uses[u].resource];
        const double free = static_cast<double>(r.spare) * kWhole / m_uses[u].share;
        const double equal =
            static_cast<double>(r.capacity) * kWhole / static_cast<double>(r.demand) * f.weight;
        rate = std::min(rate, static_cast<int64_t>(std::max(free, equal)));
    }
    return rate;
}

void
MaxMin::SetRate(uint32_t flow, int64_t rate)
{
    Flow& f = m_flows[flow];
    for (uint32_t u = f.first; u < f.first + f.count; ++u)
    {
        m_resources[m_uses[u].resource].spare -= Part(rate - f.rate, m_uses[u].share);
    }
    f.rate = rate;
}

} // namespace heddle::fabric

// SPDX-License-Identifier: GPL-2.0-only
//
// NICs of several ports, where ports queue. A flow that uses all ports of its NIC sends an equal
// part by each. Where a hash of the flow picks paths, each part has a path of its own, a lane, and
// a message is through when all its lanes are; elsewhere the parts spread alike and are one. Flows
// of one NIC need not use the same ports, when some that they lead to are dead: they take turns at
// all of them together.
#include "ns3/fabric-flow-network.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace heddle
{

using fabric::FifoQueues;
using fabric::FlowPaths;
using fabric::MaxMin;

/// Whether flows have lanes.
bool
FlowNetwork::Splits() const
{
    return m_paths.pinned() && !m_details.empty() && AnyPort(m_details[0]);
}

/// Of the two NICs, those that such a flow uses now.
std::vector<std::pair<NicId, NicId>>
FlowNetwork::PortsOf(const FlowDetails& d) const
{
    const PortPairs pairs = PairsOf(d);
    std::vector<std::pair<NicId, NicId>> used;
    for (uint32_t n = 0; n < pairs.count(); ++n)
    {
        const uint32_t own = pairs.Usable(n);
        used.emplace_back(d.from * m_ports + own, d.to * m_ports + pairs.to[own]);
    }
    return used;
}

/// With the resources.
void
FlowNetwork::FindOwnPorts(const std::vector<Loads>& loadsOf)
{
    m_ownPorts.clear();
    if (m_ports == 1 || !MayQueue())
    {
        return;
    }
    std::map<NicId, std::set<uint32_t>> portsOf;
    for (FlowDetails& d : m_details)
    {
        FindStages(d);
        for (size_t i = 0; i < m_stages.size() && i < 1; ++i)
        {
            for (const MaxMin::Load& load : loadsOf[m_stages[i]])
            {
                portsOf[d.from].insert(load.resource);
            }
        }
    }
    for (const auto& [nic, ports] : portsOf)
    {
        if (ports.size() > 1)
        {
            m_ownPorts[*ports.begin()].assign(ports.begin(), ports.end());
        }
        for (const uint32_t id : ports)
        {
            m_resources[id].leader = *ports.begin();
        }
    }
}

/// A change of path: what waits on the one of before stays there.
void
FlowNetwork::SetPath(uint32_t id, Lane& lane, const std::vector<FifoQueues::Load>& path)
{
    if (lane.stream != kNone && m_fifo->HasPath(lane.stream, path))
    {
        return;
    }
    if (lane.stream != kNone)
    {
        m_fifo->SetInflow(m_core.part(0), lane.stream, 0);
        SendStraggler(m_core.part(0), id, lane);
        ++m_details[id].paths;
    }
    lane.stream = m_fifo->AddFlow(path);
    m_flowOfStream.push_back(id);
}

void
FlowNetwork::AddLanes(uint32_t id, const Stops& stops)
{
    const FlowDetails& d = m_details[id];
    const Tick lastLink = m_topology.links[m_paths.PortOf(d.to * m_ports) / 2].delay;
    const auto toLastPort = static_cast<double>(UnloadedLatency(d.from, d.to, 1) - lastLink);
    const uint32_t inClass = ClassAt(id);
    std::vector<FifoQueues::Load> path;
    const auto pass = [&](uint32_t resource, uint32_t share, double way, uint32_t part)
    {
        if (m_queueOf[resource] != kNone)
        {
            const uint32_t queue = m_queueOf[resource] + inClass;
            path.push_back({queue, share, std::llround(way * toLastPort), part});
        }
    };
    Lane* lane = &m_laneOf[id * size_t{m_lanes}];
    if (!Splits())
    {
        for (const Stop& stop : stops)
        {
            const uint32_t queue = m_queueOf[stop.load.resource];
            const uint32_t part = queue == kNone ? fabric::FifoRooms::kNone : PartOf(stop, inClass);
            pass(stop.load.resource, stop.load.share, stop.way, part);
        }
        lane->share = 1;
        SetPath(id, *lane, path);
        return;
    }
    const std::vector<std::pair<NicId, NicId>> ports = PortsOf(d);
    double whole = 0;
    for (uint32_t l = 0; l < m_lanes; ++l)
    {
        const bool used = l < ports.size();
        path.clear();
        lane[l].share = used ? m_paths.SlowerRate(ports[l].first, ports[l].second) : 0;
        whole += lane[l].share;
        m_stages.clear();
        if (used)
        {
            m_paths.Find(ports[l].first, ports[l].second, d.entropy, m_stages);
        }
        for (size_t i = 1; i < m_stages.size(); ++i)
        {
            const double way = static_cast<double>(i) / static_cast<double>(m_stages.size() - 1);
            pass(m_resourceOf[m_stages[i]], FifoQueues::kWhole, way, fabric::FifoRooms::kNone);
        }
        SetPath(id, lane[l], path);
    }
    for (uint32_t l = 0; whole > 0 && l < m_lanes; ++l)
    {
        lane[l].share /= whole;
    }
}

/// Of the whole flow; with FifoQueues::Commit().
void
FlowNetwork::SetInflow(Partition& part, uint32_t id, int64_t rate)
{
    for (uint32_t l = 0; l < m_lanes; ++l)
    {
        const Lane& lane = m_laneOf[id * size_t{m_lanes} + l];
        const double inflow = static_cast<double>(rate) * lane.share;
        m_fifo->SetInflow(part, lane.stream, m_lanes == 1 ? rate : static_cast<int64_t>(inflow));
    }
}

/// A marker on every lane in use.
void
FlowNetwork::Send(Partition& part, uint32_t id, uint32_t cookie, double ahead)
{
    const Lane* lanes = &m_laneOf[id * size_t{m_lanes}];
    const auto inUse = [](const Lane& lane) { return lane.share > 0; };
    const auto count = static_cast<uint32_t>(std::count_if(lanes, lanes + m_lanes, inUse));
    m_inTransit[cookie].lanes = std::max(1U, count);
    m_inTransit[cookie].paths = m_details[id].paths;
    for (uint32_t l = 0; l < m_lanes; ++l)
    {
        if (inUse(lanes[l]) || (count == 0 && l == 0))
        {
            m_fifo->Send(part, lanes[l].stream, cookie, ahead);
        }
    }
}

/// Those that send now.
std::vector<uint32_t>
FlowNetwork::FlowsOver(const std::vector<uint32_t>& ports) const
{
    std::vector<uint32_t> flows;
    for (const uint32_t id : ports)
    {
        const std::vector<uint32_t>& here = m_maxMin.members(id);
        flows.insert(flows.end(), here.begin(), here.end());
    }
    std::sort(flows.begin(), flows.end());
    flows.erase(std::unique(flows.begin(), flows.end()), flows.end());
    return flows;
}

/// Flows of one NIC over several ports that not all of them use: all send alike until a port is
/// full. Into m_turnOf. Whole numbers, so that the order of the flows does not matter.
void
FlowNetwork::TakeTurns(const std::vector<uint32_t>& ports, const std::vector<uint32_t>& flows)
{
    std::map<uint32_t, int64_t> left; // bits/s, by port
    for (const uint32_t id : ports)
    {
        m_resources[id].touched = false;
        left[id] = RateLeft(m_resources[id]);
    }
    std::vector<uint32_t> open = flows;
    const auto part = [](int64_t rate, uint32_t share)
    { return static_cast<int64_t>(static_cast<double>(rate) * share / MaxMin::kWhole); };
    const auto forEachPort = [&](uint32_t flow, auto visit)
    {
        m_maxMin.ForEachLoad(flow,
                             [&](uint32_t id, uint32_t share)
                             {
                                 if (left.count(id) > 0)
                                 {
                                     visit(id, share);
                                 }
                             });
    };
    m_turnOf.resize(m_flows.size());
    for (const uint32_t id : flows)
    {
        m_details[id].paced = false;
    }
    while (!open.empty())
    {
        std::map<uint32_t, int64_t> taken; // shares, by port
        for (const uint32_t flow : open)
        {
            forEachPort(flow, [&](uint32_t id, uint32_t share) { taken[id] += share; });
        }
        int64_t turn = std::numeric_limits<int64_t>::max();
        uint32_t tightest = kNone;
        for (const auto& [id, shares] : taken)
        {
            const auto here =
                static_cast<int64_t>(static_cast<double>(std::max<int64_t>(0, left[id])) *
                                     MaxMin::kWhole / static_cast<double>(shares));
            tightest = here < turn ? id : tightest;
            turn = std::min(turn, here);
        }
        const auto slow = [&](uint32_t flow)
        { return m_config.controlled && m_details[flow].limit < turn; };
        const bool someSlow = std::any_of(open.begin(), open.end(), slow);
        const auto ends = [&](uint32_t flow)
        {
            bool full = false;
            forEachPort(flow, [&](uint32_t id, uint32_t) { full = full || id == tightest; });
            return someSlow ? slow(flow) : full;
        };
        const auto kept = std::stable_partition(open.begin(),
                                                open.end(),
                                                [&](uint32_t flow) { return !ends(flow); });
        for (auto flow = kept; flow != open.end(); ++flow)
        {
            m_details[*flow].paced = someSlow;
            m_turnOf[*flow] = someSlow ? m_details[*flow].limit : turn;
            forEachPort(*flow,
                        [&](uint32_t id, uint32_t share)
                        { left[id] -= part(m_turnOf[*flow], share); });
        }
        open.erase(kept, open.end());
    }
}

} // namespace heddle

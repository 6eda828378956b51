// SPDX-License-Identifier: GPL-2.0-only
//
// Flows that nothing slows down: a NIC serves its flows in turn at its full rate, the ports ahead
// queue.
#include "ns3/base-errors.h"
#include "ns3/base-hash.h"
#include "ns3/fabric-flow-network.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

using fabric::FifoQueues;
using fabric::MaxMin;

namespace
{

/// Beyond it every change of rates is passed through too many queues.
constexpr size_t kMostQueued = 100'000;
/// About a packet at 400 Gb/s.
constexpr Tick kLookAgainAfter = 100 * kNanosecond;
static_assert(FifoQueues::kWhole == MaxMin::kWhole);

} // namespace

bool
FlowNetwork::MayQueue() const
{
    return m_fifo && (m_classOf.empty() || m_ports == 1) &&
           m_flows.size() * (Splits() ? m_ports : 1) <= kMostQueued;
}

/// What a queue of lanes carries by itself, else all ports of the resource together.
int64_t
FlowNetwork::QueueRate(const Resource& resource) const
{
    const bool lane = Splits() && resource.cause != FlowWaits::OwnPort;
    const double part = lane ? m_largestShare[resource.port] : 1;
    return lane ? std::llround(static_cast<double>(resource.rate) * part) : resource.rate;
}

/// Of that for data.
int64_t
FlowNetwork::RateLeft(const Resource& resource) const
{
    return static_cast<int64_t>(static_cast<double>(QueueRate(resource)) *
                                (1 - AckShare(resource)));
}

/// The queue of a resource: the one of before where the ports are the same.
uint32_t
FlowNetwork::QueueFor(uint32_t id)
{
    const Resource& resource = m_resources[id];
    if (!resource.useful || resource.cause == FlowWaits::OwnPort)
    {
        return kNone;
    }
    std::vector<PortId> ports;
    for (PortId port = 0; port < m_resourceOf.size(); ++port)
    {
        if (m_resourceOf[port] == id)
        {
            ports.push_back(port);
        }
    }
    const auto [entry, isNew] = m_queueByPorts.try_emplace(std::move(ports), kNone);
    if (isNew)
    {
        const auto rate = static_cast<double>(QueueRate(resource));
        const auto port = static_cast<double>(m_paths.RateOf(resource.port).bps());
        const bool alone = m_turns.size() == 1;
        entry->second = alone ? m_fifo->AddQueue(QueueRate(resource), rate / port)
                              : m_fifo->AddQueues(QueueRate(resource), rate / port, m_turns);
        for (uint32_t c = 0; c < m_turns.size(); ++c)
        {
            m_queues.emplace_back(resource.port, resource.cause);
            if (m_rooms)
            {
                AddRoomsOf(entry->second + c, entry->first);
            }
        }
    }
    else
    {
        m_fifo->SetCapacity(m_core.part(0), entry->second, QueueRate(resource));
    }
    return entry->second;
}

/// Of flows at rest, in order, with the resources. What is on its way on an older path stays there.
void
FlowNetwork::AddQueues(const std::vector<Stops>& stopsOfFlow)
{
    m_queued = MayQueue();
    if (!m_queued)
    {
        return;
    }
    AddRooms();
    m_queueOf.clear();
    for (uint32_t id = 0; id < m_resources.size(); ++id)
    {
        m_queueOf.push_back(QueueFor(id));
    }
    m_fifo->SetPacket(m_config.packetBits);
    m_lanes = Splits() ? m_ports : 1;
    m_laneOf.resize(m_flows.size() * m_lanes);
    for (uint32_t id = 0; id < m_flows.size(); ++id)
    {
        FlowDetails& d = m_details[id];
        AddLanes(id, stopsOfFlow[id]);
        // Where in the last round of everybody's packets its own come: by content, and the same for
        // all of its messages.
        d.ahead = static_cast<double>(HashCombine(m_core.seed(), Mix64(d.entropy)) >> 11) * 0x1p-53;
        d.slowest = stopsOfFlow[id].empty() ? kNone : m_maxMin.lastResource(id);
        d.acknowledgement = m_config.acknowledgement + UnloadedLatency(d.from, d.to, 1) +
                            UnloadedLatency(d.to, d.from, 1);
        d.way = UnloadedLatency(d.from, d.to, static_cast<uint32_t>(m_config.packetBits / 8));
    }
    m_fifo->Commit(m_core.part(0));
    const ClassConfig& marked = m_topology.switchConfig.classes[m_config.markedClass];
    if (m_config.controlled && marked.ecn)
    {
        constexpr double kBitsPerByte = 8;
        m_fifo->SetMarking({kBitsPerByte * static_cast<double>(marked.kminBytes),
                            kBitsPerByte * static_cast<double>(marked.kmaxBytes),
                            marked.pmax});
    }
}

/// What a flow sends whose limit does not matter: those that may send less than their turn leave
/// the rest to the others. Whole numbers, so that the order of the flows does not matter.
int64_t
FlowNetwork::Turn(const std::vector<uint32_t>& flows, int64_t capacity)
{
    auto open = static_cast<int64_t>(flows.size());
    int64_t turn = capacity / open;
    if (!m_config.controlled)
    {
        return turn;
    }
    for (const uint32_t id : flows)
    {
        m_details[id].paced = false;
    }
    for (bool settled = false; !settled && open > 0;)
    {
        settled = true;
        turn = capacity / open;
        for (const uint32_t id : flows)
        {
            FlowDetails& d = m_details[id];
            if (!d.paced && d.limit < turn)
            {
                d.paced = true;
                capacity -= d.limit;
                --open;
                settled = false;
            }
        }
    }
    return turn;
}

/// Everyone's turn at a NIC's port, or what acknowledgements leave of another port.
void
FlowNetwork::Share(Partition& part, uint32_t id, bool again)
{
    Resource& resource = m_resources[id];
    resource.touched = false;
    ++m_recomputations;
    const uint32_t partner = resource.partner;
    const bool answers = partner != kNone && !m_maxMin.idle(partner);
    if (!answers && m_queueOf[id] != kNone)
    {
        return; // what has been sent the other way is still being answered
    }
    if (!again && answers && m_details[m_maxMin.members(partner)[0]].spread)
    {
        // Flows that begin together know each other's rates then.
        Schedule(part, part.now() + kLookAgainAfter, m_onSolve, id, kLookAgain);
    }
    const int64_t carried = RateLeft(resource);
    if (m_queueOf[id] != kNone)
    {
        m_fifo->SetCapacity(part, m_queueOf[id], carried);
        return;
    }
    Component& component = m_components[id];
    const Tick asOf = part.now() - 1;
    const auto several = m_ownPorts.find(id);
    const bool same = several == m_ownPorts.end();
    component.flows = same ? m_maxMin.members(id) : FlowsOver(several->second);
    component.restUntil = asOf;
    if (component.flows.empty())
    {
        return;
    }
    const auto turns = static_cast<double>(component.flows.size());
    if (m_config.controlled)
    {
        component.restUntil += m_config.restPerFlow * static_cast<Tick>(component.flows.size());
        for (const uint32_t member : component.flows)
        {
            Settle(member, asOf); // while it is known what paced it
        }
    }
    if (m_turns.size() > 1)
    {
        ShareByClass(part, id, carried);
    }
    else
    {
        const int64_t capacity = std::min(carried, HoldOf(resource.port, 0).rate);
        const int64_t turnOfAll = same ? Turn(component.flows, capacity) : 0;
        if (!same)
        {
            TakeTurns(several->second, component.flows);
        }
        const auto unheld = static_cast<double>(carried) / static_cast<double>(capacity + 1);
        for (const uint32_t member : component.flows)
        {
            const int64_t turn = same ? turnOfAll : m_turnOf[member];
            TakeTurn(part, member, id, turn, turns, capacity < carried ? unheld : 0);
        }
    }
    m_fifo->Commit(part);
    ArmSoon(part, id);
}

/// A flow at its NIC's port, `resource`, which serves so many in turn. `unheld`: what it would get
/// of its turn if the port were not asked to pause; 0: it is not.
void
FlowNetwork::TakeTurn(Partition& part,
                      uint32_t id,
                      uint32_t resource,
                      int64_t turn,
                      double turns,
                      double unheld)
{
    Flow& flow = m_flows[id];
    FlowDetails& d = m_details[id];
    const int64_t rate = d.paced ? d.limit : std::min(turn, static_cast<int64_t>(d.lineRate));
    if (rate == flow.rate)
    {
        return;
    }
    Settle(id, part.now() - 1);
    flow.rate = rate;
    flow.bottleneck = resource;
    d.unheld = d.paced ? 0 : static_cast<int64_t>(unheld * static_cast<double>(rate));
    d.early = d.ahead * m_config.packetBits * (1 - 1 / turns);
    PredictMark(id);
    TellSpray(part, id);
    SetInflow(part, id, static_cast<int64_t>(static_cast<double>(rate) * d.arriving));
}

void
FlowNetwork::SetLimit(Partition& part, uint32_t id, int64_t limit)
{
    FlowDetails& d = m_details[id];
    d.limit = limit;
    if (m_queued && m_maxMin.inserted(id) && (d.paced || limit < m_flows[id].rate))
    {
        Touch(part, m_maxMin.firstResource(id));
    }
}

} // namespace heddle

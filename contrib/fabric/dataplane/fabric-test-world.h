// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-test-world.h
// -------------------------
// For the tests beside this code: a network with simple NICs. A NIC sends what Offer() gave it, in
// order, as fast as its port lets it, and records every packet that it receives.

#ifndef HEDDLE_FABRIC_TEST_WORLD_H
#define HEDDLE_FABRIC_TEST_WORLD_H

#include "ns3/base-hash.h"
#include "ns3/fabric-network.h"

#include <deque>
#include <functional>
#include <map>
#include <vector>

namespace heddle::test
{

struct Offer
{
    NicId to;
    uint32_t wireBytes;
    uint64_t count; ///< packets
    uint8_t trafficClass = 3;
    uint8_t flags = 0;
    uint32_t entropy = 0;
};

struct Arrival
{
    Tick time;
    NicId nic;
    Packet packet; ///< a copy
};

class World : public NicClient
{
  public:
    explicit World(Topology given, uint64_t seed = 1)
        : topology(std::move(given)),
          core({.seed = seed}),
          net(core, topology),
          m_work(topology.nics)
    {
        for (NicId nic = 0; nic < topology.nics; ++nic)
        {
            net.Attach(nic, this);
        }
        m_start = core.AddHandler<World, &World::OnStart>(this);
        m_call = core.AddHandler<World, &World::OnCall>(this);
        m_entity = core.NewEntities();
    }

    /// From `at` on, `nic` sends the packets of `offer` after what it was offered earlier.
    void Send(NicId nic, const Offer& offer, Tick at = 0)
    {
        m_offers.push_back(offer);
        Event event{at, core.Key(m_entity, m_sequence++), m_offers.size() - 1, nic, m_start, 0};
        core.part(0).Insert(event);
    }

    void At(Tick time, std::function<void(Partition&)> what)
    {
        m_calls.push_back(std::move(what));
        core.part(0).Insert(
            {time, core.Key(m_entity, m_sequence++), m_calls.size() - 1, 0, m_call, 0});
    }

    void Run(Tick until = kForever)
    {
        core.RunUntil(until);
    }

    void OnReceive(Partition& part, NicId nic, Packet* packet) override
    {
        if (record)
        {
            arrivals.push_back({part.now(), nic, *packet});
        }
        digest = HashCombine(digest, HashCombine(static_cast<uint64_t>(part.now()), nic));
        digest = HashCombine(digest, (uint64_t{packet->source} << 32) | packet->sequence);
        bytesFrom[{packet->source, packet->trafficClass}] += packet->wireBytes;
        lastArrival = part.now();
        net.Free(part, packet);
    }

    void OnPortReady(Partition& part, NicId nic) override
    {
        Pump(part, nic);
    }

    uint64_t DroppedFor(DropReason reason) const
    {
        return net.counters().dropped[static_cast<size_t>(reason)];
    }

    uint64_t Dropped() const
    {
        uint64_t sum = 0;
        for (uint64_t d : net.counters().dropped)
        {
            sum += d;
        }
        return sum;
    }

    Topology topology;
    EventCore core;
    Network net;
    bool record = true;
    std::vector<Arrival> arrivals;
    std::map<std::pair<NicId, unsigned>, uint64_t> bytesFrom; ///< received, by (source, class)
    uint64_t digest = 0;
    Tick lastArrival = 0;

  private:
    void OnStart(Partition& part, const Event& event)
    {
        m_work[event.entity].push_back(m_offers[event.arg]);
        Pump(part, event.entity);
    }

    void OnCall(Partition& part, const Event& event)
    {
        m_calls[event.arg](part);
    }

    /// Sends the first offer whose class may; several classes do not block each other.
    void Pump(Partition& part, NicId nic)
    {
        auto& work = m_work[nic];
        for (size_t i = 0; i < work.size();)
        {
            Offer& offer = work[i];
            if (!net.CanSend(part, nic, offer.trafficClass))
            {
                ++i;
                continue;
            }
            Packet* packet = net.Alloc(part);
            packet->source = nic;
            packet->destination = offer.to;
            packet->wireBytes = static_cast<uint16_t>(offer.wireBytes);
            packet->trafficClass = offer.trafficClass;
            packet->flags = offer.flags;
            packet->entropy = offer.entropy;
            packet->sequence = m_packets++;
            net.Send(part, nic, packet);
            Offer rest = offer;
            work.erase(work.begin() + static_cast<std::ptrdiff_t>(i));
            if (--rest.count > 0)
            {
                work.push_back(rest); // round robin
            }
            break;
        }
        if (!work.empty())
        {
            net.WakeWhenReady(part, nic);
        }
    }

    std::vector<std::deque<Offer>> m_work;
    std::vector<Offer> m_offers;
    std::vector<std::function<void(Partition&)>> m_calls;
    HandlerId m_start;
    HandlerId m_call;
    uint32_t m_entity;
    uint32_t m_sequence = 0;
    uint32_t m_packets = 0;
};

/// One host per NIC; 400 Gb/s, 500 ns links, 500 ns switches (validation A2).
inline ClusterShape
Shape(uint32_t hosts, uint32_t acceleratorsPerHost = 1)
{
    ClusterShape shape;
    shape.hosts = hosts;
    shape.acceleratorsPerHost = acceleratorsPerHost;
    shape.nicRate = ParseRate("400Gbps");
    shape.delayByTier = {500 * kNanosecond};
    shape.switchConfig.forwardingLatency = 500 * kNanosecond;
    return shape;
}

} // namespace heddle::test

#endif

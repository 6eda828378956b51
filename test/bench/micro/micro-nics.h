// SPDX-License-Identifier: GPL-2.0-only
//
// File: micro-nics.h
// ------------------
// NICs without a transport: each sends a number of equal packets to one destination as fast as its
// port lets it, and drops what arrives. What remains is the network's own cost.

#ifndef HEDDLE_BENCH_MICRO_NICS_H
#define HEDDLE_BENCH_MICRO_NICS_H

#include "ns3/fabric-network.h"

#include <benchmark/benchmark.h>
#include <vector>

namespace heddle::bench
{

class BareNics : public NicClient
{
  public:
    BareNics(EventCore& core, Network& network)
        : m_core(core), m_network(network), m_work(network.topology().nics)
    {
        for (NicId nic = 0; nic < m_work.size(); ++nic)
        {
            network.Attach(nic, this);
        }
    }

    /// To be called between runs.
    void Offer(NicId from, NicId to, uint64_t packets)
    {
        m_work[from] = {to, packets};
        Send(m_core.part(0), from);
    }

    void OnReceive(Partition& part, NicId, Packet* packet) override
    {
        m_network.Free(part, packet);
    }

    void OnPortReady(Partition& part, NicId nic) override
    {
        Send(part, nic);
    }

  private:
    struct Work
    {
        NicId to = kNone;
        uint64_t left = 0;
    };

    void Send(Partition& part, NicId nic)
    {
        constexpr uint8_t kClass = 3;
        Work& work = m_work[nic];
        if (work.left == 0)
        {
            return;
        }
        if (m_network.CanSend(part, nic, kClass))
        {
            --work.left;
            Packet* packet = m_network.Alloc(part);
            packet->source = nic;
            packet->destination = work.to;
            packet->entropy = static_cast<uint32_t>(work.left);
            packet->wireBytes = 4178;
            packet->trafficClass = kClass;
            m_network.Send(part, nic, packet);
        }
        m_network.WakeWhenReady(part, nic);
    }

    EventCore& m_core;
    Network& m_network;
    std::vector<Work> m_work;
};

/// Every NIC i in [0, senders) sends to to(i); the counter is links crossed per second.
template <class To>
void
RunBareNics(benchmark::State& state, const Topology& topology, uint32_t senders, To&& to)
{
    constexpr uint64_t kPackets = 500;
    EventCore core({});
    Network network(core, topology);
    BareNics nics(core, network);
    const auto run = [&]
    {
        for (NicId nic = 0; nic < senders; ++nic)
        {
            nics.Offer(nic, to(nic), kPackets);
        }
        core.RunUntil(kForever);
    };
    run(); // pools and buckets have grown
    const uint64_t hops = network.counters().dataHops;
    const uint64_t events = core.eventCount();
    for (auto _ : state)
    {
        run();
    }
    const auto crossed = static_cast<double>(network.counters().dataHops - hops);
    state.SetItemsProcessed(static_cast<int64_t>(crossed));
    state.counters["events_per_hop"] = static_cast<double>(core.eventCount() - events) / crossed;
}

} // namespace heddle::bench

#endif

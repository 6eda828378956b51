// SPDX-License-Identifier: GPL-2.0-only
//
// File: reference-ceiling.h
// -------------------------
// The yardstick: what this machine can do at best with a discrete-event model of a fat-tree. A bare
// loop over a wheel of 24-byte events: FIFO ports, hash ECMP, a window per flow, an ACK per packet,
// two events per hop (transmission over, packet arrived). It has no buffer limit, PFC, ECN,
// congestion control, loss, traffic classes, statistics or partitions, and its network cannot be
// anything but a classic k-ary fat-tree with equal links.
//
//   CeilingResult r = ReferenceCeiling(set, {}).Run();

#ifndef HEDDLE_BENCH_REFERENCE_CEILING_H
#define HEDDLE_BENCH_REFERENCE_CEILING_H

#include "flows.h"

#include <deque>
#include <vector>

namespace heddle::bench
{

struct CeilingConfig
{
    uint32_t payloadBytes = 4096;
    uint32_t overheadBytes = 82; ///< wire bytes beside the payload
    uint32_t ackBytes = 86;
    uint32_t window = 64;       ///< packets in flight per flow
    Tick psPerByte = 80;        ///< 100 Gb/s
    Tick linkDelay = 1'000'000; ///< ps
};

struct CeilingResult
{
    uint64_t dataHops = 0;
    uint64_t events = 0;
    uint64_t flowsDone = 0;
    uint64_t ports = 0;
    Tick finished = 0; ///< last flow's last byte
};

class ReferenceCeiling
{
  public:
    /// `set` must outlive it; its hosts must fill a classic fat-tree (InputError).
    ReferenceCeiling(const FlowSet& set, const CeilingConfig& config);
    CeilingResult Run();

  private:
    struct Packet
    {
        Packet* next;
        uint32_t flow;
        uint32_t destination;
        uint16_t wireBytes;
        uint8_t hops;
        bool ack;
    };

    struct Event
    {
        Tick time;
        Packet* packet; ///< null: the port's transmission is over
        uint32_t port;

        bool operator<(const Event& other) const
        {
            return time < other.time;
        }
    };

    static_assert(sizeof(Event) == 24);

    struct Port
    {
        Packet* head = nullptr;
        Packet* tail = nullptr;
        uint32_t to; ///< host, edge, aggregation or core switch, by tier
        uint8_t tier;
        bool busy = false;
    };

    struct FlowState
    {
        uint32_t packets;
        uint32_t next = 0;
        uint32_t acked = 0;
        uint32_t received = 0;
    };

    void BuildPorts();
    void AddPort(uint8_t tier, uint32_t to);
    void Schedule(Tick time, uint32_t port, Packet* packet);
    bool NextBucket();
    void Start(uint32_t flow);
    void SendWindow(uint32_t flow);
    void Inject(uint32_t flow, uint32_t from, uint32_t to, uint32_t wireBytes, bool ack);
    void Enqueue(uint32_t port, Packet* packet);
    void Transmit(uint32_t port, Packet* packet);
    void Arrive(uint32_t port, Packet* packet);
    uint32_t Choose(const Packet& packet, uint32_t salt) const;
    void Deliver(uint32_t host, Packet* packet);

    const FlowSet& m_set;
    CeilingConfig m_config;
    uint32_t m_k;
    uint32_t m_half;
    uint32_t m_hosts;
    Tick m_now = 0;
    int64_t m_bucket = 0;
    size_t m_pending = 0;
    std::vector<std::vector<Event>> m_wheel;
    std::vector<uint64_t> m_occupied;
    std::vector<Event> m_current;
    std::vector<Port> m_ports;
    std::vector<FlowState> m_flows;
    std::vector<std::pair<Tick, uint32_t>> m_starts; ///< latest first
    Packet* m_free = nullptr;
    std::deque<Packet> m_packets;
    TriggerBoard m_triggers;
    CeilingResult m_result;
};

} // namespace heddle::bench

#endif

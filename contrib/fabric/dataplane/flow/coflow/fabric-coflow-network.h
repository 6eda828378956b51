// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-coflow-network.h
// -----------------------------
// Coupled flows. A coflow is all that a collective sends: it loads many ports at once, each with a
// fixed part of its bits, and all parts advance at one pace. Paces are max-min fair over the ports
// (fabric-max-min.h) and change when coflows start, end, or a capacity changes; only the component
// that a change touches is recomputed.
//
//   CoflowNetwork net(core, {});
//   uint32_t out = net.AddPort(400'000'000'000, CoflowNetwork::PortKind::NicOut);
//   uint32_t c = net.Add({{out, 8e9}, {…}}, 1);        // bits per port
//   net.Start(part, c, paceTime);                       // → client.OnDrained()
//
// A coflow ends at once when alone after max over ports of bits / rate: the bound that no schedule
// of its messages can beat. It shares a port in proportion to its weight, the number of messages
// streams that it has there. `paceTime` is a lower bound of its own, where its messages wait for
// each other (rings of short messages). With a CoflowLoop that bound grows by what these messages
// wait at NICs that others use, and in queues at ports that are offered more than they carry
// (fabric-coflow-waits.cc).
//
// The time that it took is booked to what limited it: its pace, a NIC's or a scale-up port, a port
// inside the fabric (only what exceeds the time at its endpoints' rate), a failure.
//
// Traffic classes, where coflows have several: fabric-class-weights.h.
//
// Deviations: classes count at scale-up ports, too; with several classes under way nobody waits as
// a CoflowLoop says; parts of a coflow cannot run ahead of each other, so work that one port could
// do while another is the bottleneck waits; a failed link on one path holds up all of a coflow, but
// for many streams beside each other that go on after the outage.

#ifndef HEDDLE_FABRIC_COFLOW_NETWORK_H
#define HEDDLE_FABRIC_COFLOW_NETWORK_H

#include "ns3/base-event-core.h"
#include "ns3/base-units.h"
#include "ns3/fabric-class-weights.h"
#include "ns3/fabric-max-min.h"

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

namespace heddle
{

/// Where a coflow's time went; ps, sums to the time since it started but for rounding.
struct CoflowTimes
{
    enum Cause : uint8_t
    {
        Pace,     ///< its own messages wait for each other
        ScaleUp,  ///< a port within a scale-up domain
        ScaleOut, ///< a NIC's port, its own or the last hop
        Fabric,   ///< a port between switches, beyond what the endpoints would have taken
        Down,     ///< no path, or what a slow NIC link takes longer than as built
        Recovery, ///< a path again, but the senders have not timed out yet
        kCauses,
    };

    std::array<double, kCauses> time{};
    uint32_t culprit = ~0U; ///< the port between switches that cost most
};

/// Time on the ports that it loads most, fabric ports included; ps.
struct CoflowAlone
{
    double scaleUp = 0;
    double others = 0;
};

/// Messages that wait for each other, hop after hop.
struct CoflowLoop
{
    /// How many of the longest such chain go through a port, per bit of all that the coflow puts on
    /// it; 0: none wait for each other.
    double passes = 0;
    double message = 0; ///< of each message, bits on the wire
    double turn = 0;    ///< when a stall has come round, ps: until then messages follow; 0: none do
};

class CoflowClient
{
  public:
    virtual ~CoflowClient() = default;
    /// The last bit leaves now.
    virtual void OnDrained(Partition& part, uint32_t coflow, const CoflowTimes& times) = 0;
};

class CoflowNetwork
{
  public:
    enum class PortKind : uint8_t
    {
        NicOut,
        NicIn, ///< from the last switch to a NIC
        Fabric,
        ScaleUp,
    };

    struct Load
    {
        uint32_t port;
        double bits; ///< > 0
        /// The port needs as long as for so many more, ≥ 0: its part of sprayed packets is a draw.
        double uneven = 0;
    };

    /// A port to which more is offered than it carries, by senders that slow down for it.
    struct Congestion
    {
        double rate;    ///< bits/s
        double streams; ///< that come to it
        double offered; ///< bits/s, as the NICs share it out
        double bits;    ///< that it carries in all
    };

    struct Config
    {
        /// Of a port to which the NICs offer more than it carries (congestion control's loss).
        double congestedEfficiency = 1;
        /// After a failure senders go on when their timer, which doubles each time, expires; ps.
        Tick retransmissionTimeout = 4 * kMillisecond;
        /// Packets of a message take many paths: those that a dead port between switches swallows
        /// are missed when others arrive, and sent again; nothing stands still.
        bool spread = false;
        fabric::ClassConfigs classes{}; ///< who goes first where coflows of several classes meet
        /// Of a stream under way at most; bits.
        double windowBits = 1e18;
        /// Queues of so many bits make senders slow down.
        double markBits = 1e18;
        double packetBits = 1; ///< of a full packet
        /// From a packet's loss to its next copy, while others are acknowledged; ps.
        double repairTime = 0;
        Tick rerouteDelay = 0; ///< from a failure to Reload(); ps
        /// In place of congestedEfficiency, where that is below 1: the part of its rate that such a
        /// port uses, (0, 1].
        std::function<double(const Congestion&)> efficiency{};
    };

    CoflowNetwork(EventCore& core, const Config& config);
    CoflowNetwork(const CoflowNetwork&) = delete;
    CoflowNetwork& operator=(const CoflowNetwork&) = delete;

    void SetClient(CoflowClient* client)
    {
        m_client = client;
    }

    /// Ports are numbered from 0 in the order in which they are added; bits/s > 0.
    /// `built`: before a failure that was there from the start; 0: none was.
    uint32_t AddPort(int64_t rate, PortKind kind, int64_t built = 0);

    size_t ports() const
    {
        return m_portOf.size();
    }

    /// A coflow at rest; at least one load, each port at most once; weight > 0. `messageTime`: of
    /// its longest message alone, ps; an outage shorter than that, or than the loop's turn, is
    /// noticed without a timer, by the packets that follow.
    uint32_t Add(const std::vector<Load>& loads,
                 uint32_t weight,
                 double messageTime = 0,
                 const CoflowLoop& loop = {});

    /// Its traffic class, 0 … 7; 0 at first. The coflow is at rest.
    void SetClass(uint32_t coflow, unsigned trafficClass);

    /// It takes `paceTime` ps at least. The coflow is at rest.
    void Start(Partition& part, uint32_t coflow, double paceTime);

    /// Of a coflow without anybody else; its pace does not count.
    CoflowAlone Alone(uint32_t coflow) const;

    bool active(uint32_t coflow) const
    {
        return m_coflows[coflow].active;
    }

    /// Bits/s of its most loaded port, 0 at rest.
    int64_t RateOf(uint32_t coflow) const
    {
        return m_maxMin.rate(coflow);
    }

    /// A link is degraded, or whole again; 0: nothing gets through, see Reload().
    void SetCapacity(Partition& part, uint32_t port, int64_t rate);

    /// Flows that spread: for Config::rerouteDelay from now so much of what crosses the stage of
    /// these ports, (0, 1], gets lost there.
    void Lose(Partition& part, const std::vector<uint32_t>& ports, double share);

    /// Other paths. An active coflow goes on with the part that it has not sent yet, if it stood
    /// still after its senders' timers. No loads: there is no path, it stands still.
    void Reload(Partition& part, uint32_t coflow, const std::vector<Load>& loads);

    /// Bytes that each port has carried so far.
    std::vector<double> PortBytes();

    uint64_t recomputations() const
    {
        return m_recomputations;
    }

  private:
    static constexpr int64_t kUnlimited = int64_t{1} << 46; ///< bits/s; 70 Tb/s

    struct Waits ///< beyond the pace of its own; ps of the whole
    {
        double nic = 0;      ///< at NICs and before them
        double fabric = 0;   ///< in queues between switches
        double most = 0;     ///< … at one port
        uint32_t port = ~0U; ///< that one

        double total() const
        {
            return nic + fabric;
        }
    };

    struct Coflow
    {
        double bits = 0; ///< of the most loaded port
        double left = 0; ///< of them, at `since`
        double carried = 0;
        double paceTime = 0;
        double messageTime = 0;
        Tick since = 0;
        Tick downSince = 0;
        int64_t rate = 0;
        int64_t endpointRate = 0; ///< without fabric ports
        CoflowTimes::Cause endpointCause = CoflowTimes::ScaleOut;
        double endpointLost = 0; ///< share of that port's rate which failures have taken
        uint32_t bottleneck = fabric::MaxMin::kNobody; ///< resource
        uint32_t generation = 0;                       ///< of its finishing event
        uint32_t pace = 0;                             ///< resource
        uint32_t weight = 1;
        uint8_t trafficClass = 0;
        bool active = false;
        bool down = false;
        bool recovering = false;
        CoflowTimes times{};
        double culpritLead = 0; ///< majority vote, ps
        CoflowLoop loop{};
        std::vector<double> carries{};            ///< part of each load that are bits; empty: all
        double nicShare = fabric::MaxMin::kWhole; ///< of its rate at the NIC that sends most
        Waits waits{};                            ///< that its pace has now
        Waits next{};                             ///< … from the solution under way on
        double open = 0;                          ///< scratch
    };

    struct Joined ///< scratch: what coflows put on a resource
    {
        double all = 0;     ///< bits, uneven ones included
        double bits = 0;    ///< … without
        double squares = 0; ///< of the uneven ones
        double factor = 1;  ///< of its capacity
    };

    struct Loss ///< at ports that the routes still use
    {
        std::vector<uint32_t> ports;
        double share;
        Tick until;
    };

    struct Resource
    {
        PortKind kind = PortKind::Fabric;
        uint32_t port = ~0U; ///< none: the pace of a coflow
        int64_t rate = 0;
        int64_t built = 0; ///< before any failure

        double lost() const
        {
            return 1 - static_cast<double>(rate) / static_cast<double>(built);
        }
    };

    void SetLoads(uint32_t coflow, const std::vector<Load>& loads);
    void FindEndpointRate(Coflow& coflow, uint32_t id);
    void Insert(Partition& part, uint32_t id);
    void Withdraw(Partition& part, uint32_t id);
    void Suspend(Partition& part, uint32_t id);
    bool Outlasts(uint32_t id) const;
    void SufferLoss(Partition& part, uint32_t id, const Loss& loss);
    double LossDelay(uint32_t id, double crossing, const Loss& loss, double outage) const;
    void Touch(Partition& part, uint32_t coflow);
    void RequestSolve(Partition& part);
    void WeighByClass(const std::vector<uint32_t>& coflows);
    void SetCapacities(const std::vector<uint32_t>& coflows);
    void JoinUneven(const std::vector<uint32_t>& coflows);
    void CountStreams(const std::vector<uint32_t>& coflows);
    double EfficiencyOf(uint32_t resource) const;

    // fabric-coflow-waits.cc
    double PortTime(const Coflow& coflow, const Resource& r, uint32_t share) const;
    double StreamsAt(const Coflow& coflow, uint32_t share) const;
    double SendingAt(const Coflow& coflow, const Resource& r, uint32_t share, double others) const;
    void SetPaces(const std::vector<uint32_t>& coflows);
    void ShareNics(const std::vector<uint32_t>& coflows);
    void ShareNics(size_t first, size_t last, bool loops);
    double NicShare(uint32_t id) const;
    void Offer(const std::vector<uint32_t>& coflows);
    template <class Visit>
    void ForEachQueue(uint32_t id, Visit visit) const;
    double UnderWay(const Coflow& coflow, uint32_t share) const;
    void FindMostWaits(const std::vector<uint32_t>& coflows);
    void WaitInQueues(const std::vector<uint32_t>& coflows);
    void OnSolve(Partition& part, const Event& event);
    void OnFinish(Partition& part, const Event& event);
    void OnRecovered(Partition& part, const Event& event);
    void Settle(uint32_t id, Tick until);
    void Arm(Partition& part, uint32_t id);
    void Flush(uint32_t id);
    void Schedule(Partition& part, Tick at, HandlerId handler, uint32_t entity, uint64_t arg);

    EventCore& m_core;
    Config m_config;
    fabric::MaxMin m_maxMin; ///< flow = coflow
    CoflowClient* m_client = nullptr;
    std::vector<Coflow> m_coflows;
    std::vector<Resource> m_resources;
    std::vector<uint32_t> m_portOf;            ///< by port: resource
    std::vector<double> m_portBits;            ///< carried
    std::vector<double> m_offered;             ///< scratch: bits/s, by resource
    std::vector<double> m_sending;             ///< scratch: streams, by resource
    std::vector<double> m_streams;             ///< … of equal messages, all
    std::vector<double> m_equal;               ///< … that send
    std::vector<double> m_next;                ///< … as they follow from these
    std::vector<Joined> m_joined;              ///< by resource
    std::vector<double> m_underWay;            ///< scratch: bits, by resource
    std::vector<double> m_mostWait;            ///< scratch: ps, by resource
    std::vector<double> m_comes;               ///< scratch: bits/s, by resource
    std::vector<double> m_slope;               ///< … per ps
    std::vector<uint32_t> m_byMessage;         ///< scratch: coflows
    std::vector<uint32_t> m_touched;           ///< resources
    std::vector<fabric::MaxMin::Load> m_loads; ///< scratch
    fabric::ClassWeights m_classWeights;
    uint8_t m_classes = 0; ///< a bit for each that some coflow has started in
    std::vector<Loss> m_losses;
    bool m_pending = false;
    uint32_t m_entity;
    uint32_t m_sequence = 0;
    uint64_t m_recomputations = 0;
    HandlerId m_onSolve;
    HandlerId m_onFinish;
    HandlerId m_onRecovered;
};

} // namespace heddle

#endif

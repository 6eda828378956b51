// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-topology.h
// -----------------------
// A scale-out network as plain data: NICs, switches, links, and how switches behave. Builders
// (topology/*.cc, registry category "topology") make it from a ClusterShape; the packet level, the
// ideal fabric and later the flow level run it.

#ifndef HEDDLE_FABRIC_TOPOLOGY_H
#define HEDDLE_FABRIC_TOPOLOGY_H

#include "ns3/base-registry.h"
#include "ns3/base-units.h"
#include "ns3/fabric-packet.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace heddle
{

inline constexpr unsigned kClasses = 8;
inline constexpr uint32_t kMostNicPorts = 16; ///< Alibaba HPN: the ports of a whole host

enum class Forwarding : uint8_t
{
    StoreAndForward,
    CutThrough, ///< falls back to store-and-forward where the output is faster than the input
};

/// How one traffic class is treated in every port.
struct ClassConfig
{
    bool lossless = false; ///< PFC
    bool strict = false;   ///< strict priority (higher class first), else DWRR by weight
    uint32_t weight = 1;   ///< DWRR quantum in MTUs
    bool ecn = false;
    uint64_t kminBytes = 0; ///< marking ramp starts; bytes of this egress queue left at dequeue
    uint64_t kmaxBytes = 0;
    double pmax = 0; ///< probability at Kmax; above Kmax 1
};

struct SwitchConfig
{
    Forwarding forwarding = Forwarding::CutThrough;
    Tick forwardingLatency = 0; ///< first bit in (header complete) to egress queue; ps
    uint32_t headerBytes = 64;  ///< what cut-through waits for
    uint64_t bufferBytes = 0;   ///< shared by all ports; 0 = unlimited
    double alpha = 1.0;         ///< dynamic threshold: limit = alpha · (pool − used)
    /// Headroom per (ingress port, lossless class); 0 = computed from rate, delay and MTU:
    /// 2·C·d + C·(forwarding latency + response) + 2 MTU (validation oracle A10), 84 B of PFC
    /// frame, and 1 MTU for a packet that finds the pool full.
    uint64_t headroomBytes = 0;
    Tick pauseResponse = 0;       ///< transmitter's reaction time to a PFC frame; ps
    uint64_t xonOffsetBytes = 0;  ///< resume when usage ≤ threshold − offset
    uint32_t mtuWireBytes = 4178; ///< largest packet, for headroom
    std::array<ClassConfig, kClasses> classes{};
    std::string loadBalancer = "ecmp"; ///< registry category "load-balancer"
    std::map<std::string, std::string> loadBalancerParameters;
    uint32_t adaptiveGrades = 8;
};

/// What a shortest path consists of between its first link (from the NIC) and its last (to the
/// NIC).
struct InteriorPath
{
    std::vector<BitRate> rates; ///< links between switches, in order
    Tick fixed = 0;             ///< their propagation + every switch's forwarding latency; ps

    friend bool operator==(const InteriorPath& a, const InteriorPath& b)
    {
        return a.fixed == b.fixed && a.rates == b.rates;
    }
};

/// Frames that a link direction corrupts beyond repair, as a hazard in natural-log units:
/// P(lost) = 1 − exp(−(perFrame + perByte · wireBytes)). Errors that FEC leaves are per byte (a
/// frame fails with each of its codewords), a given loss probability is per frame.
struct FrameLoss
{
    double perFrame = 0;
    double perByte = 0;

    /// The same probability, 0 ≤ p < 1, for every frame.
    static FrameLoss FromProbability(double p)
    {
        return {-std::log1p(-p), 0};
    }

    double Probability(uint32_t wireBytes) const
    {
        return -std::expm1(-(perFrame + perByte * wireBytes));
    }
};

/// Link-level retry (UE specification 1.0 section 5.1): a lost frame and all behind it are resent
/// by the port itself, and the transport sees nothing but time. See fabric-link-error.h.
struct LinkRetry
{
    bool on = false;
    Tick turnaround = 0; ///< frame received bad to resend begun, less propagation; ps
};

struct Topology
{
    struct Switch
    {
        std::string name; ///< "leaf3"
        uint32_t tier;    ///< 0 leaf, 1 spine, 2 core
    };

    struct Node ///< a NIC or a switch
    {
        bool isSwitch;
        uint32_t index;
    };

    struct Link
    {
        Node a;
        Node b;
        BitRate rate;
        Tick delay;    ///< propagation, one way; ps
        uint32_t tier; ///< 0 NIC–leaf, 1 leaf–spine, 2 spine–core
        bool up = true;
        std::string technology{}; ///< optics' link technology, if chosen
        FrameLoss loss{};         ///< each direction
        LinkRetry retry{};
        BitRate whole{}; ///< the rate before a failure made it `rate` for good; 0: `rate` it is

        BitRate BuiltRate() const
        {
            return whole.bps() > 0 ? whole : rate;
        }
    };

    std::string name;
    /// NIC ports: what a NicId means to the network. NIC n has the portsPerNic ports from
    /// n · portsPerNic on.
    uint32_t nics = 0;
    uint32_t portsPerNic = 1; ///< 1 to kMostNicPorts
    std::vector<Switch> switches;
    std::vector<Link> links;
    SwitchConfig switchConfig;
    ClassConfig nicClass[kClasses]; ///< scheduling at NIC ports follows the NIC, PFC is honoured
    Tick rerouteDelay = 0;          ///< after a link state change; ps
    /// Ideal fabric R4: one big switch with unlimited buffers whose latency between two NICs is
    /// what the real path would add; empty otherwise. Indexed [source leaf][destination leaf]
    /// through leafOfNic; ps. This is the part that does not depend on the packet's size;
    /// serialisation on the way follows from interiorPaths[interiorOf[from][to]] (kNone:
    /// unreachable in the real network too).
    std::vector<std::vector<Tick>> extraLatency;
    std::vector<InteriorPath> interiorPaths;
    std::vector<std::vector<uint32_t>> interiorOf;
    std::vector<uint32_t> leafOfNic; ///< by NIC port: index of its switch (ideal: of its real leaf)

    /// Ports are numbered 2·link (a → b) and 2·link + 1 (b → a).
    PortId PortFrom(uint32_t link, bool fromA) const
    {
        return 2 * link + (fromA ? 0 : 1);
    }
};

/// "spine1"; a NIC is "nic7", a port of a NIC that has several "nic7.0".
std::string NodeName(const Topology& topology, const Topology::Node& node);

/// "leaf3 → spine1"
std::string PortName(const Topology& topology, PortId port);

/// What the builders start from.
struct ClusterShape
{
    uint32_t hosts = 1;
    uint32_t acceleratorsPerHost =
        8;           ///< one NIC each; NIC index = host · acceleratorsPerHost + local
    BitRate nicRate; ///< of all its ports together
    std::vector<Tick> delayByTier;   ///< propagation of tier 0, 1, 2 links
    std::vector<BitRate> rateByTier; ///< tier 1, 2 …; missing or 0 = rate of a NIC port
    SwitchConfig switchConfig;
};

/// A topology builder; parameters come from the scenario (see each builder's registration).
using TopologyFactory = Topology (*)(const ClusterShape& shape, const ParameterValues& parameters);

/// Builds by name ("fat-tree-2", "fat-tree-3", "rail-optimised", "rail-only", "single-switch",
/// "dual-tor", "multi-plane"); throws InputError for wrong names, parameters or impossible shapes.
Topology BuildTopology(const std::string& name,
                       const ClusterShape& shape,
                       const std::map<std::string, std::string>& parameters);

/// From start of transmission at a NIC until the switch before the destination may begin to send,
/// without the NIC link's propagation, for one packet alone in the network; ps. Cut-through waits
/// for the header where the output is not faster than the input, else for the whole packet.
Tick LatencyToEgress(const SwitchConfig& config,
                     BitRate first,
                     const InteriorPath& interior,
                     BitRate last,
                     uint32_t wireBytes);

/// Throws InputError when the topology is not one that the packet level can run.
void ValidateTopology(const Topology& topology);

/// The ideal fabric R4 for `actual`: same NICs, NIC rates and unloaded latency, nothing else
/// limits.
Topology IdealFabric(const Topology& actual);

} // namespace heddle

#endif

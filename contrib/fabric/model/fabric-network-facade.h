// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-network-facade.h
// -----------------------------
// The packet level as ns-3 sees it: an Object whose attributes are the defaults of every switch and
// whose trace sources tell of drops and pauses. The packets themselves never touch it.
//
//   Time::SetResolution(Time::PS);
//   ::heddle::EventCore core({});
//   EventEngine::Attach(core);
//   auto fabric = CreateObjectWithAttributes<FabricNetwork>("BufferBytes", UintegerValue(32 <<
//   20));
//   ::heddle::ClusterShape shape = …;
//   shape.switchConfig = fabric->GetSwitchConfig();
//   fabric->Build(core, ::heddle::BuildTopology("fat-tree-2", shape, {}),
//                 EventEngine::EnableUpcalls(1));
//   fabric->GetNetwork().Attach(…);
//
// Trace sources fire as upcalls, one upcall latency after the event; without upcalls (a core run
// without ns-3, in one partition) directly from the handler. While nobody is connected they cost
// one virtual call per drop or PFC frame, nothing per packet.

#ifndef NS3_HEDDLE_FABRIC_NETWORK_FACADE_H
#define NS3_HEDDLE_FABRIC_NETWORK_FACADE_H

#include "ns3/event-engine-upcalls.h"
#include "ns3/fabric-network.h"
#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/traced-callback.h"

#include <memory>
#include <string>

namespace ns3
{
namespace heddle
{

class FabricNetwork : public Object, private ::heddle::NetworkObserver
{
  public:
    static TypeId GetTypeId();

    FabricNetwork();
    ~FabricNetwork() override;

    /// The attributes as the data plane wants them. Throws ::heddle::InputError.
    ::heddle::SwitchConfig GetSwitchConfig() const;

    /// Makes the network, once. `core` and `upcalls` must outlive it. Throws ::heddle::InputError.
    void Build(::heddle::EventCore& core,
               const ::heddle::Topology& topology,
               ::heddle::Upcalls* upcalls = nullptr);

    /// Build() must have been called.
    ::heddle::Network& GetNetwork() const;

    /// Port (transmitting side), reason, wire bytes, traffic class.
    using DropTracedCallback = void (*)(uint32_t port, uint8_t reason, uint16_t bytes, uint8_t cls);
    /// Port to stop or to resume, traffic class, XOFF (true) or XON.
    using PauseTracedCallback = void (*)(uint32_t port, uint8_t cls, bool xoff);

  private:
    void DoDispose() override;

    void OnDrop(::heddle::Partition& part,
                ::heddle::PortId port,
                const ::heddle::Packet& packet,
                ::heddle::DropReason reason) override;
    void OnPause(::heddle::Partition& part,
                 ::heddle::PortId port,
                 unsigned trafficClass,
                 bool xoff) override;

    using Fire = void (*)(void* self, uint64_t arg);
    void Post(::heddle::Partition& part, Fire fire, uint64_t arg);
    static void FireDrop(void* self, uint64_t arg);
    static void FirePause(void* self, uint64_t arg);

    bool m_cutThrough;
    Time m_forwardingLatency;
    Time m_pauseResponse;
    uint32_t m_headerBytes;
    uint64_t m_bufferBytes;
    uint64_t m_headroomBytes;
    uint64_t m_xonOffsetBytes;
    uint32_t m_mtuWireBytes;
    double m_alpha;
    uint8_t m_losslessClasses;
    uint8_t m_strictClasses;
    std::string m_loadBalancer;
    std::string m_loadBalancerParameters;

    std::unique_ptr<::heddle::Topology> m_topology;
    std::unique_ptr<::heddle::Network> m_network;
    ::heddle::EventCore* m_core = nullptr;
    ::heddle::Upcalls* m_upcalls = nullptr;
    std::vector<uint32_t> m_sequences; ///< of upcall keys, by partition
    uint32_t m_firstEntity = 0;
    TracedCallback<uint32_t, uint8_t, uint16_t, uint8_t> m_drop;
    TracedCallback<uint32_t, uint8_t, bool> m_pauseSent;
};

} // namespace heddle
} // namespace ns3

#endif

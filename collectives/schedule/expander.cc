// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-errors.h"
#include "ns3/collectives-algorithm.h"
#include "ns3/collectives-expansion-builder.h"

#include <utility>

namespace heddle
{

const std::string&
CollectiveName(CollectiveKind kind)
{
    static const std::string names[kCollectiveKinds] = {
        "all-reduce",
        "all-gather",
        "reduce-scatter",
        "all-to-all",
        "broadcast",
    };
    return names[static_cast<size_t>(kind)];
}

const CollectiveAlgorithm&
FindAlgorithm(const std::string& name)
{
    return *FindFactory<const CollectiveAlgorithm*>(kAlgorithmCategory, name);
}

std::vector<std::string>
AlgorithmsFor(CollectiveKind kind)
{
    std::vector<std::string> able;
    for (const std::string& name : RegistryIndex::Names(kAlgorithmCategory))
    {
        if (FindAlgorithm(name).expand[static_cast<size_t>(kind)] != nullptr)
        {
            able.push_back(name);
        }
    }
    return able;
}

namespace
{

const CollectiveAlgorithm&
Resolve(CollectiveKind kind, const std::string& name)
{
    const CollectiveAlgorithm& algorithm = FindAlgorithm(name);
    if (algorithm.expand[static_cast<size_t>(kind)] == nullptr)
    {
        std::string text = "collective algorithm '" + name + "' cannot do " + CollectiveName(kind) +
                           "; these can:";
        for (const std::string& able : AlgorithmsFor(kind))
        {
            text += " " + able;
        }
        throw InputError(text);
    }
    return algorithm;
}

void
CheckSoftware(const SoftwareModel& software)
{
    // Hierarchical all-reduce numbers its last phase's channels after the first's.
    constexpr uint32_t kMaxChannels = 1U << 14;
    auto check = [&](uint32_t value, const char* what)
    {
        if (value == 0 || value > kMaxChannels)
        {
            throw InputError("software model '" + software.name + "': " + what + " must be 1 to " +
                             std::to_string(kMaxChannels) + ", not " + std::to_string(value));
        }
    };
    check(software.channels, "channels");
    check(software.p2pChannelsPerPeer, "p2p channels per peer");
    check(software.queuePairsPerConnection, "queue pairs per connection");
    check(software.ringSlices, "ring slices");
}

} // namespace

Expander::Expander(const AlgorithmChoice& choice, RankLayout layout, SoftwareModel software)
    : m_layout(std::move(layout)), m_software(std::move(software))
{
    CheckSoftware(m_software);
    m_layout.Index();
    const std::pair<CollectiveKind, const std::string*> choices[] = {
        {CollectiveKind::AllReduce, &choice.allReduce},
        {CollectiveKind::AllGather, &choice.allGather},
        {CollectiveKind::ReduceScatter, &choice.reduceScatter},
        {CollectiveKind::AllToAll, &choice.allToAll},
        {CollectiveKind::Broadcast, &choice.broadcast},
    };
    for (const auto& [kind, name] : choices)
    {
        const auto index = static_cast<size_t>(kind);
        const CollectiveAlgorithm& algorithm = Resolve(kind, *name);
        m_expand[index] = algorithm.expand[index];
        m_fuse[index] = algorithm.fuse[index];
        m_names[index] = *name;
    }
}

void
Expander::Expand(const CollectiveCall& call, uint32_t member, Expansion& out) const
{
    out.Clear();
    if (call.comm->ranks.size() > 1)
    {
        m_expand[static_cast<size_t>(call.kind)](call, member, m_layout, m_software, out);
    }
}

void
Expander::Fuse(const CollectiveCall& call, FusedSink& sink) const
{
    const auto kind = static_cast<size_t>(call.kind);
    if (m_fuse[kind] == nullptr)
    {
        throw InputError("collective algorithm '" + m_names[kind] + "' has no fused " +
                         CollectiveName(call.kind) +
                         ": use run.fidelity \"flow-messages\" or another algorithm");
    }
    if (call.comm->ranks.size() > 1)
    {
        m_fuse[kind](call, m_layout, m_software, sink);
    }
}

void
Expander::FuseSendRecv(Rank from, Rank to, uint64_t bytes, FusedSink& sink) const
{
    const uint32_t perPeer = m_software.p2pChannelsPerPeer;
    sink.OnPattern({});
    FuseP2p(from, to, {0, perPeer, perPeer}, bytes, m_layout, m_software, sink);
}

void
Expander::ExpandSendRecv(Rank from, Rank to, uint64_t bytes, bool sender, Expansion& out) const
{
    out.Clear();
    ExpansionBuilder builder(sender ? from : to, m_layout, m_software, out);
    uint32_t perPeer = m_software.p2pChannelsPerPeer;
    ExpansionBuilder::P2pChannels channels{0, perPeer, perPeer};
    std::vector<uint32_t> ops;
    if (sender)
    {
        builder.P2pSend(to, channels, Extent{0, bytes}, true, {}, ops);
    }
    else
    {
        builder.P2pRecv(from, channels, Extent{0, bytes}, ops);
    }
}

} // namespace heddle

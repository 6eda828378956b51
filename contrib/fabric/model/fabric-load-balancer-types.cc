// SPDX-License-Identifier: GPL-2.0-only
//
// Lists every registered load balancer as a TypeId, for ns-3's introspection ("adaptive" as
// ns3::heddle::AdaptiveLoadBalancer). They are chosen by registry name and are no Objects.
// Must come last among the sources: the registrations of this library are to precede it.

#include "ns3/base-registry.h"
#include "ns3/object.h"

#include <cctype>

namespace ns3
{
namespace heddle
{
namespace
{

/// "packet-spray" → "ns3::heddle::PacketSprayLoadBalancer"
std::string
TypeName(const std::string& kebab)
{
    std::string name = "ns3::heddle::";
    bool capital = true;
    for (char c : kebab)
    {
        if (c != '-')
        {
            name += capital ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
        }
        capital = c == '-';
    }
    return name + "LoadBalancer";
}

const bool kListed = []
{
    TypeId base = TypeId("ns3::heddle::LoadBalancer")
                      .SetParent<Object>()
                      .SetGroupName("HeddleFabric")
                      .HideFromDocumentation();
    for (const std::string& name : ::heddle::RegistryIndex::Names("load-balancer"))
    {
        TypeId(TypeName(name)).SetParent(base).SetGroupName("HeddleFabric");
    }
    return true;
}();

} // namespace
} // namespace heddle
} // namespace ns3

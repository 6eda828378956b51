// SPDX-License-Identifier: GPL-2.0-only
//
// Links by name: "leaf0-spine1", "nic3-leaf0", "leaf0-spine1#0" among parallel ones, "spine1" for
// all of a switch, "nic3" for all of a NIC, "nic3.1" for one of its ports.
#include "plan/plan.h"

#include "ns3/base-errors.h"

namespace heddle
{

namespace
{

/// All its ports.
std::string
NicName(const Topology& topology, NicId port)
{
    return "nic" + std::to_string(port / topology.portsPerNic);
}

bool
IsMeant(const Topology& topology, const Topology::Link& link, const std::string& name)
{
    const std::string a = NodeName(topology, link.a);
    const std::string b = NodeName(topology, link.b);
    return name == a + "-" + b || name == b + "-" + a || name == a || name == b ||
           (!link.a.isSwitch && name == NicName(topology, link.a.index)) ||
           (!link.b.isSwitch && name == NicName(topology, link.b.index));
}

} // namespace

std::string
LinkName(const Topology& topology, uint32_t link)
{
    return NodeName(topology, topology.links[link].a) + "-" +
           NodeName(topology, topology.links[link].b);
}

std::string
LinkKey(const Topology& topology, uint32_t link)
{
    const Topology::Link& l = topology.links[link];
    uint32_t before = 0;
    for (uint32_t i = link; i-- > 0;)
    {
        // Parallel links lie side by side.
        const Topology::Link& other = topology.links[i];
        if (other.a.isSwitch != l.a.isSwitch || other.a.index != l.a.index ||
            other.b.index != l.b.index)
        {
            break;
        }
        ++before;
    }
    return LinkName(topology, link) + (before == 0 ? "" : "#" + std::to_string(before));
}

std::vector<uint32_t>
FindLinks(const Topology& topology, const std::string& name)
{
    const size_t hash = name.find('#');
    const std::string ends = name.substr(0, hash);
    std::vector<uint32_t> found;
    for (uint32_t i = 0; i < topology.links.size(); ++i)
    {
        if (IsMeant(topology, topology.links[i], ends))
        {
            found.push_back(i);
        }
    }
    if (found.empty())
    {
        std::vector<std::string> names;
        for (uint32_t i = 0; i < topology.links.size(); ++i)
        {
            names.push_back(LinkName(topology, i));
        }
        std::vector<std::string> nearest = NearestNames(ends, names);
        if (nearest.empty())
        {
            nearest = {names.front(), names.back()};
        }
        throw InputError("topology '" + topology.name + "' has no link '" + ends + "'." +
                         DidYouMean(ends, nearest));
    }
    if (hash == std::string::npos)
    {
        return found;
    }
    for (uint32_t i = 0; i < found.size(); ++i)
    {
        if (name.substr(hash + 1) == std::to_string(i))
        {
            return {found[i]};
        }
    }
    throw InputError("'" + name + "': there are " + std::to_string(found.size()) +
                     " links between these, #0 to #" + std::to_string(found.size() - 1) + ".");
}

} // namespace heddle

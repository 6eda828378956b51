// SPDX-License-Identifier: GPL-2.0-only
//
// Links by name: "leaf0-spine1", "nic3-leaf0", "leaf0-spine1#0" among parallel ones, "spine1" for
// all of a switch.
#include "plan/plan.h"

#include "ns3/base-errors.h"

namespace heddle
{

namespace
{

std::string
NodeName(const Topology& topology, const Topology::Node& node)
{
    return node.isSwitch ? topology.switches[node.index].name : "nic" + std::to_string(node.index);
}

bool
IsMeant(const Topology& topology, const Topology::Link& link, const std::string& name)
{
    const std::string a = NodeName(topology, link.a);
    const std::string b = NodeName(topology, link.b);
    return name == a + "-" + b || name == b + "-" + a || name == a || name == b;
}

} // namespace

std::string
LinkName(const Topology& topology, uint32_t link)
{
    return NodeName(topology, topology.links[link].a) + "-" +
           NodeName(topology, topology.links[link].b);
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

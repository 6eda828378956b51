// SPDX-License-Identifier: GPL-2.0-only
#include "plan/packet-knobs.h"

#include "plan/ladder.h"

#include <set>

namespace heddle
{

namespace
{

/// Latencies, MTU, acknowledgements and the names of models count at flow level, too.
constexpr const char* kSwitch[] =
    {"buffer", "alpha", "pfc", "headroom", "xon_offset", "pause_response"};
constexpr const char* kTransport[] = {"retry_limit", "window_packets", "reorder_window_packets"};

} // namespace

std::string
PacketKnobsGiven(const ScenarioNode& root, const std::string& fidelity)
{
    const bool queues = fidelity == kFlowMessages; // they mark, and windows fill
    std::set<std::string> given;
    const auto look = [&given](const ScenarioNode& node, const char* field)
    {
        if (node.Has(field))
        {
            given.insert(node.Where(field));
        }
    };
    std::vector<ScenarioNode> fabrics = root.Children("fabric");
    fabrics.push_back(root.Child("defaults"));
    for (const ScenarioNode& fabric : fabrics)
    {
        const ScenarioNode node = fabric.Child("switch");
        const ScenarioNode transport = fabric.Child("transport");
        for (const char* field : kSwitch)
        {
            look(node, field);
        }
        for (const char* field : kTransport)
        {
            if (!queues)
            {
                look(transport, field);
            }
        }
        if (!queues)
        {
            look(node, "ecn");
            // Its name chooses what it loses where too much is offered; its parameters say nothing
            // more.
            look(transport.Child("congestion_control"), "parameters");
        }
        look(node.Child("load_balancer"), "parameters");
    }
    std::string text;
    for (const std::string& where : given)
    {
        if (text.empty())
        {
            text = "at fidelity \"" + fidelity;
            text += "\" there are no packets; these have no effect: ";
        }
        else
        {
            text += ", ";
        }
        text += where;
    }
    return text;
}

} // namespace heddle

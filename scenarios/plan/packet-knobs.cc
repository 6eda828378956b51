// SPDX-License-Identifier: GPL-2.0-only
#include "plan/packet-knobs.h"

#include "plan/plan.h"

#include <set>

namespace heddle
{

namespace
{

/// Latencies, MTU, acknowledgements, retries and the names of models count at flow level, too.
constexpr const char* kSwitch[] =
    {"buffer", "alpha", "pfc", "headroom", "xon_offset", "pause_response"};
/// Whole collectives have no queue pairs; messages do.
constexpr const char* kQueuePair[] = {"window_packets", "reorder_window_packets"};

/// Fields by place: what some fabric uses is no news from another.
struct Places
{
    std::set<std::string> unused;
    std::set<std::string> used;

    void Note(const ScenarioNode& node, const char* field, bool isUsed)
    {
        if (node.Has(field))
        {
            (isUsed ? used : unused).insert(node.Where(field));
        }
    }
};

} // namespace

std::string
PacketKnobsGiven(const ScenarioNode& root, const Plan& plan)
{
    Places places;
    const std::vector<ScenarioNode> fabrics = root.Children("fabric");
    for (size_t f = 0; f < plan.fabrics.size(); ++f)
    {
        const ScenarioNode fabric = fabrics[f].Over(root.Child("defaults"));
        const ScenarioNode node = fabric.Child("switch");
        const ScenarioNode transport = fabric.Child("transport");
        const std::string level = LevelOn(plan.fabrics[f], plan.rungs[0]);
        for (const char* field : kSwitch)
        {
            places.Note(node, field, false);
        }
        for (const char* field : kQueuePair)
        {
            places.Note(transport, field, level != kFlow);
        }
        // Queues of messages mark. Elsewhere the control's name chooses what it loses where too
        // much is offered; its parameters say nothing more.
        const bool queues = level == kFlowMessages;
        places.Note(node, "ecn", queues);
        places.Note(transport.Child("congestion_control"), "parameters", queues);
        places.Note(node.Child("load_balancer"), "parameters", false);
    }
    std::string text;
    for (const std::string& where : places.unused)
    {
        if (places.used.count(where) > 0)
        {
            continue;
        }
        text += text.empty() ? "at fidelity \"" + plan.fidelity +
                                   "\" there are no packets; these have no effect: "
                             : ", ";
        text += where;
    }
    return text;
}

} // namespace heddle

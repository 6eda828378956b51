// SPDX-License-Identifier: GPL-2.0-only
//
// The `collectives` block of a fabric. Fields that the workload's traffic never meets stay unread,
// so that they are reported.
#include "loader/choice.h"
#include "plan/plan.h"

#include "ns3/collectives-algorithm.h"
#include "ns3/collectives-presets.h"

#include <algorithm>

namespace heddle
{

namespace
{

struct AlgorithmField
{
    const char* field;
    CollectiveKind kind;
    std::string AlgorithmChoice::*choice;
};

const AlgorithmField kAlgorithms[] = {
    {"all_reduce", CollectiveKind::AllReduce, &AlgorithmChoice::allReduce},
    {"all_gather", CollectiveKind::AllGather, &AlgorithmChoice::allGather},
    {"reduce_scatter", CollectiveKind::ReduceScatter, &AlgorithmChoice::reduceScatter},
    {"all_to_all", CollectiveKind::AllToAll, &AlgorithmChoice::allToAll},
    {"broadcast", CollectiveKind::Broadcast, &AlgorithmChoice::broadcast}};

void
ReadAlgorithms(const ScenarioNode& node, const WorkloadTraits& traits, AlgorithmChoice& choice)
{
    for (const AlgorithmField& entry : kAlgorithms)
    {
        node.NotUsedBecause(entry.field, "the workload has no " + CollectiveName(entry.kind));
        if (!traits.kinds[static_cast<size_t>(entry.kind)] || !node.Has(entry.field))
        {
            continue;
        }
        const std::string name = node.RequiredText(entry.field);
        const std::vector<std::string> able = AlgorithmsFor(entry.kind);
        if (std::find(able.begin(), able.end(), name) == able.end())
        {
            node.Fail(entry.field,
                      "unknown algorithm '" + name + "' for " + CollectiveName(entry.kind) + "." +
                          DidYouMean(name, able));
        }
        choice.*entry.choice = name;
    }
}

/// Why a figure of the software layer changes nothing for this workload; empty when it does.
std::string
WhyNoEffect(const std::string& figure, const WorkloadTraits& traits, bool severalPerHost)
{
    const auto startsWith = [&](const char* prefix) { return figure.rfind(prefix, 0) == 0; };
    const bool ringOnly = startsWith("ring") || figure == "channels" || figure == "min_slice" ||
                          figure == "min_bytes_per_channel";
    if (ringOnly && !traits.ring())
    {
        return "the workload has no ring collective";
    }
    if ((startsWith("p2p") || figure == "pxn") && !traits.peerToPeer())
    {
        return "the workload has no all-to-all and no send/recv";
    }
    if (figure == "pxn" && !(traits.crossHost && severalPerHost))
    {
        return "no traffic crosses between hosts with several accelerators";
    }
    if (figure == "step_latency_scale_up" && !severalPerHost)
    {
        return "a host has one accelerator";
    }
    if (figure == "step_latency_scale_out" && !traits.crossHost)
    {
        return "no traffic leaves a host";
    }
    if (figure == "compute_slowdown" && !traits.compute)
    {
        return "the workload computes nothing";
    }
    return "";
}

ChoiceRules
SoftwareRules(const WorkloadTraits& traits, bool severalPerHost)
{
    ChoiceRules rules;
    rules.checkName = [](const std::string& name) { FindPreset(name); };
    rules.checkParameter = [traits, severalPerHost](const std::string&, const std::string& figure)
    {
        const std::vector<std::string> known = SoftwareFields();
        if (std::find(known.begin(), known.end(), figure) == known.end())
        {
            throw InputError("the software layer has no figure '" + figure + "'." +
                             DidYouMean(figure, known));
        }
        const std::string reason = WhyNoEffect(figure, traits, severalPerHost);
        if (!reason.empty())
        {
            throw InputError("'" + figure + "' has no effect here: " + reason + ". Remove it.");
        }
    };
    rules.checkValue =
        [](const std::string& name, const std::string& figure, const std::string& value)
    {
        SoftwareModel model = FindPreset(name);
        SetSoftwareField(model, figure, value);
    };
    return rules;
}

} // namespace

void
ReadCollectives(const ScenarioNode& node,
                const WorkloadTraits& traits,
                const CalibrationPlan& calibration,
                FabricPlan& plan)
{
    const bool severalPerHost = std::any_of(plan.layout.places.begin(),
                                            plan.layout.places.end(),
                                            [](const auto& place) { return place.rail > 0; });
    ReadAlgorithms(node, traits, plan.algorithms);
    if (traits.communicates())
    {
        ChosenModel chosen = ReadChoice(node,
                                        "software",
                                        SoftwareRules(traits, severalPerHost),
                                        calibration.software);
        if (chosen.name == calibration.software)
        {
            chosen.given.insert(calibration.softwareFigures.begin(),
                                calibration.softwareFigures.end());
        }
        plan.software = FindPreset(chosen.name);
        plan.softwareText = chosen.name;
        for (const auto& [figure, value] : chosen.given)
        {
            plan.softwareText.append(", ").append(figure).append(" ").append(value);
            SetSoftwareField(plan.software, figure, value);
        }
    }
    node.NotUsedBecause("software", "the workload does not communicate");
    const std::string noPxn = WhyNoEffect("pxn", traits, severalPerHost);
    if (noPxn.empty())
    {
        plan.software.pxn = node.Flag("pxn", plan.software.pxn);
        plan.softwareText += plan.software.pxn ? ", PXN" : ", no PXN";
    }
    node.NotUsedBecause("pxn", noPxn);
    // Resolves every name once more, and checks the figures together.
    node.At("software", [&] { Expander(plan.algorithms, plan.layout, plan.software); });
}

} // namespace heddle

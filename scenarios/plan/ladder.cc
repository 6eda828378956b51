// SPDX-License-Identifier: GPL-2.0-only
#include "plan/ladder.h"

#include "loader/scenario-source.h"
#include "plan/plan.h"

#include <algorithm>

namespace heddle
{

namespace
{

std::vector<RungPlan>
MakeLadder()
{
    std::vector<RungPlan> ladder;
    RungPlan rung;
    const auto add = [&](const char* world, const char* number, const char* help)
    {
        rung.world = world;
        rung.rung = number;
        rung.help = help;
        ladder.push_back(rung);
    };
    add("actual", "R0", "as described");
    rung.noFailures = true;
    add("no-failures", "R1", "no link fails, none is slow, no bit errors");
    rung.idealBalance = true;
    add("ideal-balance", "R2", "and every packet takes the least loaded path");
    rung.fidelity = kMaxMin;
    add("no-queues", "R3", "and rates are max-min fair at once: no queues, no congestion control");
    rung.fidelity.clear();
    rung.idealFabric = true;
    add("ideal-fabric", "R4", "one big switch: only NIC ports and unloaded latency limit");
    rung.zeroLatency = true;
    add("zero-latency", "R5", "and no latency in links, switches and NICs");
    rung.ideal.infiniteScaleOut = true;
    add("infinite-scale-out", "R6", "transfers between hosts take no time");
    rung.ideal.infiniteScaleUp = true;
    add("infinite-scale-up", "R7", "and those within a host neither");
    rung.ideal.noSoftware = true;
    add("no-software", "R8", "and no software latency or interference");
    rung.ideal.noJitter = true;
    add("no-jitter", "R9", "and all accelerators equal and steady");
    rung.balancedWork = true;
    add("balanced-work", "R10", "and all with equal work: what is left is compute and bubble");
    return ladder;
}

bool
HasFailures(const FabricPlan& fabric)
{
    const auto& links = fabric.topology.links;
    for (size_t i = 0; i < links.size(); ++i)
    {
        if (links[i].loss.Probability(1) > 0 || !(links[i].rate == fabric.pristine.links[i].rate) ||
            !links[i].up)
        {
            return true;
        }
    }
    return !fabric.events.empty();
}

bool
HasJitter(const JitterModel& jitter)
{
    return jitter.persistentSigma > 0 || jitter.kernelSigma > 0 || jitter.slowHostShare > 0 ||
           !jitter.slowdown.empty();
}

std::vector<RungPlan>
Everything()
{
    std::vector<RungPlan> worlds = AllRungs();
    for (unsigned removed = 0; removed < kCauseSets; ++removed)
    {
        worlds.push_back(CauseWorld(removed));
    }
    for (const Change& change : kChanges)
    {
        for (const RungPlan& rung : AllRungs())
        {
            if (std::find(kTaxRungs.begin(), kTaxRungs.end(), rung.rung) != kTaxRungs.end())
            {
                worlds.push_back(SensitivityWorld(change, rung));
            }
        }
    }
    return worlds;
}

std::vector<RungPlan>
WorldsNamed(const ScenarioNode& run)
{
    std::vector<std::string> wanted = run.Texts("what_if");
    if (wanted.empty())
    {
        wanted = {"ideal-fabric", "infinite-scale-out", "no-software"};
    }
    std::vector<std::string> known{"all", "none"};
    for (const RungPlan& rung : AllRungs())
    {
        known.push_back(rung.world);
    }
    for (const std::string& name : wanted)
    {
        if (std::find(known.begin(), known.end(), name) == known.end())
        {
            run.Fail("what_if", "unknown world '" + name + "'." + DidYouMean(name, known));
        }
        if ((name == "none" || name == "all") && wanted.size() > 1)
        {
            run.Fail("what_if", "'" + name + "' stands alone.");
        }
    }
    if (wanted.front() == "all")
    {
        return Everything();
    }
    std::vector<RungPlan> worlds;
    for (const RungPlan& rung : AllRungs())
    {
        if (rung.IsActual() || std::find(wanted.begin(), wanted.end(), rung.world) != wanted.end())
        {
            worlds.push_back(rung);
        }
    }
    return worlds;
}

} // namespace

const std::vector<RungPlan>&
AllRungs()
{
    static const std::vector<RungPlan> ladder = MakeLadder();
    return ladder;
}

RungPlan
CauseWorld(unsigned removed)
{
    RungPlan world;
    world.role = WorldRole::Causes;
    world.world = "without";
    for (size_t i = 0; i < kCauses.size(); ++i)
    {
        world.world += removed >> i & 1U ? std::string(" ") + kCauses[i] : "";
    }
    world.noFailures = (removed & 1U) != 0;
    world.idealFabric = (removed & 2U) != 0;
    world.zeroLatency = (removed & 4U) != 0;
    world.ideal.noJitter = (removed & 8U) != 0;
    return world;
}

RungPlan
SensitivityWorld(const Change& change, const RungPlan& rung)
{
    RungPlan world = rung;
    world.role = WorldRole::Sensitivity;
    world.world = std::string(change.name) + ", " + rung.world;
    world.rung.clear();
    world.computeSpeed = change.computeSpeed;
    world.jitterScale = change.jitterScale;
    return world;
}

std::vector<RungPlan>
ReadWorlds(const ScenarioNode& run, const std::string& fidelity)
{
    std::vector<RungPlan> worlds = WorldsNamed(run);
    for (RungPlan& world : worlds)
    {
        if (world.role != WorldRole::Ladder)
        {
            world.fidelity = fidelity == kPacket ? kFlowMessages : fidelity;
            continue;
        }
        const bool asked =
            world.fidelity.empty() || (world.fidelity == kMaxMin && fidelity == kFlow);
        world.fidelity = asked ? fidelity : world.fidelity;
    }
    return worlds;
}

RungPlan
Canonical(RungPlan rung, const ClusterPlan& cluster, const FabricPlan& fabric)
{
    rung.fidelity = LevelOn(fabric, rung);
    rung.noFailures = rung.noFailures && HasFailures(fabric);
    // Whatever carries nothing between hosts needs no network.
    if (rung.ideal.infiniteScaleOut)
    {
        rung.noFailures = rung.idealBalance = rung.idealFabric = rung.zeroLatency = false;
        rung.fidelity = rung.fidelity == kFlow ? kFlow : "";
    }
    if (rung.idealFabric || fabric.topology.switches.size() == 1)
    {
        rung.idealBalance = false;
    }
    if (!HasJitter(cluster.jitter))
    {
        rung.ideal.noJitter = false;
    }
    if (rung.ideal.noJitter || !HasJitter(cluster.jitter))
    {
        rung.jitterScale = 1;
    }
    return rung;
}

} // namespace heddle

// SPDX-License-Identifier: GPL-2.0-only
//
// From two runs of a case to the errors of a family.
#include "validate/fidelity-run.h"
#include "validate/verdict/fidelity-reason.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace heddle
{

namespace
{

/// Sender, receiver, channel, number on that queue pair, bytes.
using Identity = std::tuple<uint32_t, uint32_t, uint32_t, uint32_t, uint64_t>;

/// The place of every message.
std::map<Identity, int>
PlacesIn(const v1::FidelityRun& run)
{
    std::map<Identity, int> places;
    for (int i = 0; i < run.time_ps_size(); ++i)
    {
        places[{run.from(i), run.to(i), run.channel(i), run.index(i), run.bytes(i)}] = i;
    }
    return places;
}

double
Relative(int64_t flow, int64_t packet)
{
    return static_cast<double>(flow) / static_cast<double>(packet) - 1;
}

/// Appends every message that both runs have, and its signed error; returns how many only one has.
uint64_t
Pair(size_t index,
     const v1::FidelityRun& packet,
     const v1::FidelityRun& flow,
     std::vector<FidelityMatch>& matches,
     std::vector<double>& errors)
{
    const std::map<Identity, int> truth = PlacesIn(packet);
    const std::map<Identity, int> model = PlacesIn(flow);
    uint64_t paired = 0;
    for (const auto& [identity, place] : truth)
    {
        const auto found = model.find(identity);
        if (found != model.end())
        {
            matches.push_back({index, place, found->second});
            errors.push_back(Relative(flow.time_ps(found->second), packet.time_ps(place)));
            ++paired;
        }
    }
    return truth.size() + model.size() - 2 * paired;
}

} // namespace

v1::FidelityFamily
CompareFamily(const FidelityFamily& family,
              const std::vector<v1::FidelityRun>& packet,
              const std::vector<v1::FidelityRun>& flow)
{
    v1::FidelityFamily out;
    out.set_name(family.Name());
    out.set_level(family.level);
    out.set_workload(family.workload);
    out.set_load_balancer(family.loadBalancer);
    out.set_congestion_control(family.congestionControl);
    out.set_condition(family.condition);
    std::vector<double> all;
    std::vector<FidelityMatch> matches;
    for (size_t i = 0; i < family.cases.size(); ++i)
    {
        std::vector<double> errors;
        if (family.level == kFlow)
        {
            errors.push_back(Relative(flow[i].step_ps(), packet[i].step_ps()));
        }
        else
        {
            out.set_unpaired(out.unpaired() + Pair(i, packet[i], flow[i], matches, errors));
        }
        v1::FidelityCase& c = *out.add_cases();
        c.set_name(family.cases[i].name);
        c.set_messages(errors.size());
        double sum = 0;
        for (const double error : errors)
        {
            sum += std::abs(error);
            c.set_worst_error(std::max(c.worst_error(), std::abs(error)));
        }
        c.set_mean_error(errors.empty() ? 0 : sum / static_cast<double>(errors.size()));
        c.set_packet_step_s(static_cast<double>(packet[i].step_ps()) / 1e12);
        c.set_flow_step_s(static_cast<double>(flow[i].step_ps()) / 1e12);
        c.set_step_error(Relative(flow[i].step_ps(), packet[i].step_ps()));
        c.set_pause_frames(packet[i].pause_frames());
        c.set_cnps(packet[i].cnps());
        c.set_retransmits(packet[i].retransmits());
        c.set_timeouts(packet[i].timeouts());
        c.set_out_of_order(packet[i].out_of_order());
        c.set_packet_hops(packet[i].packet_hops());
        c.set_packet_cpu_s(packet[i].cpu_s());
        c.set_flow_cpu_s(flow[i].cpu_s());
        if (std::abs(c.step_error()) > std::abs(out.step_error()))
        {
            out.set_step_error(c.step_error());
        }
        all.insert(all.end(), errors.begin(), errors.end());
    }
    out.set_messages(all.size());
    if (!all.empty())
    {
        double sum = 0;
        double signedSum = 0;
        for (double& error : all)
        {
            signedSum += error;
            error = std::abs(error);
            sum += error;
        }
        std::sort(all.begin(), all.end());
        const auto count = static_cast<double>(all.size());
        out.set_mean_error(sum / count);
        out.set_bias(signedSum / count);
        // Nearest rank: the smallest that 99 % do not exceed.
        out.set_p99_error(all[(all.size() * 99 + 99) / 100 - 1]);
        out.set_worst_error(all.back());
    }
    out.set_within_goal(out.mean_error() <= kMeanGoal && out.p99_error() <= kP99Goal &&
                        std::abs(out.step_error()) <= kStepGoal && out.unpaired() == 0);
    if (!out.within_goal())
    {
        ExplainError(packet, flow, matches, out);
    }
    return out;
}

void
CompareWithItself(const FidelityFamily& family,
                  const std::vector<v1::FidelityRun>& packet,
                  const std::vector<std::vector<v1::FidelityRun>>& others,
                  v1::FidelityFamily& out)
{
    v1::FidelityChance& chance = *out.mutable_chance();
    const auto count = static_cast<double>(others.size());
    for (const std::vector<v1::FidelityRun>& other : others)
    {
        const v1::FidelityFamily itself = CompareFamily(family, packet, other);
        const double step = std::abs(itself.step_error());
        chance.set_draws(chance.draws() + 1);
        chance.set_mean(chance.mean() + itself.mean_error() / count);
        chance.set_p99(chance.p99() + itself.p99_error() / count);
        chance.set_step(chance.step() + step / count);
        chance.set_most_mean(std::max(chance.most_mean(), itself.mean_error()));
        chance.set_most_p99(std::max(chance.most_p99(), itself.p99_error()));
        chance.set_most_step(std::max(chance.most_step(), step));
    }
    const std::vector<FidelityMiss> misses = Misses(out);
    out.set_repeats(out.unpaired() == 0 &&
                    std::all_of(misses.begin(),
                                misses.end(),
                                [](const FidelityMiss& miss)
                                { return miss.chance > miss.goal && miss.error <= miss.most; }));
}

} // namespace heddle

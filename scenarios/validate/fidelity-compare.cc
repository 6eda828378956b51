// SPDX-License-Identifier: GPL-2.0-only
//
// From two runs of a case to the errors of a family.
#include "validate/fidelity-run.h"

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

std::map<Identity, int64_t>
TimesOf(const v1::FidelityRun& run)
{
    std::map<Identity, int64_t> times;
    for (int i = 0; i < run.time_ps_size(); ++i)
    {
        times[{run.from(i), run.to(i), run.channel(i), run.index(i), run.bytes(i)}] =
            run.time_ps(i);
    }
    return times;
}

double
Relative(int64_t flow, int64_t packet)
{
    return static_cast<double>(flow) / static_cast<double>(packet) - 1;
}

/// Appends the signed error of every message that both runs have; returns how many only one has.
uint64_t
Pair(const v1::FidelityRun& packet, const v1::FidelityRun& flow, std::vector<double>& errors)
{
    const std::map<Identity, int64_t> truth = TimesOf(packet);
    const std::map<Identity, int64_t> model = TimesOf(flow);
    uint64_t paired = 0;
    for (const auto& [identity, time] : truth)
    {
        const auto found = model.find(identity);
        if (found != model.end())
        {
            errors.push_back(Relative(found->second, time));
            ++paired;
        }
    }
    return truth.size() + model.size() - 2 * paired;
}

std::string
Percent(double share)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.0f %%", 100 * share);
    return text;
}

/// What happened at packet level that max-min rates do not have, the strongest first.
std::string
Reason(const v1::FidelityFamily& family)
{
    uint64_t pauses = 0;
    uint64_t cnps = 0;
    uint64_t resent = 0;
    uint64_t overtaken = 0;
    for (const v1::FidelityCase& c : family.cases())
    {
        pauses += c.pause_frames();
        cnps += c.cnps();
        resent += c.retransmits();
        overtaken += c.out_of_order();
    }
    std::string reason;
    const auto add = [&reason](uint64_t count, const std::string& text)
    {
        if (count > 0)
        {
            reason += (reason.empty() ? "" : "; ") + std::to_string(count) + " " + text;
        }
    };
    add(cnps, "CNPs: senders' rates swing and differ");
    add(pauses, "pause frames: messages wait behind others' (head of line)");
    add(resent, "packets resent");
    if (reason.empty())
    {
        add(overtaken, "packets overtaken: short queues of sprayed packets");
    }
    if (reason.empty())
    {
        reason = "queues that rates do not have";
    }
    return "flow level " + Percent(std::abs(family.bias())) +
           (family.bias() < 0 ? " early" : " late") + " on average; " + reason;
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
    for (size_t i = 0; i < family.cases.size(); ++i)
    {
        std::vector<double> errors;
        if (family.level == kFlow)
        {
            errors.push_back(Relative(flow[i].step_ps(), packet[i].step_ps()));
        }
        else
        {
            out.set_unpaired(out.unpaired() + Pair(packet[i], flow[i], errors));
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
        out.set_reason(Reason(out));
    }
    return out;
}

void
CompareWithItself(const FidelityFamily& family,
                  const std::vector<v1::FidelityRun>& packet,
                  const std::vector<v1::FidelityRun>& again,
                  v1::FidelityFamily& out)
{
    const v1::FidelityFamily itself = CompareFamily(family, packet, again);
    out.set_repeat_mean(itself.mean_error());
    out.set_repeat_p99(itself.p99_error());
    out.set_repeat_step(itself.step_error());
    const auto missed = [](double error, double repeat, double goal)
    { return std::abs(error) > goal && std::abs(repeat) <= goal; };
    const bool ours = missed(out.mean_error(), itself.mean_error(), kMeanGoal) ||
                      missed(out.p99_error(), itself.p99_error(), kP99Goal) ||
                      missed(out.step_error(), itself.step_error(), kStepGoal);
    out.set_repeats(!ours);
    out.set_reason(out.reason() + "; packet level against itself with other draws: mean " +
                   Percent(itself.mean_error()) + ", p99 " + Percent(itself.p99_error()) +
                   ", step " + Percent(std::abs(itself.step_error())) +
                   (ours ? "" : ", so no model can reach the goals missed"));
}

} // namespace heddle

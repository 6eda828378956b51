// SPDX-License-Identifier: GPL-2.0-only
#include "validate/verdict/fidelity-reason.h"

#include "report/terminal/summary-rows.h"

#include "ns3/base-units.h"
#include "ns3/rdma-transport.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string_view>

namespace heddle
{

namespace
{

/// Of a message's time in FidelityRun: behind earlier ones, then the states.
constexpr size_t kParts = 1 + kMessageStates;
using Parts = std::array<double, kParts>;

constexpr size_t
PartOf(MessageState state)
{
    return 1 + static_cast<size_t>(state);
}

/// Where the levels can differ. Pauses, pacing and queues inside the fabric stand for each other (a
/// packet that a pause holds back stands in no queue), so they are one: its name is that of what
/// packets had.
enum Cause
{
    kLoss,
    kCongestion,
    kPorts,
    kOrder,
    kCauses
};

constexpr std::string_view kPauses = "pauses";
constexpr std::string_view kControl = "congestion control";

constexpr std::array<size_t, kParts> kCauseOf{kOrder, // behind earlier ones
                                              kCauses,
                                              kLoss,
                                              kLoss,
                                              kCongestion,
                                              kCongestion,
                                              kPorts,
                                              kPorts,
                                              kCongestion};

/// Pauses and pacing count from this share of what the fabric made wait.
constexpr double kNotable = 0.1;
/// Less of a step is left out of the words.
constexpr double kWorthSaying = 0.005;

std::string
NameOf(size_t cause, const Parts& packets)
{
    const double paused = packets[PartOf(MessageState::Paused)];
    const double paced = packets[PartOf(MessageState::Paced)];
    const double waits = paused + paced + packets[PartOf(MessageState::FabricQueue)];
    switch (cause)
    {
    case kLoss:
        return "lost packets";
    case kCongestion:
        return std::string(paused > kNotable * waits  ? kPauses
                           : paced > kNotable * waits ? kControl
                                                      : "queues in the fabric");
    case kPorts:
        return "turns at NIC ports";
    default:
        return "turns on a queue pair";
    }
}

std::string
Time(double picoseconds)
{
    const Tick rounded = std::llround(picoseconds);
    return rounded == 0 ? "none" : FormatTime(rounded);
}

std::string
Counted(uint64_t count, const char* what)
{
    return std::to_string(count) + " " + what;
}

/// What the packet level counted of it, in all cases.
std::string
Counters(size_t cause, std::string_view name, const v1::FidelityFamily& family)
{
    const auto total = [&family](uint64_t (v1::FidelityCase::*value)() const)
    {
        return std::accumulate(family.cases().begin(),
                               family.cases().end(),
                               uint64_t{0},
                               [value](uint64_t sum, const v1::FidelityCase& c)
                               { return sum + (c.*value)(); });
    };
    if (cause == kLoss)
    {
        return Counted(total(&v1::FidelityCase::retransmits), "packets resent, ") +
               Counted(total(&v1::FidelityCase::timeouts), "time-outs");
    }
    if (name == kPauses)
    {
        return Counted(total(&v1::FidelityCase::pause_frames), "pause frames");
    }
    if (name == kControl)
    {
        return Counted(total(&v1::FidelityCase::cnps), "CNPs");
    }
    return "";
}

/// Of a cause, over the messages that make the family miss its goal.
struct Tally
{
    double share = 0;  ///< of their absolute error; all add up to 1
    double packet = 0; ///< ps
    double flow = 0;
    double apart = 0; ///< absolute differences
    size_t messages = 0;
};

/// "lost packets, 80 %: 31 of 1984 messages, 61 us each; ..."
void
ExplainMessages(const std::vector<v1::FidelityRun>& packet,
                const std::vector<v1::FidelityRun>& flow,
                const std::vector<FidelityMatch>& matches,
                double beyond,
                v1::FidelityFamily& out)
{
    std::array<Tally, kCauses> tallies{};
    Parts packets{};
    double total = 0;
    size_t examined = 0;
    for (const FidelityMatch& match : matches)
    {
        const v1::FidelityRun& truth = packet[match.run];
        const v1::FidelityRun& model = flow[match.run];
        const auto time = static_cast<double>(truth.time_ps(match.packet));
        const double error = static_cast<double>(model.time_ps(match.flow)) / time - 1;
        if (beyond > 0 && std::abs(error) <= beyond)
        {
            continue;
        }
        ++examined;
        total += std::abs(error);
        std::array<std::pair<double, double>, kCauses> both{};
        for (size_t part = 0; part < kParts; ++part)
        {
            const size_t at = static_cast<size_t>(match.packet) * kParts + part;
            const size_t other = static_cast<size_t>(match.flow) * kParts + part;
            const auto ours = static_cast<double>(truth.part_ps(static_cast<int>(at)));
            packets[part] += ours;
            if (kCauseOf[part] < kCauses)
            {
                both[kCauseOf[part]].first += ours;
                both[kCauseOf[part]].second +=
                    static_cast<double>(model.part_ps(static_cast<int>(other)));
            }
        }
        for (size_t cause = 0; cause < kCauses; ++cause)
        {
            const auto [ours, theirs] = both[cause];
            Tally& tally = tallies[cause];
            tally.share += (error < 0 ? ours - theirs : theirs - ours) / time;
            tally.packet += ours;
            tally.flow += theirs;
            tally.apart += std::abs(ours - theirs);
            tally.messages += ours > 0 ? 1 : 0;
        }
    }
    std::array<size_t, kCauses> order{};
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(),
                     order.end(),
                     [&](size_t a, size_t b) { return tallies[a].share > tallies[b].share; });
    std::string reason;
    for (const size_t cause : order)
    {
        const Tally& tally = tallies[cause];
        const std::string name = NameOf(cause, packets);
        const auto count = static_cast<double>(examined);
        v1::FidelityCause& entry = *out.add_causes();
        entry.set_cause(name);
        entry.set_share(total > 0 ? tally.share / total : 0);
        entry.set_messages(tally.messages);
        entry.set_packet_s(tally.packet / count * 1e-12);
        entry.set_flow_s(tally.flow / count * 1e-12);
        entry.set_apart_s(tally.apart / count * 1e-12);
        if (cause == order[0])
        {
            const std::string counters = Counters(cause, name, out);
            reason = Print("%.0f %% of it: ", 100 * entry.share()) +
                     std::to_string(tally.messages) + " of " + std::to_string(examined) +
                     " messages" +
                     (beyond > 0 ? Print(" that are over %.0f %%", 100 * beyond) : "") +
                     (counters.empty() ? "" : " (" + counters + ")") + "; on average " +
                     Time(tally.packet / count) + ", flow level " + Time(tally.flow / count) +
                     ", apart " + Time(tally.apart / count);
        }
        else if (entry.share() >= kNotable)
        {
            reason += "; " + name + Print(" %.0f %%", 100 * entry.share());
        }
    }
    out.set_examined(examined);
    out.set_reason(reason);
}

double
OnCriticalPath(const v1::FidelityRun& run, const std::vector<std::string>& accounts)
{
    double sum = 0;
    for (const v1::AccountTime& entry : run.critical_path())
    {
        const bool counts =
            std::find(accounts.begin(), accounts.end(), entry.account()) != accounts.end();
        sum += counts ? static_cast<double>(entry.time_ps()) : 0;
    }
    return sum;
}

/// From the critical path of the case that is farthest off. Whole collectives are booked coarsely,
/// so there the packets' path alone says what they met.
void
ExplainStep(const std::vector<v1::FidelityRun>& packet,
            const std::vector<v1::FidelityRun>& flow,
            bool whole,
            v1::FidelityFamily& out)
{
    int worst = 0;
    for (int c = 0; c < out.cases_size(); ++c)
    {
        worst = std::abs(out.cases(c).step_error()) > std::abs(out.cases(worst).step_error())
                    ? c
                    : worst;
    }
    const v1::FidelityRun& truth = packet[static_cast<size_t>(worst)];
    const v1::FidelityRun& model = flow[static_cast<size_t>(worst)];
    const auto gap = static_cast<double>(truth.step_ps() - model.step_ps());
    Parts packets{};
    for (int part = 0; part < truth.sum_part_ps_size(); ++part)
    {
        packets[static_cast<size_t>(part)] = static_cast<double>(truth.sum_part_ps(part));
    }
    const std::array<std::vector<std::string>, 3> accounts{
        {{"scale_out_failure", "scale_out_loss_recovery"},
         {"scale_out_congestion"},
         {"scale_out_endpoint"}}};
    std::array<double, 3> gain{};
    std::string path;
    size_t most = 0;
    for (size_t cause = 0; cause < accounts.size(); ++cause)
    {
        const double ours = OnCriticalPath(truth, accounts[cause]);
        const double theirs = whole ? 0 : OnCriticalPath(model, accounts[cause]);
        gain[cause] = whole || gap > 0 ? ours - theirs : theirs - ours;
        most = gain[cause] > gain[most] ? cause : most;
        v1::FidelityCause& entry = *out.add_causes();
        const std::string name = NameOf(cause, packets);
        // What lies on the path of packets alone is no difference, unless it is the whole gap.
        const bool explains = !whole || (cause == kLoss && gap > 0 && ours >= gap / 2);
        entry.set_cause(name + (explains ? "" : ", in whole collectives"));
        entry.set_packet_s(ours * 1e-12);
        entry.set_flow_s(theirs * 1e-12);
        if (std::max(ours, theirs) > kWorthSaying * static_cast<double>(truth.step_ps()))
        {
            path += std::string(path.empty() ? "" : ", ") + name + " " + Time(ours) +
                    (whole ? "" : " (" + Time(theirs) + ")");
        }
    }
    std::rotate(out.mutable_causes()->begin(),
                out.mutable_causes()->begin() + static_cast<int>(most),
                out.mutable_causes()->begin() + static_cast<int>(most) + 1);
    const std::string counters = Counters(most, NameOf(most, packets), out);
    out.set_reason(out.cases(worst).name() + ": " + Time(static_cast<double>(truth.step_ps())) +
                   ", flow level " + Time(static_cast<double>(model.step_ps())) +
                   "; on the critical path " + (path.empty() ? "nothing but latency" : path) +
                   (counters.empty() ? "" : "; " + counters));
}

} // namespace

std::vector<FidelityMiss>
Misses(const v1::FidelityFamily& family)
{
    std::vector<FidelityMiss> misses;
    const v1::FidelityChance& chance = family.chance();
    const auto add = [&](const char* figure, double error, double goal, double mean, double most)
    {
        if (std::abs(error) > goal)
        {
            misses.push_back({figure, std::abs(error), goal, mean, most});
        }
    };
    add("mean", family.mean_error(), kMeanGoal, chance.mean(), chance.most_mean());
    add("p99", family.p99_error(), kP99Goal, chance.p99(), chance.most_p99());
    add("step", family.step_error(), kStepGoal, chance.step(), chance.most_step());
    return misses;
}

void
ExplainError(const std::vector<v1::FidelityRun>& packet,
             const std::vector<v1::FidelityRun>& flow,
             const std::vector<FidelityMatch>& matches,
             v1::FidelityFamily& out)
{
    const bool mean = out.mean_error() > kMeanGoal;
    if (!matches.empty() && (mean || out.p99_error() > kP99Goal))
    {
        ExplainMessages(packet, flow, matches, mean ? 0 : kP99Goal, out);
    }
    else
    {
        ExplainStep(packet, flow, matches.empty(), out);
    }
}

} // namespace heddle

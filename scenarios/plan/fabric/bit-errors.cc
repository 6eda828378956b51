// SPDX-License-Identifier: GPL-2.0-only
//
// Every link's own bit errors. Both directions of a link have the same ratio (deviation: two
// receivers would draw one each); of a link with different ends the upper end's technology counts.
#include "plan/fabric/tiers.h"

#include "ns3/base-random.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace heddle
{

namespace
{

/// A codeword that is always lost has no finite hazard; no link would stay up at this.
constexpr double kMostCodewordErrors = 0.999;

/// Lost with any of the interleave + bytes · 8 / (k m) codewords that it touches.
FrameLoss
LossOf(const ErrorModel& errors)
{
    const double codeword = std::min(CodewordErrorRate(kKp4, errors), kMostCodewordErrors);
    const double hazard = -std::log1p(-codeword);
    const double bitsPerCodeword = static_cast<double>(kKp4.k) * kKp4.symbolBits;
    return {errors.interleave * hazard, 8 / bitsPerCodeword * hazard};
}

/// Names of the distribution's figures that are assumed.
void
NoteFigures(const LinkTechnology& technology,
            const LinkConditions& conditions,
            std::vector<std::string>& assumed)
{
    std::vector<std::string> used{"ber_median", "ber_spread", "pre_fec_ber"};
    if (conditions.celsius != LinkConditions{}.celsius)
    {
        used.emplace_back("ber_per_kelvin");
    }
    if (conditions.years != 0)
    {
        used.emplace_back("ber_per_year");
    }
    for (const std::string& figure : used)
    {
        const Grade grade = technology.Get(figure).grade;
        if (grade == Grade::Assumption || grade == Grade::LowQuality)
        {
            assumed.push_back(technology.name + "." + figure);
        }
    }
}

struct Drawn
{
    double ratio;
    uint32_t link;
};

/// One account: the links of a tier that have the same technology.
void
Sum(const std::vector<Drawn>& links, uint32_t frameBytes, const FabricPlan& plan, BitErrorPlan& out)
{
    std::vector<Drawn> sorted = links;
    std::sort(sorted.begin(),
              sorted.end(),
              [](const Drawn& a, const Drawn& b)
              { return std::tie(a.ratio, a.link) < std::tie(b.ratio, b.link); });
    out.links = static_cast<uint32_t>(sorted.size());
    out.median = sorted[sorted.size() / 2].ratio;
    out.worst = sorted.back().ratio;
    out.worstLink = LinkKey(plan.topology, sorted.back().link);
    for (const Drawn& drawn : sorted)
    {
        const double loss = plan.topology.links[drawn.link].loss.Probability(frameBytes);
        out.meanLoss += loss / static_cast<double>(sorted.size());
        out.worstLoss = std::max(out.worstLoss, loss);
        out.aboveLimit += drawn.ratio > out.limit;
    }
}

} // namespace

void
DrawBitErrors(const std::vector<TierPlan>& tiers, uint64_t seed, FabricPlan& plan)
{
    std::map<std::pair<uint32_t, std::string>, std::vector<Drawn>> accounts;
    for (uint32_t i = 0; i < plan.topology.links.size(); ++i)
    {
        Topology::Link& link = plan.topology.links[i];
        const TierPlan& tier = tiers[link.tier];
        if (!tier.bitErrors)
        {
            continue;
        }
        ErrorModel errors = tier.bitErrors->model;
        std::string technology;
        if (tier.bitErrors->ratio)
        {
            errors.ber = *tier.bitErrors->ratio;
        }
        else
        {
            technology = link.technology;
            const BerDistribution links =
                BerOf(tier.technology ? *tier.technology : FindLinkTechnology(technology));
            const RandomStream draws(seed, "pre-fec-ber", HashString(LinkKey(plan.topology, i)));
            errors.ber = links.At(draws.Normal(0), tier.bitErrors->conditions);
        }
        link.loss = LossOf(errors);
        accounts[{link.tier, technology}].push_back({errors.ber, i});
    }
    for (const auto& [key, links] : accounts)
    {
        const TierPlan& tier = tiers[key.first];
        const uint32_t bytes = plan.topology.switchConfig.mtuWireBytes;
        BitErrorPlan out;
        out.tier = kTiers[key.first].field;
        out.technology = key.second;
        if (!key.second.empty())
        {
            const LinkTechnology& technology =
                tier.technology ? *tier.technology : FindLinkTechnology(key.second);
            const BerDistribution all = BerOf(technology);
            constexpr double kPreambleAndGap = 20;
            out.celsius = tier.bitErrors->conditions.celsius;
            out.years = tier.bitErrors->conditions.years;
            out.limit = all.limit;
            out.margin = all.Margin(tier.bitErrors->conditions);
            NoteFigures(technology, tier.bitErrors->conditions, out.assumed);
            out.expectedLoss = MeanFrameLoss(all,
                                             tier.bitErrors->conditions,
                                             kKp4,
                                             tier.bitErrors->model,
                                             bytes - kPreambleAndGap);
        }
        Sum(links, bytes, plan, out);
        plan.bitErrors.push_back(std::move(out));
    }
}

} // namespace heddle

// SPDX-License-Identifier: GPL-2.0-only
#include "report/result/fabric-result.h"

#include <algorithm>
#include <tuple>

namespace heddle
{

namespace
{

void
FillBitErrors(const BitErrorPlan& from, v1::BitErrorTier& to)
{
    to.set_tier(from.tier);
    to.set_technology(from.technology);
    to.set_celsius(from.celsius);
    to.set_age_years(from.years);
    to.set_links(from.links);
    to.set_median_ratio(from.median);
    to.set_worst_ratio(from.worst);
    to.set_worst_link(from.worstLink);
    to.set_limit_ratio(from.limit);
    to.set_links_above_limit(from.aboveLimit);
    to.set_mean_frame_loss(from.meanLoss);
    to.set_worst_frame_loss(from.worstLoss);
    to.set_expected_frame_loss(from.expectedLoss);
    to.set_margin_decades(from.margin);
    to.mutable_assumed()->Add(from.assumed.begin(), from.assumed.end());
}

} // namespace

void
FillFaults(const FabricPlan& fabric, Tick stepTime, v1::FabricResult* out)
{
    for (const BitErrorPlan& tier : fabric.bitErrors)
    {
        FillBitErrors(tier, *out->add_bit_errors());
    }
    out->mutable_faults_assumed()->Add(fabric.faultsAssumed.begin(), fabric.faultsAssumed.end());
    std::vector<const Fault*> order;
    for (const Fault& fault : fabric.faults)
    {
        order.push_back(&fault);
    }
    std::stable_sort(order.begin(),
                     order.end(),
                     [](const Fault* a, const Fault* b) { return a->at < b->at; });
    for (const Fault* fault : order)
    {
        v1::FaultRecord& record = *out->add_faults();
        record.set_kind(fault->kind);
        record.set_what(fault->what);
        record.set_at_s(ToSeconds(fault->at));
        if (fault->until != kForever)
        {
            record.set_until_s(ToSeconds(fault->until));
        }
        record.set_detection_s(ToSeconds(fault->detection));
        record.set_sampled(fault->sampled);
        record.set_settled(fault->settled);
        record.set_links(static_cast<uint32_t>(fault->links.size()));
        double least = 1;
        for (const LinkShare& link : fault->links)
        {
            least = std::min(least, link.share);
        }
        record.set_rate_share(least);
        record.set_during_step(fault->at < stepTime);
    }
}

} // namespace heddle

// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/training-fused-phase.h"

#include <algorithm>

namespace heddle::training
{

FusedTime
FusedPhase::Pace(const CoflowAlone& alone) const
{
    FusedTime pace = atLeast;
    for (const Ring& ring : rings)
    {
        FusedTime time = ring.round; // W; w is in it already
        (ring.scaleOut ? time.scaleOut : time.scaleUp) +=
            (ring.scaleOut ? alone.others : alone.scaleUp) / ring.steps;
        pace = std::max(pace, time);
    }
    return pipeline ? std::max(pace, PipelinePace(alone)) : pace;
}

FusedTime
FusedPhase::PipelinePace(const CoflowAlone& alone) const
{
    const double kinds = (pipeline->reduces ? 1 : 0) + (pipeline->gathers ? 1 : 0);
    const double insideSteps = kinds * pipeline->passes() * (pipeline->locals - 1.0);
    const double acrossSteps = static_cast<double>(pipeline->loops) * pipeline->steps();
    FusedTime inside = steps.inside;
    if (insideSteps > 0)
    {
        inside = std::max(inside, FusedTime{0, alone.scaleUp / insideSteps, 0});
    }
    FusedTime across = steps.across;
    if (acrossSteps > 0)
    {
        across = std::max(across, FusedTime{0, 0, alone.others / acrossSteps});
    }
    const FusedTime pass = (pipeline->locals - 1.0) * inside;
    return PipelineTime(*pipeline, pass, across) + -1.0 * steps.latency;
}

} // namespace heddle::training

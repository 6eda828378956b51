// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/training-ledger.h"

namespace heddle
{

const char*
RootAccountName(RootAccount account)
{
    switch (account)
    {
    case RootAccount::ScaleOutLatency:
        return "scale_out_latency";
    case RootAccount::ScaleOutEndpoint:
        return "scale_out_endpoint";
    case RootAccount::ScaleOutCongestion:
        return "scale_out_congestion";
    case RootAccount::ScaleOutFailure:
        return "scale_out_failure";
    case RootAccount::ScaleOutLossRecovery:
        return "scale_out_loss_recovery";
    case RootAccount::ScaleUpLatency:
        return "scale_up_latency";
    case RootAccount::ScaleUpEndpoint:
        return "scale_up_endpoint";
    case RootAccount::Software:
        return "software";
    case RootAccount::ReceiverNotReady:
        return "receiver_not_ready";
    case RootAccount::Jitter:
        return "jitter";
    case RootAccount::Interference:
        return "interference";
    case RootAccount::Imbalance:
        return "imbalance";
    case RootAccount::PipelineBubble:
        return "pipeline_bubble";
    }
    return "?";
}

const char*
ProximateAccountName(ProximateAccount account)
{
    switch (account)
    {
    case ProximateAccount::SkewWait:
        return "skew_wait";
    case ProximateAccount::ExposedScaleOut:
        return "exposed_scale_out";
    case ProximateAccount::ExposedScaleUp:
        return "exposed_scale_up";
    case ProximateAccount::PipelineWait:
        return "pipeline_wait";
    case ProximateAccount::Software:
        return "software";
    }
    return "?";
}

} // namespace heddle

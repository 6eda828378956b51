// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/rdma-congestion.h"

namespace heddle
{

namespace
{

const CongestionOps kOps{nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};

CongestionControl
Make(const ParameterValues&)
{
    return {&kOps, nullptr, {}, false};
}

const Registration<CongestionControlFactory> kLineRate{
    {"congestion-control",
     "none",
     "No congestion control: every queue pair sends at the rate of its port, limited by the window "
     "only. Data packets are not ECN-capable. With a lossless class this is RoCEv2 on PFC alone.",
     {}},
    &Make};

} // namespace

} // namespace heddle

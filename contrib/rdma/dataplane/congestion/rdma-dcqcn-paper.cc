// SPDX-License-Identifier: GPL-2.0-only
//
// DCQCN as published (Zhu et al., SIGCOMM'15, section 5): every CNP cuts at once and clamps the
// target; alpha decays when no CNP came for its period. The fluid model of "ECN or Delay"
// (CoNEXT'16) describes this variant, not the firmware's.
#include "ns3/rdma-congestion.h"
#include "ns3/rdma-rate-increase.h"

#include "ns3/base-errors.h"

#include <cmath>

namespace heddle
{

namespace
{

struct Parameters
{
    RateIncreaseParameters increase;
    double gain;
    Tick alphaPeriod;
    double minRate;
};

struct State
{
    RateIncreaseState increase;
    double alpha;
    Tick alphaAt; ///< latest CNP, or end of the last decay that is in `alpha`
};

const Parameters&
P(const void* parameters)
{
    return *static_cast<const Parameters*>(parameters);
}

void
Start(const void* parameters, CongestionState& qp)
{
    auto& s = qp.Make<State>();
    s.alpha = 1;
    RateIncrease::Start(P(parameters).increase, qp, s.increase);
}

void
OnCnp(const void* parameters, CongestionState& qp, Tick now)
{
    const Parameters& p = P(parameters);
    auto& s = qp.As<State>();
    if (s.alphaAt > 0)
    {
        const Tick periods = (now - s.alphaAt) / p.alphaPeriod;
        s.alpha *= std::pow(1 - p.gain, static_cast<double>(periods));
    }
    s.increase.target = qp.rate;
    qp.rate = std::max(qp.rate * (1 - s.alpha / 2), p.minRate);
    s.alpha = (1 - p.gain) * s.alpha + p.gain;
    s.alphaAt = now;
    RateIncrease::Restart(p.increase, s.increase, now);
    qp.timer = s.increase.due;
}

void
OnTimer(const void* parameters, CongestionState& qp, Tick now)
{
    auto& s = qp.As<State>();
    RateIncrease::OnTimer(P(parameters).increase, qp, s.increase, now);
    qp.timer = s.increase.due;
}

void
OnSend(const void* parameters, CongestionState& qp, Tick, uint32_t wireBytes)
{
    auto& s = qp.As<State>();
    RateIncrease::OnSend(P(parameters).increase, qp, s.increase, wireBytes);
    qp.timer = s.increase.due;
}

const CongestionOps kOps{Start, OnSend, nullptr, OnCnp, nullptr, OnTimer};

CongestionControl
Make(const ParameterValues& v)
{
    auto p = std::make_shared<Parameters>();
    p->increase = {static_cast<double>(v.Rate("ai_rate").bps()),
                   static_cast<double>(v.Rate("hai_rate").bps()),
                   true,
                   0,
                   v.Time("time_reset"),
                   v.Size("byte_reset"),
                   static_cast<uint32_t>(v.Number("threshold"))};
    p->gain = v.Number("alpha_gain");
    p->alphaPeriod = v.Time("alpha_period");
    p->minRate = static_cast<double>(v.Rate("min_rate").bps());
    if (p->alphaPeriod == 0 || p->increase.timeStage == 0 || p->increase.byteStage == 0 ||
        !(p->minRate > 0))
    {
        throw InputError("dcqcn-paper: alpha_period, time_reset, byte_reset and min_rate must be "
                         "above zero");
    }
    return {&kOps, p, {CnpScope::QueuePair, v.Time("cnp_interval")}, true};
}

const char* const kPaper = "Zhu et al., SIGCOMM'15, section 5";

const Registration<CongestionControlFactory> kDcqcnPaper{
    {"congestion-control",
     "dcqcn-paper",
     "DCQCN by the rules and parameters of its paper (meant for 40 Gb/s): each CNP cuts the rate "
     "by "
     "alpha / 2 at once, alpha decays without CNPs, recovery in five halving steps, then additive "
     "and hyper increase.",
     {{"alpha_gain", Quantity::Ratio, "0.00390625", "g: weight of a CNP in alpha (1/256)", kPaper},
      {"alpha_period", Quantity::Time, "55us", "alpha decays after this time without CNP", kPaper},
      {"min_rate", Quantity::Rate, "100Mbps", "floor of the rate", "HPCC's simulator; assumption"},
      {"time_reset", Quantity::Time, "55us", "length of a time stage", kPaper},
      {"byte_reset", Quantity::Size, "10MB", "length of a byte stage, wire bytes", kPaper},
      {"threshold", Quantity::Ratio, "5", "F: stages of fast recovery", kPaper},
      {"ai_rate", Quantity::Rate, "40Mbps", "additive increase per event", kPaper},
      {"hai_rate",
       Quantity::Rate,
       "400Mbps",
       "hyper increase per event, times its number",
       "assumption: ten times R_AI"},
      {"cnp_interval",
       Quantity::Time,
       "50us",
       "receiver: least time between CNPs of one queue pair",
       kPaper}}},
    &Make};

} // namespace

} // namespace heddle

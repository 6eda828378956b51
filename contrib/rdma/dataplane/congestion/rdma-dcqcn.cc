// SPDX-License-Identifier: GPL-2.0-only
//
// DCQCN by the rules of NIC firmware (NVIDIA, "DCQCN CC Parameters"; community DOC-2790). They are
// not the paper's: alpha runs on a free-running 1 us clock, at most one cut per monitor period, a
// floor on each cut, and the target is clamped only under conditions. See rdma-dcqcn-paper.cc.
//
// Nothing ticks: alpha is a closed form of the periods that have passed, the monitor period is an
// event only when a CNP came in it, and at full rate there is no timer at all. A cut that falls on
// the end of an alpha period comes after alpha's update.
//
// Scope of the CNP limit: NICs differ (per port, per destination address, per queue pair); with 64
// queue pairs to one receiver the scope "port" gives each 1/64 of the signals. Default: queue-pair.
// Deviation: the token bucket's burst is one packet, whatever the rate.
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
    double initialAlpha;
    double alphaGain;
    Tick alphaPeriod;
    Tick monitorPeriod;
    double cutFactor;
    double minDecrease;
    double minRate;
    double firstCnpRate; ///< fraction of line rate; 0 = leave
    bool clampTarget;
    bool clampAfterTime;
    bool nackCuts;
};

struct State
{
    RateIncreaseState increase;
    double alpha;
    Tick alphaAt;  ///< end of the last alpha period that is in `alpha`
    Tick origin;   ///< of the monitor periods: the first CNP
    Tick cutDue;   ///< kForever: no CNP in this monitor period
    bool seen;     ///< a CNP has come, ever
    bool alphaCnp; ///< a CNP has come in this alpha period
};

const Parameters&
P(const void* parameters)
{
    return *static_cast<const Parameters*>(parameters);
}

void
SetTimer(CongestionState& qp, const State& s)
{
    qp.timer = std::min(s.cutDue, s.increase.due);
}

void
Start(const void* parameters, CongestionState& qp)
{
    auto& s = qp.Make<State>();
    RateIncrease::Start(P(parameters).increase, qp, s.increase);
    s.cutDue = kForever;
    SetTimer(qp, s);
}

void
UpdateAlpha(const Parameters& p, State& s, Tick now)
{
    const Tick periods = (now - s.alphaAt) / p.alphaPeriod;
    if (periods == 0)
    {
        return;
    }
    const double keep = 1 - p.alphaGain;
    s.alpha = s.alpha * keep + (s.alphaCnp ? p.alphaGain : 0);
    s.alpha *= std::pow(keep, static_cast<double>(periods - 1));
    s.alpha = std::min(s.alpha, p.initialAlpha);
    s.alphaAt += periods * p.alphaPeriod;
    s.alphaCnp = false;
}

void
FirstCnp(const Parameters& p, CongestionState& qp, State& s, Tick now)
{
    s.seen = true;
    s.alpha = p.initialAlpha;
    s.alphaAt = now;
    s.origin = now;
    if (p.firstCnpRate > 0)
    {
        qp.rate = std::min(qp.rate, p.firstCnpRate * qp.lineRate);
        s.increase.target = qp.rate;
        RateIncrease::Restart(p.increase, s.increase, now);
        return;
    }
    s.cutDue = now + p.monitorPeriod;
}

void
OnCnp(const void* parameters, CongestionState& qp, Tick now)
{
    const Parameters& p = P(parameters);
    auto& s = qp.As<State>();
    if (!s.seen)
    {
        FirstCnp(p, qp, s, now);
    }
    else
    {
        UpdateAlpha(p, s, now);
        s.alphaCnp = true;
        if (s.cutDue == kForever)
        {
            const Tick periods = (now - s.origin) / p.monitorPeriod + 1;
            s.cutDue = s.origin + periods * p.monitorPeriod;
        }
    }
    SetTimer(qp, s);
}

void
Cut(const Parameters& p, CongestionState& qp, State& s, Tick now)
{
    UpdateAlpha(p, s, now);
    s.cutDue = kForever;
    const bool afterTime = p.clampAfterTime && s.increase.timeStages > 0;
    if (p.clampTarget || s.increase.byteStages > 0 || afterTime)
    {
        s.increase.target = qp.rate;
    }
    const double factor = std::max(1 - s.alpha * p.cutFactor, p.minDecrease);
    qp.rate = std::max(qp.rate * factor, p.minRate);
    RateIncrease::Restart(p.increase, s.increase, now);
}

void
OnTimer(const void* parameters, CongestionState& qp, Tick now)
{
    const Parameters& p = P(parameters);
    auto& s = qp.As<State>();
    if (s.cutDue <= now)
    {
        Cut(p, qp, s, now);
    }
    RateIncrease::OnTimer(p.increase, qp, s.increase, now);
    SetTimer(qp, s);
}

void
OnSend(const void* parameters, CongestionState& qp, Tick, uint32_t wireBytes)
{
    auto& s = qp.As<State>();
    const Tick due = s.increase.due;
    RateIncrease::OnSend(P(parameters).increase, qp, s.increase, wireBytes);
    if (s.increase.due != due) // seldom: the rest of the state lies in another cache line
    {
        SetTimer(qp, s);
    }
}

void
OnLoss(const void* parameters, CongestionState& qp, Tick now, bool timeout)
{
    if (!timeout && P(parameters).nackCuts)
    {
        OnCnp(parameters, qp, now);
    }
}

const CongestionOps kOps{Start, OnSend, nullptr, OnCnp, OnLoss, OnTimer};

/// What differs between the presets.
struct Preset
{
    const char* minDecrease;
    const char* additive;
    const char* timeReset;
    const char* cnpInterval;
    const char* source;
};

std::vector<Parameter>
Describe(const Preset& preset)
{
    const std::string nvidia = "NVIDIA, DCQCN CC Parameters";
    return {
        {"initial_alpha",
         Quantity::Ratio,
         "0.9990234375",
         "alpha at the first CNP and its ceiling (1023/1024)",
         nvidia + ": initial_alpha_value"},
        {"alpha_gain",
         Quantity::Ratio,
         "0.0048828125",
         "weight of a new observation in alpha (5/1024)",
         nvidia + ": dce_tcp_g 1019"},
        {"alpha_period", Quantity::Time, "1us", "update period of alpha", nvidia + ": dce_tcp_rtt"},
        {"monitor_period",
         Quantity::Time,
         "4us",
         "at most one cut per period",
         nvidia + ": rate_reduce_monitor_period"},
        {"cut_factor",
         Quantity::Ratio,
         "0.5",
         "a cut takes this times alpha of the rate",
         nvidia + ": rpg_gd 11 of 10 fraction bits"},
        {"min_decrease",
         Quantity::Ratio,
         preset.minDecrease,
         "a cut leaves at least this share of the rate",
         std::string(preset.source) + ": rpg_min_dec_fac"},
        {"min_rate", Quantity::Rate, "1Mbps", "floor of the rate", nvidia + ": rpg_min_rate"},
        {"max_rate",
         Quantity::Rate,
         "0",
         "ceiling of the rate; 0 = line rate",
         nvidia + ": rpg_max_rate"},
        {"first_cnp_rate",
         Quantity::Ratio,
         "0",
         "rate set by the first CNP as a share of line rate; 0 = leave it",
         nvidia + ": rate_to_set_on_first_cnp; that 0 means 'leave' is an assumption"},
        {"clamp_target",
         Quantity::Text,
         "false",
         "every cut sets the target to the rate before it: true or false",
         nvidia + ": clamp_tgt_rate"},
        {"clamp_target_after_time",
         Quantity::Text,
         "true",
         "so does a cut after a time stage: true or false",
         nvidia + ": clamp_tgt_rate_after_time_inc"},
        {"time_reset",
         Quantity::Time,
         preset.timeReset,
         "length of a time stage",
         std::string(preset.source) + ": rpg_time_reset"},
        {"byte_reset",
         Quantity::Size,
         "2097088B",
         "length of a byte stage, wire bytes (32767 units of 64 B)",
         nvidia + ": rpg_byte_reset"},
        {"threshold",
         Quantity::Ratio,
         "1",
         "stages before additive (and hyper) increase",
         nvidia + ": rpg_threshold"},
        {"ai_rate",
         Quantity::Rate,
         preset.additive,
         "additive increase per event",
         std::string(preset.source) + ": rpg_ai_rate"},
        {"hai_rate",
         Quantity::Rate,
         "50Mbps",
         "hyper increase per event",
         nvidia + ": rpg_hai_rate"},
        {"cnp_interval",
         Quantity::Time,
         preset.cnpInterval,
         "receiver: least time between CNPs of one scope",
         std::string(preset.source) + ": min_time_between_cnps"},
        {"cnp_scope",
         Quantity::Text,
         "queue-pair",
         "receiver: what the interval counts for: queue-pair, source or port",
         "differs between NIC generations; the default is an assumption"},
        {"nack_cuts_rate",
         Quantity::Text,
         "true",
         "a NACK acts like a CNP: true or false",
         "ConWeave's artefact (SIGCOMM'23) does so; on NICs an assumption"},
    };
}

bool
Flag(const ParameterValues& values, const char* name)
{
    const std::string& text = values.Text(name);
    if (text != "true" && text != "false")
    {
        throw InputError(std::string("parameter '") + name +
                         "' of congestion-control 'dcqcn' is '" + text +
                         "'; it must be true or false");
    }
    return text == "true";
}

CnpScope
Scope(const std::string& text)
{
    const std::vector<std::pair<std::string, CnpScope>> scopes{{"queue-pair", CnpScope::QueuePair},
                                                               {"source", CnpScope::Source},
                                                               {"port", CnpScope::Port}};
    std::vector<std::string> names;
    for (const auto& [name, scope] : scopes)
    {
        if (name == text)
        {
            return scope;
        }
        names.push_back(name);
    }
    throw InputError("unknown CNP scope '" + text + "'." + DidYouMean(text, names));
}

CongestionControl
Make(const ParameterValues& v)
{
    auto p = std::make_shared<Parameters>();
    p->increase = {static_cast<double>(v.Rate("ai_rate").bps()),
                   static_cast<double>(v.Rate("hai_rate").bps()),
                   false,
                   static_cast<double>(v.Rate("max_rate").bps()),
                   v.Time("time_reset"),
                   v.Size("byte_reset"),
                   static_cast<uint32_t>(v.Number("threshold"))};
    p->initialAlpha = v.Number("initial_alpha");
    p->alphaGain = v.Number("alpha_gain");
    p->alphaPeriod = v.Time("alpha_period");
    p->monitorPeriod = v.Time("monitor_period");
    p->cutFactor = v.Number("cut_factor");
    p->minDecrease = v.Number("min_decrease");
    p->minRate = static_cast<double>(v.Rate("min_rate").bps());
    p->firstCnpRate = v.Number("first_cnp_rate");
    p->clampTarget = Flag(v, "clamp_target");
    p->clampAfterTime = Flag(v, "clamp_target_after_time");
    p->nackCuts = Flag(v, "nack_cuts_rate");
    if (p->alphaPeriod == 0 || p->monitorPeriod == 0 || p->increase.timeStage == 0 ||
        p->increase.byteStage == 0 || !(p->minRate > 0))
    {
        throw InputError("dcqcn: alpha_period, monitor_period, time_reset, byte_reset and min_rate "
                         "must be above zero");
    }
    return {&kOps, p, {Scope(v.Text("cnp_scope")), v.Time("cnp_interval")}, true};
}

const Registration<CongestionControlFactory> kTuned{
    {"congestion-control",
     "dcqcn",
     "DCQCN by NIC firmware's rules: marks at switches, CNPs from the receiver, rate cuts in "
     "proportion to alpha, recovery by time and bytes. Defaults are values tuned at 400 Gb/s, from "
     "within the ranges that Barre et al. (ATC'25, table 2) report.",
     Describe({"0.9", "20Mbps", "50us", "2us", "Barre et al., ATC'25, table 2"})},
    &Make};

const Registration<CongestionControlFactory> kFirmware{
    {"congestion-control",
     "dcqcn-firmware",
     "DCQCN as a NIC ships it: the rules of 'dcqcn' with the vendor's defaults. Slow to recover at "
     "400 Gb/s: 4,000 hyper-increase steps for half the line rate.",
     Describe({"0.5", "5Mbps", "300us", "4us", "NVIDIA, DCQCN CC Parameters"})},
    &Make};

} // namespace

} // namespace heddle

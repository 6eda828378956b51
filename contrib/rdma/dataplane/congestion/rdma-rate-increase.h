// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-rate-increase.h
// --------------------------
// The increase half of DCQCN, shared by its variants: stages by time and by bytes, fast recovery,
// additive and hyper increase (Zhu et al., SIGCOMM'15, section 5.2).
//
// An event is the end of a time stage or of a byte stage. With T and B the stages passed since the
// latest cut: max(T, B) < threshold → fast recovery; min(T, B) > threshold → hyper increase;
// otherwise additive. Then the rate moves half the way to the target and the stage is counted.

#ifndef HEDDLE_RDMA_RATE_INCREASE_H
#define HEDDLE_RDMA_RATE_INCREASE_H

#include "ns3/rdma-congestion.h"

#include <algorithm>

namespace heddle
{

struct RateIncreaseParameters
{
    double additive;    ///< bits/s per event
    double hyper;       ///< bits/s per event
    bool hyperGrows;    ///< the paper's i · R_HAI for the i-th hyper event
    double maximum;     ///< bits/s; 0 = line rate
    Tick timeStage;     ///< ps
    uint64_t byteStage; ///< wire bytes
    uint32_t threshold;
};

struct RateIncreaseState
{
    double target; ///< bits/s
    uint64_t bytes;
    Tick due; ///< end of the time stage; kForever at full rate: no timer
    uint32_t timeStages;
    uint32_t byteStages;
};

class RateIncrease
{
  public:
    static double Maximum(const RateIncreaseParameters& p, const CongestionState& qp)
    {
        return p.maximum > 0 ? std::min(p.maximum, qp.lineRate) : qp.lineRate;
    }

    static void Start(const RateIncreaseParameters& p, CongestionState& qp, RateIncreaseState& s)
    {
        qp.rate = Maximum(p, qp);
        s = {qp.rate, 0, kForever, 0, 0};
    }

    /// After a cut: stages and counters begin anew.
    static void Restart(const RateIncreaseParameters& p, RateIncreaseState& s, Tick now)
    {
        s.bytes = 0;
        s.timeStages = 0;
        s.byteStages = 0;
        s.due = now + p.timeStage;
    }

    static void OnSend(const RateIncreaseParameters& p,
                       CongestionState& qp,
                       RateIncreaseState& s,
                       uint32_t wireBytes)
    {
        if (s.due == kForever)
        {
            return;
        }
        s.bytes += wireBytes;
        if (s.bytes >= p.byteStage)
        {
            s.bytes -= p.byteStage;
            Raise(p, qp, s);
            ++s.byteStages;
        }
    }

    static void OnTimer(const RateIncreaseParameters& p,
                        CongestionState& qp,
                        RateIncreaseState& s,
                        Tick now)
    {
        if (s.due > now)
        {
            return;
        }
        s.due = now + p.timeStage;
        Raise(p, qp, s);
        ++s.timeStages;
    }

  private:
    static void Raise(const RateIncreaseParameters& p, CongestionState& qp, RateIncreaseState& s)
    {
        const uint32_t most = std::max(s.timeStages, s.byteStages);
        const uint32_t least = std::min(s.timeStages, s.byteStages);
        if (least > p.threshold)
        {
            s.target += p.hyper * (p.hyperGrows ? least - p.threshold : 1);
        }
        else if (most >= p.threshold)
        {
            s.target += p.additive;
        }
        const double maximum = Maximum(p, qp);
        s.target = std::min(s.target, maximum);
        qp.rate = (qp.rate + s.target) / 2;
        // Within a step of full rate: call it full and let the timers sleep.
        if (maximum - qp.rate < p.additive || maximum - qp.rate < 1e-6 * maximum)
        {
            qp.rate = maximum;
            s.target = maximum;
            s.due = kForever;
        }
    }
};

} // namespace heddle

#endif

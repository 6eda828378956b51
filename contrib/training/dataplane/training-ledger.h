// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-ledger.h
// -----------------------
// The idle ledger: why each accelerator waited, exact to the picosecond.
//
// Every activity (compute run, message, wait for a receive buffer, software latency) is recorded
// with start, end, labelled segments and its binding predecessor: the prerequisite that finished
// last, so start(x) = end(predecessor). A wait [t0, t1) of an accelerator's compute stream that
// ends with activity e is booked by walking back from e along binding predecessors: each activity's
// segments over their overlap with the wait; where the chain runs over another accelerator's
// kernels, what the chain to t1 has more than the waiter's own chain to t0 (training-walk.h). The
// parts tile the wait: sums are exact.
//
//   root       what the chain was really doing (congestion at a port, jitter at an accelerator)
//   proximate  what a profiler here would show (skew wait on rank 7, exposed communication)

#ifndef HEDDLE_TRAINING_LEDGER_H
#define HEDDLE_TRAINING_LEDGER_H

#include "ns3/base-event-core.h"
#include "ns3/collectives-task-graph.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace heddle
{

/// Accounts of the root column. Scale-up and scale-out are told apart where a network is meant.
enum class RootAccount : uint8_t
{
    ScaleOutLatency,    ///< unloaded latency + own bytes at line rate (the ideal part of messages)
    ScaleOutEndpoint,   ///< own NIC port or last-hop port busy with bytes that had to pass it
    ScaleOutCongestion, ///< pauses, pacing, queues inside the fabric; place = port
    ScaleOutFailure,    ///< link down or rerouting, NIC port dead or slow; place = port
    ScaleOutLossRecovery,
    ScaleUpLatency,
    ScaleUpEndpoint,
    Software,         ///< collective base and step latencies, launch gaps
    ReceiverNotReady, ///< no clear-to-send, when its own chain cannot be followed further (so far
                      ///< it always can, and this account stays empty)
    Jitter,           ///< compute slower than nominal; place = accelerator
    Interference,     ///< kernels slowed by overlapping communication; place = accelerator
    Imbalance,        ///< another rank had more nominal work; place = accelerator
    PipelineBubble,   ///< waiting for another stage's nominal work; place = accelerator
};
inline constexpr size_t kRootAccounts = 13;
const char* RootAccountName(RootAccount account); ///< "scale_out_congestion"

enum class ProximateAccount : uint8_t
{
    SkewWait,        ///< a peer of the collective had not arrived; place = that rank
    ExposedScaleOut, ///< the transfer was in flight over NICs (or both)
    ExposedScaleUp,  ///< only over the scale-up domain
    PipelineWait,    ///< a pipeline receive whose sender had not sent; place = that rank
    Software,
};
inline constexpr size_t kProximateAccounts = 5;
const char* ProximateAccountName(ProximateAccount account);

/// Time booked to one account at one place. Place: port for network accounts, rank for others,
/// kNone when it has none.
struct Blame
{
    uint8_t account; ///< RootAccount or ProximateAccount
    uint32_t place;
    Tick time;
};

/// One accelerator's step, in ps. busy + idle = step, Σ root = Σ proximate = idle, always exactly.
struct RankLedger
{
    Tick busyNominal = 0; ///< kernels at nominal time
    Tick busyJitter = 0;  ///< own excess (may be negative: faster than nominal)
    Tick busyInterference = 0;
    Tick idle = 0;
    std::array<Tick, kRootAccounts> root{};
    std::array<Tick, kProximateAccounts> proximate{};
    std::vector<Blame> rootPlaces; ///< per (account, place), largest first
    std::vector<Blame> proximatePlaces;

    Tick busy() const
    {
        return busyNominal + busyJitter + busyInterference;
    }
};

} // namespace heddle

#endif

// SPDX-License-Identifier: GPL-2.0-only
//
// The retry budget of queue pairs. A NIC whose budget is exhausted reports an error for the queue
// pair, and today's collective libraries end the job on it: so does the run. InfiniBand: time-out
// 4.096 us · 2^t, at most 7 retries; with NCCL's t = 20 a path that stays dead for 34 s ends the
// job.
#include "ns3/rdma-engine.h"

#include "ns3/base-units.h"

#include <tuple>

namespace heddle
{

void
TransportEngine::CountTimeout(Partition& part, SenderQp& qp)
{
    ++counters(part).timeouts;
    qp.backoff = static_cast<uint8_t>(std::min(qp.backoff + 1, 255));
    if (m_config.retryLimit == 0 || qp.backoff <= m_config.retryLimit)
    {
        return;
    }
    const TransportFailure failure{part.now(), qp.from, qp.to, qp.channel};
    const auto order = [](const TransportFailure& f)
    { return std::tuple(f.at, f.from, f.to, f.channel); };
    TransportFailure& first = m_parts[part.index()].failure;
    if (order(failure) < order(first))
    {
        first = failure;
    }
    m_core.Stop();
}

std::optional<TransportFailure>
TransportEngine::Failure() const
{
    const auto earlier = [](const PartState& a, const PartState& b)
    { return a.failure.at < b.failure.at; };
    const TransportFailure& first =
        std::min_element(m_parts.begin(), m_parts.end(), earlier)->failure;
    return first.at == kForever ? std::nullopt : std::optional(first);
}

std::string
TransportFailure::Text() const
{
    return "aborted at " + FormatTime(at) + ": queue pair NIC " + std::to_string(from) + " → NIC " +
           std::to_string(to) + " (channel " + std::to_string(channel) +
           ") has used up its retries; the job would restart from its last checkpoint";
}

} // namespace heddle

// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-silent-tail.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace heddle::fabric
{

double
SilentTail(double loss, uint32_t packets, uint32_t rounds)
{
    const uint32_t most = std::min(packets, kMostTail);
    std::vector<double> silent(most + 1, 0); // by packets of the round, from that one on
    std::vector<double> next(most + 1, 0);
    std::vector<double> losses(most + 1, 0); // probability of so many
    const double keep = 1 - loss;
    for (uint32_t round = 0; round < std::min(rounds, kMostRounds); ++round)
    {
        std::fill(losses.begin(), losses.end(), 0);
        losses[0] = 1;
        for (uint32_t n = 1; n <= most; ++n)
        {
            for (uint32_t k = n; k > 0; --k)
            {
                losses[k] = losses[k] * keep + losses[k - 1] * loss;
            }
            losses[0] *= keep;
            next[n] = 0;
            for (uint32_t k = 1; k <= n; ++k)
            {
                const double last = std::pow(loss, k) * std::pow(keep, n - k);
                next[n] += last + std::max(0.0, losses[k] - last) * silent[k];
            }
        }
        silent = next;
    }
    return silent[most];
}

} // namespace heddle::fabric

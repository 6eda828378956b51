// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/fabric-class-shares.h"

#include <algorithm>

namespace heddle::fabric
{

namespace
{

__extension__ using Wide = __int128; // not ISO C++, which ns-3 asks for

/// Among those of `open`, a bit for each.
void
ShareByWeight(int64_t left,
              uint32_t open,
              const std::vector<ClassTurn>& turns,
              const std::vector<int64_t>& wanted,
              std::vector<int64_t>& shares)
{
    for (bool settled = false; !settled;)
    {
        settled = true;
        int64_t weights = 0;
        for (size_t c = 0; c < turns.size(); ++c)
        {
            weights += (open >> c & 1U) != 0 ? turns[c].weight : 0;
        }
        int64_t taken = 0;
        for (size_t c = 0; c < turns.size(); ++c)
        {
            if ((open >> c & 1U) == 0)
            {
                continue;
            }
            shares[c] = static_cast<int64_t>(Wide{left} * turns[c].weight / weights);
            if (wanted[c] <= shares[c]) // it leaves the rest to the others
            {
                shares[c] = wanted[c];
                taken += wanted[c];
                open &= ~(1U << c);
                settled = false;
            }
        }
        left -= taken;
    }
}

} // namespace

void
ShareByTurn(int64_t capacity,
            const std::vector<ClassTurn>& turns,
            const std::vector<int64_t>& wanted,
            std::vector<int64_t>& shares)
{
    shares.assign(turns.size(), 0);
    uint32_t weighted = 0;
    int64_t left = capacity;
    unsigned above = UINT8_MAX + 1U;
    while (above > 0)
    {
        unsigned level = 0;
        size_t at = turns.size();
        for (size_t c = 0; c < turns.size(); ++c)
        {
            if (turns[c].level < above && turns[c].level > level)
            {
                level = turns[c].level;
                at = c;
            }
        }
        if (at < turns.size())
        {
            shares[at] = std::min(wanted[at], left);
            left -= shares[at];
        }
        above = level;
    }
    for (size_t c = 0; c < turns.size(); ++c)
    {
        weighted |= turns[c].level == 0 && wanted[c] > 0 ? 1U << c : 0U;
    }
    ShareByWeight(left, weighted, turns, wanted, shares);
}

} // namespace heddle::fabric

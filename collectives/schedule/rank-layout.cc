// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/collectives-schedule.h"

#include <algorithm>

namespace heddle
{

void
RankLayout::Index()
{
    uint32_t domains = 0;
    for (const Place& place : places)
    {
        domains = std::max(domains, place.domain + 1);
    }
    domainRanks.assign(domains, {});
    for (Rank rank = 0; rank < places.size(); ++rank)
    {
        domainRanks[places[rank].domain].push_back(rank);
    }
}

Rank
RankLayout::Proxy(Rank a, Rank b) const
{
    const Place& from = places[a];
    const Place& to = places[b];
    if (from.leaf == to.leaf)
    {
        return a;
    }
    // Two passes, no allocation: the best score and how many share it, then the one chosen.
    int best = -1;
    uint32_t count = 0;
    auto visit = [&](auto&& use)
    {
        if (!domainRanks.empty())
        {
            for (Rank rank : domainRanks[from.domain])
            {
                use(rank);
            }
            return;
        }
        for (Rank rank = 0; rank < places.size(); ++rank)
        {
            if (places[rank].domain == from.domain)
            {
                use(rank);
            }
        }
    };
    auto score = [&](Rank rank)
    {
        const Place& place = places[rank];
        return place.leaf != to.leaf ? -1 : 2 * (place.host == from.host) + (place.rail == to.rail);
    };
    visit(
        [&](Rank rank)
        {
            int s = score(rank);
            if (s > best)
            {
                best = s;
                count = 0;
            }
            count += s == best;
        });
    if (best < 0)
    {
        return a;
    }
    Rank chosen = a;
    uint32_t skip = a % count;
    visit(
        [&](Rank rank)
        {
            if (score(rank) == best && skip-- == 0)
            {
                chosen = rank;
            }
        });
    return chosen;
}

} // namespace heddle

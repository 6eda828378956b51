// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-errors.h"
#include "ns3/collectives-grouping.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace heddle
{

DomainGroups
GroupByDomain(const Communicator& comm, const RankLayout& layout)
{
    DomainGroups result;
    std::map<uint32_t, size_t> indexOf; // domain → group
    for (Member m = 0; m < comm.ranks.size(); ++m)
    {
        uint32_t domain = layout.places[comm.ranks[m]].domain;
        auto [it, isNew] = indexOf.try_emplace(domain, result.groups.size());
        if (isNew)
        {
            result.groups.emplace_back();
        }
        result.groups[it->second].push_back(m);
    }
    result.smallest = ~0U;
    for (auto& group : result.groups)
    {
        std::sort(group.begin(),
                  group.end(),
                  [&](Member a, Member b)
                  {
                      const auto& x = layout.places[comm.ranks[a]];
                      const auto& y = layout.places[comm.ranks[b]];
                      return std::tie(x.host, x.rail, a) < std::tie(y.host, y.rail, b);
                  });
        result.smallest = std::min(result.smallest, static_cast<uint32_t>(group.size()));
        result.largest = std::max(result.largest, static_cast<uint32_t>(group.size()));
    }
    return result;
}

uint32_t
RingChannels(const SoftwareModel& software, const DomainGroups& groups, uint64_t bytes)
{
    uint64_t channels = software.channels;
    if (software.ringsPerNic > 0 && groups.groups.size() > 1)
    {
        channels = std::min<uint64_t>(channels, uint64_t{software.ringsPerNic} * groups.smallest);
    }
    if (software.minBytesPerChannel > 0)
    {
        channels = std::min(channels, bytes / software.minBytesPerChannel);
    }
    return static_cast<uint32_t>(std::max<uint64_t>(1, channels));
}

namespace
{

/// Appends `group` walking from index `entry` to index `exit`, which is its cyclic neighbour.
void
Walk(const std::vector<Member>& group, size_t entry, size_t exit, std::vector<Member>& order)
{
    size_t size = group.size();
    // Away from the exit, all the way round: it is then the last one reached.
    bool down = exit == (entry + 1) % size;
    for (size_t i = 0; i < size; ++i)
    {
        order.push_back(group[(down ? entry + size - i : entry + i) % size]);
    }
}

} // namespace

std::vector<Member>
RingOrder(const DomainGroups& groups, const SoftwareModel& software, uint32_t channel)
{
    std::vector<Member> order;
    uint32_t entries = std::max(1U, software.channels / std::max(1U, software.ringsPerNic));
    uint32_t first = channel % entries;
    bool even = first % 2 == 0;
    for (size_t d = 0; d < groups.groups.size(); ++d)
    {
        const auto& group = groups.groups[d];
        size_t size = group.size();
        size_t a = first % size;
        size_t b = (even ? a + 1 : a + size - 1) % size;
        // Odd domains are walked the other way, so that leaving and entering share a rail.
        d % 2 == 0 ? Walk(group, a, b, order) : Walk(group, b, a, order);
    }
    return order;
}

uint32_t
PositionOf(const std::vector<Member>& order, Member member)
{
    auto it = std::find(order.begin(), order.end(), member);
    HEDDLE_CHECK(it != order.end(), "member " + std::to_string(member) + " is not in the ring");
    return static_cast<uint32_t>(it - order.begin());
}

} // namespace heddle

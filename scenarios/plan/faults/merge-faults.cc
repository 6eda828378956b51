// SPDX-License-Identifier: GPL-2.0-only
#include "plan/faults/faults.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace heddle
{

namespace
{

/// One fault's hold on one link.
struct Hold
{
    Tick at;
    Tick until;
    Tick noticed;
    double share;
};

struct State
{
    double share = 1;
    bool silent = false;

    friend bool operator==(const State& a, const State& b)
    {
        return a.share == b.share && a.silent == b.silent;
    }
};

State
StateAt(const std::vector<Hold>& holds, Tick now)
{
    State state;
    bool noticed = false;
    for (const Hold& hold : holds)
    {
        if (hold.at <= now && now < hold.until)
        {
            state.share = std::min(state.share, hold.share);
            noticed = noticed || (hold.share == 0 && hold.noticed <= now);
        }
    }
    state.silent = state.share == 0 && !noticed;
    return state;
}

} // namespace

std::vector<LinkEvent>
MergeFaults(const std::vector<Fault>& faults, const std::vector<double>& base)
{
    std::map<uint32_t, std::vector<Hold>> byLink;
    for (const Fault& fault : faults)
    {
        const Tick noticed =
            fault.at > kForever - fault.detection ? kForever : fault.at + fault.detection;
        for (const LinkShare& link : fault.links)
        {
            byLink[link.link].push_back({fault.at, fault.until, noticed, link.share});
        }
    }
    std::vector<LinkEvent> events;
    for (const auto& [link, holds] : byLink)
    {
        if (base[link] == 0)
        {
            continue; // down, whatever else happens to it
        }
        std::set<Tick> times;
        for (const Hold& hold : holds)
        {
            times.insert({hold.at, hold.until, hold.noticed});
        }
        times.erase(kForever);
        State before;
        before.share = base[link];
        for (Tick at : times)
        {
            State now = StateAt(holds, at);
            now.share = std::min(now.share, base[link]);
            if (!(now == before))
            {
                events.push_back({at, link, now.share / base[link], now.silent});
                before = now;
            }
        }
    }
    std::sort(events.begin(),
              events.end(),
              [](const LinkEvent& a, const LinkEvent& b)
              { return std::tuple(a.at, a.link) < std::tuple(b.at, b.link); });
    return events;
}

} // namespace heddle

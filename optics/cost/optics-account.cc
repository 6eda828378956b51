// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-account.h"

#include "ns3/base-errors.h"

#include <algorithm>

namespace heddle
{

namespace
{

void
Miss(AccountSum& sum, const std::string& what)
{
    if (std::find(sum.missing.begin(), sum.missing.end(), what) == sum.missing.end())
    {
        sum.missing.push_back(what);
    }
}

/// sum += figure × factor.
void
Add(AccountSum& sum, const Figure& figure, double factor, const std::string& what)
{
    if (!figure.known())
    {
        if (factor > 0)
        {
            Miss(sum, what);
        }
        return;
    }
    sum.value += figure.value * factor;
    sum.low += figure.lowOrValue() * factor;
    sum.high += figure.highOrValue() * factor;
}

void
Add(AccountSum& sum, const AccountSum& other)
{
    sum.value += other.value;
    sum.low += other.low;
    sum.high += other.high;
    for (const std::string& what : other.missing)
    {
        Miss(sum, what);
    }
}

void
Note(std::vector<std::string>& names, const LinkTechnology& technology, BitRate rate)
{
    for (const std::string& name : Assumptions(technology, rate))
    {
        if (std::find(names.begin(), names.end(), name) == names.end())
        {
            names.push_back(name);
        }
    }
}

/// Expected failures of `units` per month: a long MTBF gives the low end.
void
AddFailures(AccountSum& sum, const LinkTechnology& technology, double units)
{
    const Figure& mtbf = technology.Get("mtbf");
    if (!mtbf.known())
    {
        if (units > 0)
        {
            Miss(sum, technology.name + ".mtbf");
        }
        return;
    }
    sum.value += units * kHoursPerMonth / mtbf.value;
    sum.low += units * kHoursPerMonth / mtbf.highOrValue();
    sum.high += units * kHoursPerMonth / mtbf.lowOrValue();
}

/// One end of every link of the tier.
void
AddEnds(TierAccount& account, const LinkTier& tier, const LinkTechnology& technology)
{
    const RateOption option = technology.At(tier.rate);
    const double links = static_cast<double>(tier.links);
    const std::string name = technology.name + ".";
    Add(account.power, option.activePower, links * tier.busyShare, name + "power");
    Add(account.power, option.idlePower, links * (1 - tier.busyShare), name + "idle_power");
    Add(account.laser, option.laserPower, links, name + "laser_share");
    Add(account.cost, option.cost, links, name + "cost");
    const double watts = 1e-12 * static_cast<double>(tier.rate.bps()); // per pJ/bit
    Add(account.hostSerdes,
        technology.Get("host_serdes_energy"),
        links * watts,
        name + "host_serdes_energy");
    AddFailures(account.failuresPerMonth, technology, links * technology.failureUnits / 2.0);
}

void
Check(const LinkTier& tier)
{
    if (!(tier.busyShare >= 0 && tier.busyShare <= 1))
    {
        throw InputError("tier '" + tier.name + "': busy share must lie between 0 and 1");
    }
    if (tier.farEnd && tier.farEnd->name != tier.nearEnd.name &&
        (tier.farEnd->cable || tier.nearEnd.cable))
    {
        const LinkTechnology& cable = tier.nearEnd.cable ? tier.nearEnd : *tier.farEnd;
        throw InputError("tier '" + tier.name + "': '" + cable.name +
                         "' is a cable, both ends must be of it");
    }
}

} // namespace

OpticsAccount
Account(const std::vector<LinkTier>& tiers)
{
    OpticsAccount account;
    account.total.name = "total";
    for (const LinkTier& tier : tiers)
    {
        Check(tier);
        TierAccount sums;
        sums.name = tier.name;
        sums.links = tier.links;
        sums.bitRate = 2.0 * static_cast<double>(tier.links) * static_cast<double>(tier.rate.bps());
        AddEnds(sums, tier, tier.nearEnd);
        AddEnds(sums, tier, tier.farEnd ? *tier.farEnd : tier.nearEnd);
        Note(sums.assumed, tier.nearEnd, tier.rate);
        Note(sums.assumed, tier.farEnd ? *tier.farEnd : tier.nearEnd, tier.rate);
        Note(account.total.assumed, tier.nearEnd, tier.rate);
        Note(account.total.assumed, tier.farEnd ? *tier.farEnd : tier.nearEnd, tier.rate);
        account.total.links += sums.links;
        account.total.bitRate += sums.bitRate;
        Add(account.total.power, sums.power);
        Add(account.total.laser, sums.laser);
        Add(account.total.hostSerdes, sums.hostSerdes);
        Add(account.total.failuresPerMonth, sums.failuresPerMonth);
        Add(account.total.cost, sums.cost);
        account.tiers.push_back(std::move(sums));
    }
    return account;
}

double
NetworkEnergy(const OpticsAccount& account, double seconds)
{
    return account.total.power.value * seconds;
}

} // namespace heddle

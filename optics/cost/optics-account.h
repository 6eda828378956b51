// SPDX-License-Identifier: BSD-3-Clause
//
// File: optics-account.h
// ----------------------
// What a network's links draw, break and cost: sums over tiers of links.
//
//   OpticsAccount account = Account({{.name = "host-leaf",
//                                     .nearEnd = FindLinkTechnology("aec"),
//                                     .rate = ParseRate("400Gbps"),
//                                     .links = 1024}});
//   account.total.power.value;             // W
//   NetworkEnergy(account, stepSeconds);   // J
//
// A sum carries the range of its figures (all low, all high) and the names of the figures that
// nobody published: then its value is a lower bound, as the missing parts are not counted.
//
// Formulae. Power: two ends per link, busy share × active + (1 − busy share) × idle. Energy per
// bit: W / (2 × links × rate), as both directions carry `rate` at full load; equals W / (Tb/s) of
// one end. Failures per month: links × units per link × 720 h / MTBF (expected count, constant
// hazard, permanent failures only). Cost: both ends, links only (no switches, no fibre plant).

#ifndef HEDDLE_OPTICS_ACCOUNT_H
#define HEDDLE_OPTICS_ACCOUNT_H

#include "ns3/optics-technology.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace heddle
{

inline constexpr double kHoursPerMonth = 720; ///< a month of 30 days

struct LinkTier
{
    std::string name;
    LinkTechnology nearEnd;
    BitRate rate;                           ///< of one port, one direction
    uint64_t links = 0;                     ///< cables, not ends
    std::optional<LinkTechnology> farEnd{}; ///< the other end when it differs (CPO to pluggable)
    double busyShare = 1;                   ///< share of the time with traffic, 0 … 1
    double longestMetres = 0;               ///< for the report only
};

/// A sum of figures; `missing` names what was left out.
struct AccountSum
{
    double value = 0;
    double low = 0;
    double high = 0;
    std::vector<std::string> missing{};

    bool complete() const
    {
        return missing.empty();
    }
};

struct TierAccount
{
    std::string name;
    uint64_t links = 0;
    double bitRate = 0;          ///< bits/s, all links, both directions
    AccountSum power;            ///< W
    AccountSum laser;            ///< W, the part of `power` in lasers, at full load
    AccountSum hostSerdes;       ///< W, NOT part of `power` (it is in the ASICs' and NICs' power)
    AccountSum failuresPerMonth; ///< expected link failures in 30 days
    AccountSum cost;             ///< USD
    std::vector<std::string> assumed; ///< figures of the sums that rest on assumptions

    /// pJ per bit carried at full load in both directions; 0 without links.
    double PicojoulesPerBit() const
    {
        return bitRate > 0 ? power.value / bitRate * 1e12 : 0;
    }
};

struct OpticsAccount
{
    std::vector<TierAccount> tiers; ///< in the order given
    TierAccount total;              ///< named "total"
};

/// Throws InputError: a busy share outside [0, 1], a cable technology with a different far end,
/// rate 0.
OpticsAccount Account(const std::vector<LinkTier>& tiers);

/// Joules that all links draw during `seconds`.
double NetworkEnergy(const OpticsAccount& account, double seconds);

} // namespace heddle

#endif

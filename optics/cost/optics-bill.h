// SPDX-License-Identifier: BSD-3-Clause
//
// File: optics-bill.h
// -------------------
// Watts, joules and dollars of a cluster: by component, per step, per token.
//
//   ClusterUse use;  use.accelerators = 64;  use.stepSeconds = 0.94;  …
//   Bill bill = MakeBill(use, ConfigureFigureSet("economics", "list-2026", {}));
//   bill.facilityPower;                                  // W, cooling included
//   bill.JoulesPerToken();
//
// Formulae. Power: accelerators at full power while busy and at a share of it while idle; switches
// by the capacity of their ports in use; NICs by their rate; optics as the account says; the rest
// of the hosts; cooling = (PUE − 1) × all of that. Energy per step = compute + idle + network +
// host + cooling, exactly. Money: capital / lifetime + facility power × electricity price.
//
// Figures: registry category "economics". What nobody published is named in `missing`; the sums are
// lower bounds then. Known limits: no buildings, staff or interest; repairs and spare parts
// apart (optics-repair-bill.h); fibre plant not
// counted; power does not depend on load but for the accelerators.

#ifndef HEDDLE_OPTICS_BILL_H
#define HEDDLE_OPTICS_BILL_H

#include "ns3/optics-account.h"
#include "ns3/optics-figure-set.h"

#include <string>
#include <vector>

namespace heddle
{

/// What a cluster has and does in one step.
struct ClusterUse
{
    uint32_t accelerators = 0;
    double spareAccelerators = 0; ///< that stand by, at idle power
    Figure acceleratorPower;      ///< W, full
    Figure acceleratorCost;       ///< USD, with its share of the host
    BitRate nicRate;              ///< one NIC per accelerator
    double switchPortRate = 0;    ///< bits/s, all ports in use of all switches, one direction
    uint32_t switches = 0;
    uint64_t ports = 0; ///< of the network: two per link
    AccountSum opticsPower;
    AccountSum lasers; ///< part of opticsPower
    AccountSum opticsCost;
    double stepSeconds = 0;
    double busySeconds = 0; ///< accelerator-seconds of computing in a step
    double tokens = 0;      ///< per step; 0: no such thing
};

struct BillLine
{
    std::string name;
    double power = 0;   ///< W, mean over the step
    double capital = 0; ///< USD
};

struct Bill
{
    std::vector<BillLine> lines; ///< sum to itPower and capital
    double itPower = 0;          ///< W
    double facilityPower = 0;    ///< W, cooling included
    double computeEnergy = 0;    ///< J per step, busy accelerators
    double idleEnergy = 0;       ///< J per step, waiting accelerators and spare ones
    double networkEnergy = 0;    ///< J per step: switches, NICs, optics
    double hostEnergy = 0;       ///< J per step: the rest of the hosts
    double coolingEnergy = 0;    ///< J per step
    double capital = 0;          ///< USD
    double capitalPerHour = 0;   ///< USD
    double energyPerHour = 0;    ///< USD
    double stepSeconds = 0;
    double tokens = 0;
    std::vector<std::string> missing;
    std::vector<std::string> assumed;

    double StepEnergy() const
    {
        return computeEnergy + idleEnergy + networkEnergy + hostEnergy + coolingEnergy;
    }

    double DollarsPerHour() const
    {
        return capitalPerHour + energyPerHour;
    }

    /// `morePerHour`: USD, of repairs (optics-repair-bill.h).
    double DollarsPerStep(double morePerHour = 0) const
    {
        return (DollarsPerHour() + morePerHour) * stepSeconds / 3600;
    }

    const BillLine& Line(const std::string& name) const; ///< it must exist

    /// USD: switches and optics.
    double NetworkCapital() const;

    double JoulesPerToken() const ///< NaN without tokens
    {
        return tokens > 0 ? StepEnergy() / tokens : kUnknown;
    }

    double DollarsPerToken() const ///< NaN without tokens
    {
        return tokens > 0 ? DollarsPerStep() / tokens : kUnknown;
    }
};

Bill MakeBill(const ClusterUse& use, const FigureSet& economics);

} // namespace heddle

#endif

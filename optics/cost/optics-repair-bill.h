// SPDX-License-Identifier: BSD-3-Clause
//
// File: optics-repair-bill.h
// --------------------------
// What failures cost in money: a truck roll each, the part that it puts in, and the spare parts
// that lie in store.
//
//   RepairItem modules{"dsp-pluggable.module_price", 5.4, 0.1, 12, price};
//   RepairBill bill = MakeRepairBill({modules}, 150);
//   bill.PerMonth();            // USD: labour and parts
//   bill.stock;                 // USD
//
// Formulae. Per month: Σ failures · (truck roll + share · price); stock: Σ spares · price, of what
// is held in store. The interval of the month's bill comes from those of the failures, which are
// independent: its half width is the root of the summed squares. Parts without a price are named in
// `missing` and billed their truck roll only: a lower bound.

#ifndef HEDDLE_OPTICS_REPAIR_BILL_H
#define HEDDLE_OPTICS_REPAIR_BILL_H

#include "ns3/optics-figure.h"

#include <cstdint>
#include <string>
#include <vector>

namespace heddle
{

/// One kind of part.
struct RepairItem
{
    std::string priceName;       ///< for `missing` and `assumed`
    double failuresPerMonth = 0; ///< of all of its kind
    double halfWidth = 0;        ///< of a 95 % interval of them
    uint32_t spares = 0;         ///< in store; 0 where they are billed elsewhere
    Figure price;                ///< USD
    double share = 1;            ///< of the price that a repair costs
};

struct RepairBill
{
    double labour = 0;    ///< USD per month
    double parts = 0;     ///< USD per month
    double halfWidth = 0; ///< of PerMonth(), 95 %
    double stock = 0;     ///< USD, once
    std::vector<std::string> missing;
    std::vector<std::string> assumed;

    double PerMonth() const
    {
        return labour + parts;
    }

    /// With the stock written off over `lifetimeHours`; USD.
    double PerHour(double lifetimeHours) const;
};

/// `truckRoll`: USD per repair.
RepairBill MakeRepairBill(const std::vector<RepairItem>& items, double truckRoll);

} // namespace heddle

#endif

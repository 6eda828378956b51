// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-repair-bill.h"

#include "ns3/optics-account.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

namespace
{

void
Note(const std::string& name, std::vector<std::string>& names)
{
    if (std::find(names.begin(), names.end(), name) == names.end())
    {
        names.push_back(name);
    }
}

} // namespace

double
RepairBill::PerHour(double lifetimeHours) const
{
    return PerMonth() / kHoursPerMonth + stock / lifetimeHours;
}

RepairBill
MakeRepairBill(const std::vector<RepairItem>& items, double truckRoll)
{
    RepairBill bill;
    double squares = 0;
    for (const RepairItem& item : items)
    {
        const bool priced = item.share > 0 || item.spares > 0;
        if (priced && !item.price.known())
        {
            Note(item.priceName, bill.missing);
        }
        else if (priced &&
                 (item.price.grade == Grade::Assumption || item.price.grade == Grade::LowQuality))
        {
            Note(item.priceName, bill.assumed);
        }
        const double price = item.price.known() ? item.price.value : 0;
        bill.labour += item.failuresPerMonth * truckRoll;
        bill.parts += item.failuresPerMonth * item.share * price;
        bill.stock += item.spares * price;
        squares += std::pow(item.halfWidth * (truckRoll + item.share * price), 2);
    }
    bill.halfWidth = std::sqrt(squares);
    return bill;
}

} // namespace heddle

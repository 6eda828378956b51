// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-bill.h"

#include "ns3/base-errors.h"

#include <algorithm>

namespace heddle
{

namespace
{

constexpr double kU = kUnknown;

// clang-format off
const FigureSetRegistration kList2026{
    "economics",
    "list-2026",
    "List prices, power and running costs of 2025 and 2026, for a cluster whose accelerators' price "
    "includes their share of the host and its NICs.",
    {
        // figure, value, unit, low, high, grade, source, help
        {"pue", 1.09, "1", 1.04, 1.39, Grade::Secondary,
         "operators' reports: Google 1.09, Meta 1.08-1.09, AWS 1.15, EU mean 1.36",
         "facility power over IT power"},
        {"electricity", 0.08, "USD/kWh", kU, kU, Grade::Assumption, "no source", "price of energy"},
        {"lifetime", 35064, "h", kU, kU, Grade::Assumption, "four years",
         "over which capital is written off"},
        {"accelerator_power", kU, "W", kU, kU, Grade::NotFound, "the accelerator preset's",
         "of one, busy; unknown: the preset's"},
        {"accelerator_cost", kU, "USD", kU, kU, Grade::NotFound, "the accelerator preset's",
         "of one with its share of the host; unknown: the preset's"},
        {"accelerator_idle_share", 0.4, "1", kU, kU, Grade::Assumption,
         "a waiting kernel polls; no published figure",
         "of full power while an accelerator waits"},
        {"host_power", 607, "W", kU, kU, Grade::Derived,
         "GB200 NVL72: 132 kW per 72 accelerators - 1200 W each - a 25.9 W NIC",
         "rest of the host (CPU, scale-up switches, fans) per accelerator"},
        {"nic_power", 64.75, "W per Tb/s", kU, kU, Grade::Estimate,
         "ConnectX-7, 25.9 W at 400 Gb/s (search snippet)", "of a NIC by its rate"},
        {"switch_asic_power", 8.8, "W per Tb/s", 8.8, 9.8, Grade::Secondary,
         "Tomahawk 5: 450 W at 51.2 Tb/s, host SerDes included", "of a switch by its ports"},
        {"switch_system_power", 9.6, "W per Tb/s", kU, kU, Grade::Derived,
         "Spectrum-4 SN5600: 940 W (search snippet) less 450 W of an ASIC, at 51.2 Tb/s",
         "fans, CPU and conversion of a switch"},
        {"switch_cost", 3906, "USD per Tb/s", 2930, 4883, Grade::Estimate,
         "LuxOptX: 150,000 to 250,000 USD per 64 ports of 800G", "of a switch by its ports"},
        {"nic_cost", 0, "USD", kU, kU, Grade::Assumption, "in the server's price",
         "of a NIC"},
    }};
// clang-format on

double
Known(const Figure& figure, const std::string& name, Bill& bill)
{
    if (!figure.known())
    {
        bill.missing.push_back(name);
        return 0;
    }
    return figure.value;
}

void
Take(std::vector<std::string>& names, const std::vector<std::string>& more)
{
    for (const std::string& name : more)
    {
        if (std::find(names.begin(), names.end(), name) == names.end())
        {
            names.push_back(name);
        }
    }
}

} // namespace

const BillLine&
Bill::Line(const std::string& name) const
{
    const auto it = std::find_if(lines.begin(),
                                 lines.end(),
                                 [&](const BillLine& line) { return line.name == name; });
    HEDDLE_CHECK(it != lines.end(), "no line '" + name + "'");
    return *it;
}

double
Bill::NetworkCapital() const
{
    return Line("switch ASICs").capital + Line("optics without lasers").capital;
}

Bill
MakeBill(const ClusterUse& use, const FigureSet& economics)
{
    HEDDLE_CHECK(use.stepSeconds > 0, "a step takes time");
    Bill bill;
    bill.stepSeconds = use.stepSeconds;
    bill.tokens = use.tokens;
    const auto figure = [&](const char* name)
    { return Known(economics.Get(name), economics.name + "." + name, bill); };
    const auto either = [&](const char* name, const Figure& preset) -> const Figure&
    { return economics.Get(name).known() ? economics.Get(name) : preset; };
    const double full =
        Known(either("accelerator_power", use.acceleratorPower), "accelerator_power", bill);
    const double price =
        Known(either("accelerator_cost", use.acceleratorCost), "accelerator_cost", bill);
    const double count = use.accelerators;
    const double present = count * use.stepSeconds;
    bill.computeEnergy = full * use.busySeconds;
    const double idle = full * figure("accelerator_idle_share");
    const double waiting = idle * (present - use.busySeconds);
    const double standby = idle * use.spareAccelerators;
    bill.idleEnergy = waiting + standby * use.stepSeconds;
    const double switchTbps = use.switchPortRate / 1e12;
    const double nics = count + use.spareAccelerators;
    const double nicTbps = nics * static_cast<double>(use.nicRate.bps()) / 1e12;
    bill.lines = {
        {"accelerators", (bill.computeEnergy + waiting) / use.stepSeconds, count * price},
        {"spare accelerators", standby, use.spareAccelerators * price},
        {"hosts", (count + use.spareAccelerators) * figure("host_power"), 0},
        {"NICs", nicTbps * figure("nic_power"), nics * figure("nic_cost")},
        {"switch ASICs",
         switchTbps * figure("switch_asic_power"),
         switchTbps * figure("switch_cost")},
        {"switch systems", switchTbps * figure("switch_system_power"), 0},
        {"lasers", use.lasers.value, 0},
        {"optics without lasers", use.opticsPower.value - use.lasers.value, use.opticsCost.value}};
    for (const BillLine& line : bill.lines)
    {
        bill.itPower += line.power;
        bill.capital += line.capital;
    }
    bill.hostEnergy = bill.Line("hosts").power * use.stepSeconds;
    for (const char* line :
         {"NICs", "switch ASICs", "switch systems", "lasers", "optics without lasers"})
    {
        bill.networkEnergy += bill.Line(line).power * use.stepSeconds;
    }
    const double pue = figure("pue");
    bill.facilityPower = pue * bill.itPower;
    bill.coolingEnergy = (pue - 1) * bill.itPower * use.stepSeconds;
    bill.capitalPerHour = bill.capital / figure("lifetime");
    bill.energyPerHour = bill.facilityPower / 1e3 * figure("electricity");
    Take(bill.missing, use.opticsPower.missing);
    Take(bill.missing, use.lasers.missing);
    Take(bill.missing, use.opticsCost.missing);
    Take(bill.assumed, economics.Assumed());
    return bill;
}

} // namespace heddle

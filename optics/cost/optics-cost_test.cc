// SPDX-License-Identifier: BSD-3-Clause
//
// Floor plan and bill, by hand.
#include "ns3/base-errors.h"
#include "ns3/optics-bill.h"
#include "ns3/optics-floor-plan.h"
#include "ns3/optics-repair-bill.h"

#include <cmath>
#include <gtest/gtest.h>

namespace heddle
{
namespace
{

constexpr BitRate k800G(800'000'000'000);

TEST(FloorPlan, LengthsByHand)
{
    FloorPlan floor;
    floor.hostsPerRack = 2;
    floor.switchesPerRack = 2;
    floor.racksPerRow = 4;
    // 8 hosts in 4 racks; switches 0 and 1 in the racks of hosts 0-1 and 6-7, three outside: two
    // network racks in the middle. Racks: h0 h1 n0 n1 | h2 h3.
    const RackLayout layout = LayOut(floor, 8, {0, 3, kNetworkRack, kNetworkRack, kNetworkRack});
    EXPECT_EQ(layout.racks, 6U);
    EXPECT_EQ(layout.rackOfHost, (std::vector<uint32_t>{0, 0, 1, 1, 4, 4, 5, 5}));
    EXPECT_EQ(layout.rackOfSwitch, (std::vector<uint32_t>{0, 5, 2, 2, 3}));
    EXPECT_DOUBLE_EQ(CableLength(floor, 0, 0), 2);
    EXPECT_DOUBLE_EQ(CableLength(floor, 0, 2), 2 * (2 + 0.5) + 2 * 0.6);
    EXPECT_DOUBLE_EQ(CableLength(floor, 5, 3), 2 * (2 + 0.5) + 2 * 0.6 + 3); // column 1 to 3
    EXPECT_DOUBLE_EQ(CableLength(floor, 3, 5), CableLength(floor, 5, 3));
}

TEST(FloorPlan, CheapestThatReaches)
{
    EXPECT_EQ(CheapestThatReaches(1.5, k800G).name, "dac"); // 93 USD an end
    EXPECT_EQ(CheapestThatReaches(4, k800G).name, "aec");   // 160 beats acc's 568
    EXPECT_EQ(CheapestThatReaches(30, k800G).name, "lpo");  // 800 beats 1000; aoc has no price
    EXPECT_EQ(CheapestThatReaches(500, k800G).name, "lpo");
    EXPECT_EQ(CheapestThatReaches(30, BitRate(400'000'000'000)).name, "aoc");
    EXPECT_THROW(CheapestThatReaches(600, k800G), InputError); // co-packaged optics fit one end
}

TEST(Bill, SumsAreExactAndByHand)
{
    ClusterUse use;
    use.accelerators = 10;
    use.acceleratorPower = {1000, "W", kUnknown, kUnknown, "test", Grade::Scenario};
    use.acceleratorCost = {30000, "USD", kUnknown, kUnknown, "test", Grade::Scenario};
    use.nicRate = BitRate(400'000'000'000);
    use.switchPortRate = 51.2e12;
    use.opticsPower.value = 100;
    use.lasers.value = 30;
    use.opticsCost.value = 5000;
    use.stepSeconds = 2;
    use.busySeconds = 15; // of 20 accelerator-seconds
    use.tokens = 1000;
    const FigureSet figures = ConfigureFigureSet("economics",
                                                 "list-2026",
                                                 {{"pue", "1.25"},
                                                  {"electricity", "0.1USD"},
                                                  {"lifetime", "1000h"},
                                                  {"host_power", "500W"},
                                                  {"accelerator_idle_share", "50%"}});
    const Bill bill = MakeBill(use, figures);
    EXPECT_DOUBLE_EQ(bill.computeEnergy, 15000);
    EXPECT_DOUBLE_EQ(bill.idleEnergy, 2500);
    EXPECT_DOUBLE_EQ(bill.hostEnergy, 10000);
    // NICs 10 × 25.9 W; the switch 450.56 + 491.52 W; optics 100 W; for 2 s.
    EXPECT_NEAR(bill.networkEnergy, 2 * (259 + 450.56 + 491.52 + 100), 1e-9);
    EXPECT_NEAR(bill.coolingEnergy, 0.25 * (15000 + 2500 + 10000 + bill.networkEnergy), 1e-9);
    EXPECT_NEAR(bill.facilityPower * 2, bill.StepEnergy(), 1e-9);
    double power = 0;
    double capital = 0;
    for (const BillLine& line : bill.lines)
    {
        power += line.power;
        capital += line.capital;
    }
    EXPECT_DOUBLE_EQ(power, bill.itPower);
    EXPECT_DOUBLE_EQ(capital, bill.capital);
    EXPECT_NEAR(bill.capital, 300000 + 51.2 * 3906 + 5000, 1e-6);
    EXPECT_NEAR(bill.DollarsPerHour(), bill.capital / 1000 + bill.facilityPower * 1e-4, 1e-9);
    EXPECT_NEAR(bill.DollarsPerToken() * 1000, bill.DollarsPerHour() / 1800, 1e-12);
    EXPECT_TRUE(bill.missing.empty());
    EXPECT_EQ(bill.assumed, std::vector<std::string>{"list-2026.nic_cost"});
    use.acceleratorCost = NotFoundFigure("USD", "test");
    EXPECT_EQ(MakeBill(use, figures).missing, std::vector<std::string>{"accelerator_cost"});
}

TEST(Bill, WrongFiguresAreRefused)
{
    EXPECT_THROW(ConfigureFigureSet("economics", "list-2026", {{"pu", "1"}}), InputError);
    EXPECT_THROW(ConfigureFigureSet("economics", "list-2026", {{"host_power", "5"}}), InputError);
    EXPECT_THROW(ConfigureFigureSet("economics", "list-2026", {{"pue", "-1"}}), InputError);
}

TEST(RepairBill, ByHand)
{
    const auto usd = [](double value, Grade grade) {
        return Figure{value, "USD", kUnknown, kUnknown, "test", grade};
    };
    const RepairItem modules{"m.module_price", 5, 0.3, 12, usd(1000, Grade::Estimate), 1};
    const RepairItem engines{"e.engine_price", 2, 0.4, 3, usd(500, Grade::Assumption), 0.5};
    const RepairItem unknown{"u.source_price", 1, 0, 2, Figure{}, 1};
    const RepairItem accelerators{"accelerator_cost", 10, 0, 0, Figure{}, 0};
    const RepairBill bill = MakeRepairBill({modules, engines, unknown, accelerators}, 150);
    EXPECT_DOUBLE_EQ(bill.labour, 18 * 150);
    EXPECT_DOUBLE_EQ(bill.parts, 5 * 1000 + 2 * 250);
    EXPECT_DOUBLE_EQ(bill.stock, 12 * 1000 + 3 * 500);
    EXPECT_DOUBLE_EQ(bill.halfWidth, std::hypot(0.3 * 1150, 0.4 * 400));
    EXPECT_DOUBLE_EQ(bill.PerHour(1000), 8200 / 720.0 + 13.5);
    EXPECT_EQ(bill.missing, std::vector<std::string>{"u.source_price"});
    EXPECT_EQ(bill.assumed, std::vector<std::string>{"e.engine_price"});
}

/// What a repair puts in: the module, the whole cable, the source of a laser.
TEST(RepairBill, PricesFollowFromTheStructure)
{
    const auto price = [](const char* technology, size_t part)
    {
        const LinkTechnology& t = FindLinkTechnology(technology);
        return t.RepairPrice(t.parts[part], k800G);
    };
    EXPECT_EQ(price("dsp-pluggable", 0).value, 1000);
    EXPECT_EQ(price("dsp-pluggable", 0).grade, Grade::Estimate);
    EXPECT_EQ(price("aec", 0).value, 2 * FindLinkTechnology("aec").At(k800G).cost.value);
    EXPECT_EQ(price("cpo-quantum-x", 0).value, price("cpo-quantum-x", 1).value);
    EXPECT_FALSE(price("cpo-bailly", 0).known()) << "nobody publishes it";
    const LinkTechnology given =
        ConfigureLinkTechnology("cpo-bailly", {{"source_price", "400USD"}});
    EXPECT_EQ(given.RepairPrice(given.parts[0], k800G).value, 400);
}

} // namespace
} // namespace heddle

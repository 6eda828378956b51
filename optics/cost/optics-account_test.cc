// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-account.h"

#include "ns3/base-errors.h"

#include <gtest/gtest.h>

namespace heddle
{
namespace
{

constexpr BitRate k400G(400'000'000'000);
constexpr BitRate k800G(800'000'000'000);
constexpr BitRate k1600G(1'600'000'000'000);

LinkTier
Tier(const std::string& technology, BitRate rate, uint64_t links)
{
    LinkTier tier;
    tier.name = technology + "-tier";
    tier.nearEnd = FindLinkTechnology(technology);
    tier.rate = rate;
    tier.links = links;
    return tier;
}

TEST(OpticsAccount, PicojoulesPerBitOfTheReference)
{
    // Watts of one end over Tb/s; the reference table rounds to two digits at most.
    const std::vector<std::pair<const char*, double>> rows{{"aec", 6},
                                                           {"aoc", 18},
                                                           {"dsp-pluggable", 19},
                                                           {"lro", 13},
                                                           {"lpo", 10.6},
                                                           {"npo", 8},
                                                           {"cpo-bailly", 6.8}};
    for (const auto& [name, picojoules] : rows)
    {
        const OpticsAccount account = Account({Tier(name, k800G, 3)});
        EXPECT_NEAR(account.total.PicojoulesPerBit(), picojoules, 0.05 * picojoules) << name;
    }
    EXPECT_DOUBLE_EQ(Account({Tier("dsp-pluggable", k800G, 3)}).total.PicojoulesPerBit(), 18.75);
}

TEST(OpticsAccount, TwoTierClusterByHand)
{
    // 1024 host links of AEC at 400G, 512 spine links of DSP optics at 800G.
    const OpticsAccount account =
        Account({Tier("aec", k400G, 1024), Tier("dsp-pluggable", k800G, 512)});
    ASSERT_EQ(account.tiers.size(), 2U);
    // 1024 × 2 × 2.5 W and 512 × 2 × 15 W.
    EXPECT_DOUBLE_EQ(account.tiers[0].power.value, 5120);
    EXPECT_DOUBLE_EQ(account.tiers[1].power.value, 15360);
    EXPECT_DOUBLE_EQ(account.total.power.value, 20480);
    // 1024 × 2 × 2.5 and 512 × 2 × 11; 1024 × 2 × 8.5 and 512 × 2 × 20.
    EXPECT_DOUBLE_EQ(account.total.power.low, 5120 + 11264);
    EXPECT_DOUBLE_EQ(account.total.power.high, 17408 + 20480);
    // Both tiers carry 2 × 409.6 Tb/s: 20480 W / 1638.4 Tb/s.
    EXPECT_DOUBLE_EQ(account.total.PicojoulesPerBit(), 12.5);
    // 1024 × 720 / 1e7 + 512 × 2 × 720 / 5.5e5.
    EXPECT_NEAR(account.total.failuresPerMonth.value, 0.073728 + 1.3405091, 1e-6);
    // 1024 × 170 USD + 512 × 2 × 1000 USD.
    EXPECT_DOUBLE_EQ(account.total.cost.value, 174080 + 1024000);
    EXPECT_TRUE(account.total.cost.complete());
    // 6.5 pJ/bit × 400 Gb/s = 2.6 W and 5.2 W per end, kept out of `power`.
    EXPECT_NEAR(account.total.hostSerdes.value, 2048 * 2.6 + 1024 * 5.2, 1e-6);
    EXPECT_DOUBLE_EQ(NetworkEnergy(account, 1.5), 30720);
}

TEST(OpticsAccount, FailureIntervalOfTheReference)
{
    // 100,000 optical ports fail every 5.5 h at 0.55M h and every 26 h at 2.6M h.
    const double dsp = Account({Tier("dsp-pluggable", k400G, 50000)}).total.failuresPerMonth.value;
    const double cpo = Account({Tier("cpo-bailly", k400G, 50000)}).total.failuresPerMonth.value;
    EXPECT_NEAR(720 / dsp, 5.5, 1e-9);
    EXPECT_NEAR(720 / cpo, 26, 1e-9);
    const AccountSum range = Account({Tier("dsp-pluggable", k400G, 50000)}).total.failuresPerMonth;
    EXPECT_NEAR(range.low, 72, 1e-9);   // 1e6 h
    EXPECT_NEAR(range.high, 144, 1e-9); // 5e5 h
    // One AOC fails by either of its optical ends, one AEC as one cable.
    EXPECT_NEAR(Account({Tier("aoc", k400G, 1)}).total.failuresPerMonth.value,
                2 * 720 / 5.5e5,
                1e-12);
    EXPECT_NEAR(Account({Tier("aec", k400G, 1)}).total.failuresPerMonth.value, 720 / 1e7, 1e-12);
}

TEST(OpticsAccount, CoPackagedSavesSeventyPercentAt1600G)
{
    // 72 MW to 21.6 MW in NVIDIA's arithmetic: 9 W against 30 W.
    const double dsp = Account({Tier("dsp-pluggable", k1600G, 100)}).total.power.value;
    const OpticsAccount cpo = Account({Tier("cpo-quantum-x", k1600G, 100)});
    EXPECT_NEAR(cpo.total.power.value / dsp, 21.6 / 72, 1e-12);
    EXPECT_NEAR(cpo.total.laser.value, 400, 1e-3);
}

TEST(OpticsAccount, CoPackagedSwitchToPluggableNic)
{
    LinkTier tier = Tier("cpo-bailly", k800G, 10);
    tier.farEnd = FindLinkTechnology("dsp-pluggable");
    const OpticsAccount account = Account({tier});
    EXPECT_DOUBLE_EQ(account.total.power.value, 10 * (5.4 + 15));
    EXPECT_NEAR(account.total.laser.value, 10 * (1.2 + 5), 1e-3);
    EXPECT_DOUBLE_EQ(account.total.cost.value, 10 * (590 + 1000));
    EXPECT_NEAR(account.total.failuresPerMonth.value, 10 * 720 * (1 / 2.6e6 + 1 / 5.5e5), 1e-12);
    EXPECT_EQ(account.total.hostSerdes.missing,
              std::vector<std::string>{"cpo-bailly.host_serdes_energy"});
}

TEST(OpticsAccount, UnknownFiguresAreNamedNotZero)
{
    const OpticsAccount account =
        Account({Tier("npo", k800G, 4), Tier("dac", k800G, 4), Tier("npo", k800G, 1)});
    EXPECT_EQ(account.total.cost.missing, std::vector<std::string>{"npo.cost"});
    EXPECT_EQ(account.total.failuresPerMonth.missing, std::vector<std::string>{"npo.mtbf"});
    EXPECT_FALSE(account.tiers[0].cost.complete());
    EXPECT_TRUE(account.tiers[1].cost.complete());
    EXPECT_DOUBLE_EQ(account.total.cost.value, 4 * 186); // what is known: a lower bound
    EXPECT_TRUE(account.total.power.complete());
}

TEST(OpticsAccount, BusyShareMixesActiveAndIdle)
{
    LinkTier tier = Tier("dsp-pluggable", k800G, 1);
    tier.nearEnd = ConfigureLinkTechnology("dsp-pluggable", {{"idle_share", "0.4"}});
    tier.busyShare = 0.25;
    EXPECT_DOUBLE_EQ(Account({tier}).total.power.value, 2 * (0.25 * 15 + 0.75 * 6));
}

TEST(OpticsAccount, WrongInputIsRefused)
{
    LinkTier tier = Tier("aec", k800G, 1);
    tier.farEnd = FindLinkTechnology("cpo-bailly");
    EXPECT_THROW(Account({tier}), InputError);
    tier = Tier("cpo-bailly", k800G, 1);
    tier.busyShare = 1.1;
    EXPECT_THROW(Account({tier}), InputError);
    EXPECT_THROW(Account({Tier("cpo-bailly", BitRate(0), 1)}), InputError);
    EXPECT_EQ(Account({}).total.PicojoulesPerBit(), 0);
}

} // namespace
} // namespace heddle

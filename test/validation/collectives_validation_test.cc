// SPDX-License-Identifier: GPL-2.0-only
// Oracle A3: collective times against the α-β closed forms on one non-blocking switch, rotated send
// order, no congestion control. α is measured from a one-packet step; tolerance 0.5 %.
#include "world.h"

#include <gtest/gtest.h>

namespace heddle::validation
{
namespace
{

class RingClosedForm : public ::testing::TestWithParam<std::tuple<CollectiveKind, uint32_t>>
{
};

double
Seconds(const WorldSpec& spec, Rank ranks, CollectiveKind kind, uint64_t bytes)
{
    return ToSeconds(RunWorld(spec, OneCollective(ranks, kind, bytes)).job.stepTime);
}

TEST_P(RingClosedForm, WithinHalfAPercent)
{
    const auto [kind, ranks] = GetParam();
    WorldSpec spec;
    spec.hosts = ranks;
    const double steps = kind == CollectiveKind::AllReduce ? 2.0 * (ranks - 1) : ranks - 1.0;
    // One packet per step: what a step costs beyond its bytes.
    const double onePacket = Seconds(spec, ranks, kind, uint64_t{4096} * ranks) / steps;
    const double alpha = onePacket - 4096 / Goodput(spec.nicRate);
    const uint64_t bytes = uint64_t{1} << 24;
    const double actual = Seconds(spec, ranks, kind, bytes * ranks / 8);
    const double perStep = static_cast<double>(bytes) / 8;
    const double expected = steps * (perStep / Goodput(spec.nicRate) + alpha);
    RecordProperty("expected_us", std::to_string(expected * 1e6));
    EXPECT_NEAR(actual / expected, 1.0, 0.005)
        << "expectation " << expected * 1e6 << " us, actual " << actual * 1e6 << " us, alpha "
        << alpha * 1e6 << " us";
    // α itself: two links, one switch, cut-through header; and once per collective the way back
    // of the last acknowledgement, which a rank awaits before it may reuse its buffer.
    const double oneWay = 2 * 500e-9 + 500e-9 + 64 * 8 / 400e9;
    const double unloaded = oneWay + oneWay / steps;
    EXPECT_NEAR(alpha, unloaded, 20e-9);
}

INSTANTIATE_TEST_SUITE_P(A3,
                         RingClosedForm,
                         ::testing::Combine(::testing::Values(CollectiveKind::AllReduce,
                                                              CollectiveKind::AllGather,
                                                              CollectiveKind::ReduceScatter),
                                            ::testing::Values(2U, 8U, 32U)));

class AllToAllClosedForm : public ::testing::TestWithParam<uint32_t>
{
};

TEST_P(AllToAllClosedForm, DirectWithinHalfAPercent)
{
    const Rank ranks = GetParam();
    WorldSpec spec;
    spec.hosts = ranks;
    const uint64_t perPeer = 1 << 20;
    const double actual = Seconds(spec, ranks, CollectiveKind::AllToAll, perPeer * ranks);
    // (N−1)/N · S/B + α, with α the unloaded latency and the first packets' RETH.
    const double alpha = 2 * (2 * 500e-9 + 500e-9 + 64 * 8 / 400e9); // data, then the last ACK
    const double expected =
        (ranks - 1) * static_cast<double>(perPeer) / Goodput(spec.nicRate) + alpha;
    EXPECT_NEAR(actual / expected, 1.0, 0.005)
        << "expectation " << expected * 1e6 << " us, actual " << actual * 1e6 << " us";
}

INSTANTIATE_TEST_SUITE_P(A3, AllToAllClosedForm, ::testing::Values(4U, 16U, 64U));

} // namespace
} // namespace heddle::validation

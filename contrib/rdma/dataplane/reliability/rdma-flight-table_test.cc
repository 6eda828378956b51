// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/rdma-flight-table.h"

#include <gtest/gtest.h>

#include <set>

namespace heddle
{
namespace
{

/// Rings grow from 16 slots with what they hold, and their old memory serves others.
TEST(FlightTable, GrowsWithItsContents)
{
    BlockArena arena;
    SlotPool pool;
    pool.SetArena(&arena);
    FlightTable flight;
    const uint32_t first = ~0U - 40; // sequence numbers wrap on the way
    std::set<const PacketSlot*> rings;
    for (uint32_t i = 0; i < 10'000; ++i)
    {
        flight.Cover(first, first + i + 1, pool);
        rings.insert(flight.slots);
        flight.Slot(first + i).sentAt = i;
        flight.Slot(first + i).flags = 0;
        flight.ListNewest(first + i);
    }
    EXPECT_EQ(flight.mask + 1, 16'384U);
    EXPECT_EQ(rings.size(), 6U) << "16, 64, … 16384 slots";
    EXPECT_EQ(flight.listed, 10'000U);
    for (uint32_t i = 0; i < 10'000; ++i)
    {
        ASSERT_EQ(flight.Slot(first + i).sentAt, static_cast<Tick>(i));
        ASSERT_EQ(flight.oldest, first + i);
        flight.Unlist(first + i, first + i);
    }
    FlightTable other;
    other.Cover(0, 1, pool);
    EXPECT_EQ(rings.count(other.slots), 1U) << "the first ring of 16 is used again";
    EXPECT_EQ(other.Slot(0).sentAt, 0) << "and clean";
}

/// A power of two in flight needs no more slots than that.
TEST(FlightTable, IsFilledToTheLastSlot)
{
    BlockArena arena;
    SlotPool pool;
    pool.SetArena(&arena);
    FlightTable flight;
    for (uint32_t next = 1; next <= 64; ++next)
    {
        flight.Cover(7, 7 + next, pool);
    }
    EXPECT_EQ(flight.mask + 1, 64U);
    flight.Cover(7, 7 + 65, pool);
    EXPECT_EQ(flight.mask + 1, 256U);
}

} // namespace
} // namespace heddle

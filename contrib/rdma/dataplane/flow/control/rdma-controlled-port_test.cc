// SPDX-License-Identifier: GPL-2.0-only
//
// A port whose senders a congestion control slows down.
#include "ns3/rdma-controlled-port.h"
#include "ns3/rdma-flow-control.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace heddle
{
namespace
{

constexpr double kLine = 400e9;

ControlledPort
PortFor(const char* control)
{
    TransportConfig transport;
    transport.congestionControl = control;
    return {MakeCongestionControl(transport),
            {kLine, 800e3 * 8, 3.2e6 * 8, 0.2, 4194 * 8, 3 * kMicrosecond}};
}

TEST(ControlledPort, LosesNothingWhereNothingIsMarked)
{
    ControlledPort port = PortFor("dcqcn");
    // 16 streams fill no more than Kmin in 600 kB each way.
    EXPECT_NEAR(port.Efficiency({kLine, 16, 2 * kLine, 1.2e6 * 8}), 1, 1e-9);
    EXPECT_NEAR(port.Efficiency({kLine, 16, kLine, 1e9}), 1, 1e-9) << "not more than it carries";
}

/// What was asked before changes no answer.
TEST(ControlledPort, AnswersByTheDemandAlone)
{
    ControlledPort fresh = PortFor("dcqcn");
    ControlledPort used = PortFor("dcqcn");
    used.Efficiency({kLine, 8.02, 8.05 * kLine, 1.004e9});
    EXPECT_EQ(used.Efficiency({kLine, 8, 8 * kLine, 1e9}),
              fresh.Efficiency({kLine, 8, 8 * kLine, 1e9}));
}

/// Incasts at packet level: time over full use of the port (rdma-flow-calibration.cc).
TEST(ControlledPort, AsIncastsOfPackets)
{
    struct Row
    {
        double senders;
        double mebibytes; ///< each
        double efficiency;
    };

    double sum = 0;
    double errors = 0;
    const Row rows[] = {{2, 16, 0.95},
                        {3, 16, 0.97},
                        {4, 16, 0.95},
                        {6, 16, 0.90},
                        {8, 16, 0.96},
                        {2, 4, 0.87},
                        {3, 4, 0.93},
                        {4, 4, 0.94},
                        {6, 4, 0.93},
                        {8, 4, 0.97}};
    for (const Row& row : rows)
    {
        ControlledPort port = PortFor("dcqcn");
        const double bits = row.senders * row.mebibytes * 1024 * 1024 * 8;
        const double actual = port.Efficiency({kLine, row.senders, row.senders * kLine, bits});
        std::printf("  %.0f senders of %2.0f MiB: packets %.3f, here %.3f\n",
                    row.senders,
                    row.mebibytes,
                    row.efficiency,
                    actual);
        EXPECT_GT(actual, 0.5);
        EXPECT_LE(actual, 1);
        sum += actual - row.efficiency;
        errors += std::abs(actual - row.efficiency);
    }
    EXPECT_NEAR(sum / 10, 0, 0.05) << "mean error";
    EXPECT_LT(errors / 10, 0.06) << "mean of absolute errors";
}

} // namespace
} // namespace heddle

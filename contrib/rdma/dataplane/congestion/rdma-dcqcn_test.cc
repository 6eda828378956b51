// SPDX-License-Identifier: GPL-2.0-only
//
// DCQCN at function level (oracles a to e of the firmware-type rules, recomputed here from the
// rules' closed forms).
#include "ns3/base-errors.h"
#include "ns3/rdma-congestion.h"

#include <cmath>
#include <gtest/gtest.h>

namespace heddle::test
{
namespace
{

constexpr double kLine = 400e9;

/// One queue pair's control, driven by hand.
class Driver
{
  public:
    explicit Driver(const std::string& name, const std::map<std::string, std::string>& given = {})
        : m_control(FindFactory<CongestionControlFactory>("congestion-control", name)(
              ParameterValues(RegistryIndex::Find("congestion-control", name), given)))
    {
        state.lineRate = kLine;
        state.rate = kLine;
        m_control.ops->start(m_control.parameters.get(), state);
    }

    /// Runs timers that are due up to and including `time`.
    void RunTo(Tick time)
    {
        while (state.timer <= time)
        {
            const Tick due = state.timer;
            state.timer = kForever;
            m_control.ops->onTimer(m_control.parameters.get(), state, due);
            ++timers;
        }
        m_now = time;
    }

    void Cnp(Tick time)
    {
        RunTo(time);
        m_control.ops->onCnp(m_control.parameters.get(), state, time);
    }

    void Nack(Tick time)
    {
        RunTo(time);
        m_control.ops->onLoss(m_control.parameters.get(), state, time, false);
    }

    void Send(Tick time, uint32_t bytes)
    {
        RunTo(time);
        m_control.ops->onSend(m_control.parameters.get(), state, time, bytes);
    }

    CongestionState state;
    int timers = 0;

  private:
    CongestionControl m_control;
    Tick m_now = 0;
};

constexpr double kKeep = 1019.0 / 1024;
constexpr double kFull = 1023.0 / 1024;

// (a) One CNP: one cut, a monitor period later, with alpha decayed four times: 0.510 C.
TEST(DcqcnFirmware, OneCnpCutsOnceWithAlphaDecayedFourTimes)
{
    Driver d("dcqcn-firmware");
    d.Cnp(10 * kMicrosecond);
    EXPECT_EQ(d.state.rate, kLine) << "not before the monitor period ends";
    EXPECT_EQ(d.state.timer, 14 * kMicrosecond);
    d.RunTo(20 * kMicrosecond);
    const double expected = kLine * (1 - kFull * std::pow(kKeep, 4) / 2);
    EXPECT_NEAR(d.state.rate, expected, 1e-6 * kLine);
    EXPECT_NEAR(d.state.rate / kLine, 0.510, 0.0005);
}

// (b) Then fast recovery halves the gap to the old rate while stages < F.
TEST(DcqcnFirmware, FastRecoveryHalvesTheGap)
{
    Driver d("dcqcn-firmware", {{"threshold", "5"}});
    d.Cnp(0);
    d.RunTo(4 * kMicrosecond);
    const double cut = d.state.rate;
    for (int k = 1; k <= 5; ++k)
    {
        d.RunTo((4 + 300 * k) * kMicrosecond);
        EXPECT_NEAR(d.state.rate, kLine - (kLine - cut) / std::pow(2, k), 1.0) << k;
    }
}

// (c) A CNP every 4 us: alpha follows x = r⁴x + (1−r); cuts come just before the next CNP's decay.
TEST(DcqcnFirmware, SteadyCnpsSetAlphaAndTheCut)
{
    Driver d("dcqcn-firmware", {{"min_rate", "1bps"}});
    double ratio = 0;
    for (Tick t = 0; t < 4 * kMillisecond; t += 4 * kMicrosecond)
    {
        const double before = d.state.rate;
        d.Cnp(t);
        ratio = d.state.rate / before;
        d.state.rate = std::max(d.state.rate, 1e9); // keep it off the floor; ratios are what counts
    }
    // Right after the marked period (1−r)/(1−r⁴); three more decays until the cut.
    const double alpha = (1 - kKeep) / (1 - std::pow(kKeep, 4)) * std::pow(kKeep, 3);
    EXPECT_NEAR(ratio, 1 - alpha / 2, 0.001);
    EXPECT_NEAR(1 - ratio, 0.126, 0.002);
}

TEST(DcqcnFirmware, MinDecreaseBoundsEveryCut)
{
    Driver d("dcqcn-firmware", {{"min_decrease", "0.98"}});
    for (int k = 1; k <= 10; ++k)
    {
        const double before = d.state.rate;
        d.Cnp((k - 1) * 4 * kMicrosecond);
        d.RunTo(k * 4 * kMicrosecond);
        EXPECT_NEAR(d.state.rate / before, 0.98, 1e-9) << k;
    }
}

// (d) At 400 Gb/s the byte stage (2.097 MB) ends long before the 300 us timer.
TEST(DcqcnFirmware, FirstIncreaseComesFromTheByteCounter)
{
    Driver d("dcqcn-firmware");
    d.Cnp(0);
    d.RunTo(4 * kMicrosecond);
    const double cut = d.state.rate;
    Tick now = 4 * kMicrosecond;
    while (d.state.rate == cut && now < kMillisecond)
    {
        now += static_cast<Tick>(4178 * 8e12 / cut);
        d.Send(now, 4178);
    }
    EXPECT_NEAR(ToSeconds(now - 4 * kMicrosecond), 32767 * 64 * 8 / cut, 0.2e-6);
    EXPECT_NEAR(d.state.rate, (cut + kLine) / 2, 1.0);
}

// (e) Starved for 1 ms, then released: quick if the target was kept, slow if it was clamped.
int
EventsToRecover(const std::string& clamp)
{
    Driver d("dcqcn-firmware", {{"clamp_target", clamp}});
    for (Tick t = 0; t < kMillisecond; t += 4 * kMicrosecond)
    {
        d.Cnp(t);
    }
    d.RunTo(kMillisecond + 4 * kMicrosecond);
    EXPECT_LT(d.state.rate, 0.01 * kLine);
    const int before = d.timers;
    for (Tick t = 2 * kMillisecond; d.state.rate < 0.9 * kLine && t < 60 * kSecond;
         t += 100 * kMicrosecond)
    {
        d.RunTo(t);
    }
    EXPECT_GE(d.state.rate, 0.9 * kLine);
    return d.timers - before;
}

TEST(DcqcnFirmware, RecoveryFromStarvationDependsOnTheClamp)
{
    EXPECT_LE(EventsToRecover("false"), 6);
    EXPECT_GE(EventsToRecover("true"), 2000);
}

TEST(DcqcnFirmware, ACutAfterATimeStageClampsTheTarget)
{
    Driver d("dcqcn-firmware");
    d.Cnp(0);
    d.RunTo(304 * kMicrosecond); // one cut, one time stage
    const double recovered = d.state.rate;
    d.Cnp(305 * kMicrosecond);
    d.RunTo(310 * kMicrosecond);
    const double cut = d.state.rate;
    ASSERT_LT(cut, recovered);
    d.RunTo(309 * kMicrosecond + 301 * kMicrosecond);
    EXPECT_NEAR(d.state.rate, (cut + recovered) / 2, 1.0) << "half the way to the rate before";
}

TEST(Dcqcn, NackCutsUnlessSwitchedOff)
{
    Driver on("dcqcn");
    on.Nack(0);
    on.RunTo(10 * kMicrosecond);
    EXPECT_LT(on.state.rate, kLine);
    Driver off("dcqcn", {{"nack_cuts_rate", "false"}});
    off.Nack(0);
    off.RunTo(10 * kMicrosecond);
    EXPECT_EQ(off.state.rate, kLine);
}

TEST(Dcqcn, NoTimerAtLineRate)
{
    Driver d("dcqcn");
    EXPECT_EQ(d.state.timer, kForever);
    d.Send(0, 4178);
    EXPECT_EQ(d.state.timer, kForever);
    d.Cnp(kMicrosecond);
    EXPECT_NE(d.state.timer, kForever);
    d.RunTo(kSecond);
    EXPECT_EQ(d.state.rate, kLine);
    EXPECT_EQ(d.state.timer, kForever);
}

TEST(Dcqcn, BadParametersAreInputErrors)
{
    EXPECT_THROW(Driver("dcqcn", {{"cnp_scope", "prot"}}), InputError);
    EXPECT_THROW(Driver("dcqcn", {{"clamp_target", "1"}}), InputError);
    EXPECT_THROW(Driver("dcqcn", {{"ai_rate", "20"}}), InputError);
    EXPECT_THROW(Driver("dcqcn", {{"alpha_period", "0"}}), InputError);
    EXPECT_THROW(Driver("dcqcn", {{"fast_recovery", "5"}}), InputError);
}

// Zhu et al.: Rc ← Rc (1 − α/2) at once, α = 1 at first; then F = 5 halving steps.
TEST(DcqcnPaper, CutsAtOnceAndRecovers)
{
    Driver d("dcqcn-paper");
    d.Cnp(kMicrosecond);
    EXPECT_NEAR(d.state.rate, kLine / 2, 1.0);
    d.RunTo(kMicrosecond + 5 * 55 * kMicrosecond);
    EXPECT_NEAR(d.state.rate, kLine - kLine / 2 / 32, 1.0);
    // α = 1 decays by (1 − 1/256) every 55 us without CNP: five times until now.
    const double before = d.state.rate;
    const double alpha = std::pow(255.0 / 256, 5);
    d.Cnp(kMicrosecond + 5 * 55 * kMicrosecond);
    EXPECT_NEAR(d.state.rate, before * (1 - alpha / 2), before * 1e-6);
}

} // namespace
} // namespace heddle::test

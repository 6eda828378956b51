// SPDX-License-Identifier: GPL-2.0-only
//
// The facade under ns-3's simulator: attributes reach the job, trace sources tell what the result
// says. What the job does is tested by the unit tests.

#include "ns3/base-errors.h"
#include "ns3/boolean.h"
#include "ns3/double.h"
#include "ns3/event-engine.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/test.h"
#include "ns3/training-job-facade.h"
#include "ns3/uinteger.h"

#include <string>
#include <vector>

using namespace ns3;
using ::heddle::kMicrosecond;
using ::heddle::kMillisecond;
using ns3::heddle::EventEngine;
using ns3::heddle::TrainingJob;

namespace
{

/// In the tests themselves: other suites in the same program may want ns-3's default.
void
UsePicoseconds()
{
    if (Time::GetResolution() != Time::PS)
    {
        Time::SetResolution(Time::PS);
    }
}

/// Four accelerators of one host: a kernel of 1e12 FLOP, an all-reduce of 4 KiB, another kernel.
class Bench
{
  public:
    Bench() : expander({}, Layout(), {}), graph(4)
    {
        const ::heddle::CommId world = graph.AddCommunicator("world", {0, 1, 2, 3});
        for (::heddle::Rank r = 0; r < 4; ++r)
        {
            ::heddle::ComputeSpec kernel;
            kernel.label = "layer";
            kernel.flops = 1e12;
            const ::heddle::TaskId first = graph.AddCompute(r, kernel);
            ::heddle::CollectiveSpec reduce;
            reduce.label = "reduce";
            reduce.bytes = 4096;
            const ::heddle::TaskId met = graph.AddCollective(r, world, reduce, {first});
            graph.AddCompute(r, kernel, {met});
        }
    }

    static ::heddle::RankLayout Layout()
    {
        ::heddle::RankLayout layout;
        for (uint32_t r = 0; r < 4; ++r)
        {
            layout.places.push_back({0, 0, r, 0});
        }
        return layout;
    }

    static Ptr<TrainingJob> Job()
    {
        return CreateObjectWithAttributes<TrainingJob>("PeakFlops",
                                                       DoubleValue(1e15),
                                                       "ScaleUpRate",
                                                       StringValue("3.6Tbps"),
                                                       "ScaleUpLatency",
                                                       TimeValue(MicroSeconds(1)));
    }

    ::heddle::JobResult Run(Ptr<TrainingJob> job)
    {
        ::heddle::EventCore core({});
        EventEngine::Attach(core);
        job->Build(core, graph, expander, nullptr);
        job->Start();
        Simulator::Run();
        ::heddle::JobResult result = job->Finish();
        job->Dispose();
        Simulator::Destroy();
        return result;
    }

    ::heddle::Expander expander;
    ::heddle::TaskGraph graph;
};

/// Two kernels of 1 ms and six ring steps of 1 KiB at 3.6 Tb/s and 1 us.
::heddle::Tick
ExpectedStep(double computeFactor)
{
    const ::heddle::Tick ring =
        6 * (::heddle::BitRate(3'600'000'000'000).TransmitTime(1024) + kMicrosecond);
    return static_cast<::heddle::Tick>(2 * computeFactor * kMillisecond) + ring;
}

class AttributesTest : public TestCase
{
  public:
    AttributesTest() : TestCase("attributes reach the job")
    {
    }

  private:
    void DoRun() override
    {
        UsePicoseconds();
        Bench bench;
        NS_TEST_EXPECT_MSG_EQ(bench.Run(Bench::Job()).stepTime, ExpectedStep(1), "closed form");
        Ptr<TrainingJob> slow = Bench::Job();
        slow->SetAttribute("FlopsEfficiency", DoubleValue(0.5));
        NS_TEST_EXPECT_MSG_EQ(bench.Run(slow).stepTime, ExpectedStep(2), "half the efficiency");
        Ptr<TrainingJob> ideal = Bench::Job();
        ideal->SetAttribute("InfiniteScaleUp", BooleanValue(true));
        NS_TEST_EXPECT_MSG_EQ(bench.Run(ideal).stepTime, 2 * kMillisecond, "no scale-up time");
        Ptr<TrainingJob> jitter = Bench::Job();
        jitter->SetAttribute("KernelSigma", DoubleValue(0.1));
        const ::heddle::Tick one = bench.Run(jitter).stepTime;
        NS_TEST_EXPECT_MSG_NE(one, ExpectedStep(1), "jitter");
        Ptr<TrainingJob> other = Bench::Job();
        other->SetAttribute("KernelSigma", DoubleValue(0.1));
        other->SetAttribute("Seed", UintegerValue(2));
        NS_TEST_EXPECT_MSG_NE(one, bench.Run(other).stepTime, "another seed");
        bool refused = false;
        Ptr<TrainingJob> wrong = Bench::Job();
        wrong->SetAttribute("JitterShape", StringValue("gausian"));
        try
        {
            wrong->GetConfig();
        }
        catch (const ::heddle::InputError& e)
        {
            refused = std::string(e.what()).find("'gaussian'") != std::string::npos;
        }
        NS_TEST_EXPECT_MSG_EQ(refused, true, "a wrong shape is refused, with the right one");
    }
};

class TracesTest : public TestCase
{
  public:
    TracesTest() : TestCase("trace sources tell what the result says")
    {
    }

  private:
    void OnCompute(uint32_t rank, std::string label, Time start, Time end)
    {
        NS_TEST_EXPECT_MSG_EQ(label, "layer", "label");
        NS_TEST_EXPECT_MSG_EQ((end >= m_last), true, "in order of time");
        m_last = end;
        m_compute[rank] += (end - start).GetPicoSeconds();
    }

    void OnCollective(uint32_t rank, std::string label, Time start, Time end)
    {
        NS_TEST_EXPECT_MSG_EQ(label, "reduce", "label");
        NS_TEST_EXPECT_MSG_EQ((end >= m_last), true, "in order of time");
        NS_TEST_EXPECT_MSG_EQ((end > start), true, "takes time");
        m_last = end;
        m_collectives += 1 + 0 * rank;
    }

    void OnIdle(uint32_t rank, std::string account, uint32_t place, Time time)
    {
        m_idle[rank] += time.GetPicoSeconds();
        if (account == "jitter")
        {
            NS_TEST_EXPECT_MSG_EQ(place, 2, "the slow accelerator");
            m_jitter += time.GetPicoSeconds();
        }
    }

    void DoRun() override
    {
        UsePicoseconds();
        Bench bench;
        Ptr<TrainingJob> job = Bench::Job();
        job->SetSlowdown(2, 1.5);
        job->TraceConnectWithoutContext("ComputeEnd", MakeCallback(&TracesTest::OnCompute, this));
        job->TraceConnectWithoutContext("CollectiveEnd",
                                        MakeCallback(&TracesTest::OnCollective, this));
        job->TraceConnectWithoutContext("Idle", MakeCallback(&TracesTest::OnIdle, this));
        const ::heddle::JobResult result = bench.Run(job);
        NS_TEST_EXPECT_MSG_EQ(m_collectives, 4, "one per member");
        for (uint32_t r = 0; r < 4; ++r)
        {
            NS_TEST_EXPECT_MSG_EQ(m_compute[r], result.ranks[r].busy(), "kernels of " << r);
            NS_TEST_EXPECT_MSG_EQ(m_idle[r], result.ranks[r].idle, "idle time of " << r);
        }
        // Three others wait half a millisecond twice.
        NS_TEST_EXPECT_MSG_EQ_TOL(m_jitter, 3 * kMillisecond, 20 * kMicrosecond, "planted jitter");
    }

    std::vector<::heddle::Tick> m_compute{0, 0, 0, 0};
    std::vector<::heddle::Tick> m_idle{0, 0, 0, 0};
    ::heddle::Tick m_jitter = 0;
    uint32_t m_collectives = 0;
    Time m_last;
};

class TrainingTestSuite : public TestSuite
{
  public:
    TrainingTestSuite() : TestSuite("heddle-training", TestSuite::Type::UNIT)
    {
        AddTestCase(new AttributesTest);
        AddTestCase(new TracesTest);
    }
};

TrainingTestSuite g_trainingTestSuite;

} // namespace

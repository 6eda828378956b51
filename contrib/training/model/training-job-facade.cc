// SPDX-License-Identifier: GPL-2.0-only
#include "ns3/training-job-facade.h"

#include "ns3/base-errors.h"
#include "ns3/boolean.h"
#include "ns3/double.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <tuple>

namespace ns3
{
namespace heddle
{

NS_OBJECT_ENSURE_REGISTERED(TrainingJob);

namespace
{

/// An attribute of type double from `low` on.
TypeId
AddNumber(TypeId tid,
          const std::string& name,
          const std::string& help,
          double initial,
          double TrainingJob::*member,
          double low = 0)
{
    return tid.AddAttribute(name,
                            help,
                            DoubleValue(initial),
                            MakeDoubleAccessor(member),
                            MakeDoubleChecker<double>(low));
}

TypeId
AddSwitch(TypeId tid, const std::string& name, const std::string& help, bool TrainingJob::*member)
{
    return tid.AddAttribute(name,
                            help,
                            BooleanValue(false),
                            MakeBooleanAccessor(member),
                            MakeBooleanChecker());
}

} // namespace

TypeId
TrainingJob::GetTypeId()
{
    using Self = TrainingJob;
    static TypeId tid = []
    {
        TypeId t = TypeId("ns3::heddle::TrainingJob")
                       .SetParent<Object>()
                       .SetGroupName("HeddleTraining")
                       .AddConstructor<Self>();
        t = AddNumber(t, "PeakFlops", "FLOP/s, dense; 0 = unset.", 0, &Self::m_peakFlops);
        t = AddNumber(t,
                      "FlopsEfficiency",
                      "Share of the peak that kernels reach.",
                      1,
                      &Self::m_flopsEfficiency);
        t = AddNumber(t,
                      "MemoryBandwidth",
                      "HBM, bytes/s; 0 = unset.",
                      0,
                      &Self::m_memoryBandwidth);
        t = AddNumber(t,
                      "MemoryEfficiency",
                      "Share of the bandwidth that kernels reach.",
                      1,
                      &Self::m_memoryEfficiency);
        t = AddNumber(t,
                      "PersistentSigma",
                      "Jitter per accelerator, for the whole run.",
                      0,
                      &Self::m_persistentSigma);
        t = AddNumber(t, "KernelSigma", "Jitter per kernel.", 0, &Self::m_kernelSigma);
        t = AddNumber(t,
                      "SlowHostShare",
                      "Probability that a host is slow.",
                      0,
                      &Self::m_slowHostShare);
        t = AddNumber(t, "SlowHostFactor", "Its time factor.", 1, &Self::m_slowHostFactor);
        t = AddSwitch(t,
                      "InfiniteScaleOut",
                      "Scale-out transfers take no time.",
                      &Self::m_infiniteScaleOut);
        t = AddSwitch(t,
                      "InfiniteScaleUp",
                      "Scale-up transfers take no time.",
                      &Self::m_infiniteScaleUp);
        t = AddSwitch(t,
                      "NoSoftware",
                      "No software latency, window, launch gap or interference.",
                      &Self::m_noSoftware);
        t = AddSwitch(t, "NoJitter", "Every kernel takes its nominal time.", &Self::m_noJitter);
        return t
            .AddAttribute("JitterShape",
                          "lognormal or gaussian.",
                          StringValue("lognormal"),
                          MakeStringAccessor(&Self::m_jitterShape),
                          MakeStringChecker())
            .AddAttribute("ScaleUpRate",
                          "Per accelerator and direction, with unit (3.6Tbps); 0 = no domain.",
                          StringValue("0"),
                          MakeStringAccessor(&Self::m_scaleUpRate),
                          MakeStringChecker())
            .AddAttribute("ScaleUpLatency",
                          "One way.",
                          TimeValue(Time(0)),
                          MakeTimeAccessor(&Self::m_scaleUpLatency),
                          MakeTimeChecker(Time(0)))
            .AddAttribute("Seed",
                          "Of jitter.",
                          UintegerValue(1),
                          MakeUintegerAccessor(&Self::m_seed),
                          MakeUintegerChecker<uint64_t>())
            .AddTraceSource("ComputeEnd",
                            "A kernel: rank, label, start, end.",
                            MakeTraceSourceAccessor(&Self::m_computeEnd),
                            "ns3::heddle::TrainingJob::ActivityTracedCallback")
            .AddTraceSource("CollectiveEnd",
                            "A rank's part in a collective or transfer: rank, label, start, end.",
                            MakeTraceSourceAccessor(&Self::m_collectiveEnd),
                            "ns3::heddle::TrainingJob::ActivityTracedCallback")
            .AddTraceSource("Idle",
                            "Idle time by root cause: rank, account, place, time.",
                            MakeTraceSourceAccessor(&Self::m_idle),
                            "ns3::heddle::TrainingJob::IdleTracedCallback");
    }();
    return tid;
}

TrainingJob::TrainingJob() = default;

TrainingJob::~TrainingJob() = default;

::heddle::JobConfig
TrainingJob::GetConfig() const
{
    ::heddle::JobConfig config;
    config.accelerator = {"TrainingJob",
                          m_peakFlops,
                          m_flopsEfficiency,
                          m_memoryBandwidth,
                          m_memoryEfficiency};
    if (m_jitterShape != "lognormal" && m_jitterShape != "gaussian")
    {
        throw ::heddle::InputError("JitterShape: no '" + m_jitterShape + "'." +
                                   ::heddle::DidYouMean(m_jitterShape, {"gaussian", "lognormal"}));
    }
    config.jitter.shape = m_jitterShape == "gaussian" ? ::heddle::JitterModel::Shape::Gaussian
                                                      : ::heddle::JitterModel::Shape::LogNormal;
    config.jitter.persistentSigma = m_persistentSigma;
    config.jitter.kernelSigma = m_kernelSigma;
    config.jitter.slowHostShare = m_slowHostShare;
    config.jitter.slowHostFactor = m_slowHostFactor;
    config.jitter.slowdown = m_slowdown;
    config.scaleUp = {::heddle::ParseRate(m_scaleUpRate), m_scaleUpLatency.GetPicoSeconds()};
    config.ideal = {m_infiniteScaleOut, m_infiniteScaleUp, m_noSoftware, m_noJitter};
    config.seed = m_seed;
    config.partitionOfRank = m_partitionOfRank;
    return config;
}

void
TrainingJob::SetSlowdown(::heddle::Rank rank, double factor)
{
    m_slowdown[rank] = factor;
}

void
TrainingJob::SetPartitions(std::vector<uint32_t> partitionOfRank)
{
    m_partitionOfRank = std::move(partitionOfRank);
}

void
TrainingJob::Build(::heddle::EventCore& core,
                   const ::heddle::TaskGraph& graph,
                   const ::heddle::Expander& expander,
                   ::heddle::Transport* transport)
{
    if (m_job)
    {
        throw ::heddle::InputError("TrainingJob: built already");
    }
    m_graph = &graph;
    m_job = std::make_unique<::heddle::Job>(core, graph, expander, transport, GetConfig());
}

::heddle::Job&
TrainingJob::GetJob() const
{
    HEDDLE_CHECK(m_job, "TrainingJob::Build() comes first");
    return *m_job;
}

void
TrainingJob::Start()
{
    if (!m_computeEnd.IsEmpty() || !m_collectiveEnd.IsEmpty())
    {
        m_record.resize(m_graph->ranks());
        GetJob().SetObserver(this);
    }
    GetJob().Start();
}

::heddle::JobResult
TrainingJob::Finish()
{
    DeliverActivities();
    ::heddle::JobResult result = GetJob().Result();
    DeliverIdle(result);
    return result;
}

void
TrainingJob::DoDispose()
{
    m_job.reset();
    Object::DoDispose();
}

void
TrainingJob::OnCompute(::heddle::Rank rank,
                       uint32_t label,
                       ::heddle::Tick start,
                       ::heddle::Tick end)
{
    m_record[rank].push_back({start, end, rank, label, true});
}

void
TrainingJob::OnCollective(::heddle::Rank rank,
                          uint32_t label,
                          ::heddle::Tick start,
                          ::heddle::Tick end)
{
    m_record[rank].push_back({start, end, rank, label, false});
}

void
TrainingJob::DeliverActivities()
{
    std::vector<Entry> all;
    for (auto& entries : m_record)
    {
        all.insert(all.end(), entries.begin(), entries.end());
        entries.clear();
    }
    std::stable_sort(all.begin(),
                     all.end(),
                     [](const Entry& a, const Entry& b)
                     { return std::tie(a.end, a.rank) < std::tie(b.end, b.rank); });
    for (const Entry& e : all)
    {
        (e.compute ? m_computeEnd : m_collectiveEnd)(e.rank,
                                                     m_graph->labels()[e.label],
                                                     PicoSeconds(e.start),
                                                     PicoSeconds(e.end));
    }
}

void
TrainingJob::DeliverIdle(const ::heddle::JobResult& result)
{
    if (m_idle.IsEmpty())
    {
        return;
    }
    for (::heddle::Rank r = 0; r < result.ranks.size(); ++r)
    {
        for (const ::heddle::Blame& b : result.ranks[r].rootPlaces)
        {
            m_idle(r,
                   ::heddle::RootAccountName(static_cast<::heddle::RootAccount>(b.account)),
                   b.place,
                   PicoSeconds(b.time));
        }
    }
}

} // namespace heddle
} // namespace ns3
